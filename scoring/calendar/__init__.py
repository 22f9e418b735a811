"""Days on which shops do not behave as usual, and what each does to judging.

Lives here: commerce days, seasons and holidays by country; a business's own rules. Does not live here: reading those rules
from the configuration (``streams/config``).
"""
