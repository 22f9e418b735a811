"""Mails each subscriber at the hour of their own clock: asks ClickHouse, draws, lays out, claims the day, sends.

Lives here: the subscribers' configuration, the questions, the pictures, the mail, the role ``digests``. Does not live here:
when a digest is due (``scoring/digest_schedule.py``), what it judges (``scoring/digests.py``) and says (``scoring/digest_words.py``).
"""
