"""Notifies people of alerts: follows transitions and human actions, asks the core what to send, claims, sends, remembers.

Lives here: a leader's turn, rendering of messages, pacing, retries. Does not live here: whether and whom to notify
(``scoring/alerts/routing.py``, ``scoring/alerts/deciding.py``, asked by ``streams/incidents/groups.py``), what to say
(``scoring/wording/cards.py``), how each service is reached (``streams/channels``).
"""
