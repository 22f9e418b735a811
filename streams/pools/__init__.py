"""The role ``pools``: stores that share a platform, a payment method or a country, judged as one.

Lives here: reading the score rows of all partitions, what pools remember, publishing their alerts.
Does not live here: the judging (``scoring/detection/pools.py``), who is notified (``streams/notifier``).
"""
