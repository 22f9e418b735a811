"""Tells people of alerts: follows transitions and human actions, asks the core what to tell, claims, sends, remembers.

Lives here: receivers (one channel a file), rendering, rate limits, retries, the send log, signed links.
Does not live here: whether and whom to tell (``scoring/alerts/routing.py``, ``scoring/alerts/deciding.py``), what to say (``scoring/wording/cards.py``).
"""
