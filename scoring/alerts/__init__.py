"""An alert's life and who hears of it.

Lives here: the alert and its transitions, what people do with it, routing, deciding when to notify, what closings teach.
Does not live here: opening alerts (``scoring/detection``), what a message says (``scoring/wording``), sending
(``streams/notifier``).
"""
