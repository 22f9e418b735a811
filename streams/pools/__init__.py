"""The role ``pools``: stores that share a platform, a payment method or a country, judged as one; and what platforms report in totals.

Lives here: reading the score rows of all partitions and the report rows, what is remembered of both, publishing their alerts.
Does not live here: the judging (``scoring/detection/pools.py``, ``scoring/periods``), who is notified (``streams/notifier``).
"""
