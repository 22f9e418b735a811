"""What is decided about sources: whether a delivery is genuine, how far a cursor may move, whose turn it is, what state a source is in.

Lives here: signatures, windows of polls, the life of a token, budgets that are fair between shops, backfills, days compared by a
second way, health, and how a payload is mapped by configuration. Does not live here: HTTP, Kafka and the clock
(``streams/sources``), what a source reports (``scoring/records``).
"""
