"""Mails each subscriber at the hour of their own clock: asks ClickHouse, draws, lays out, claims the day, sends.

Lives here: the subscribers' configuration, the questions, the pictures, the mail, the role ``digests``. Does not live here:
when a digest is due (``scoring/digest/schedule.py``), what it judges (``scoring/digest/judging.py``) and says (``scoring/digest/sentences.py``).
"""
