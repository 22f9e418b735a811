"""Fuzzers: what strangers send and what a disk gives back, tried for crashes and for the longest time.

Lives here: how a target runs (``running``), the pieces that bodies are made of (``pieces``), a target for each reader of foreign
bytes. Some seconds a target in the usual tests, which look for crashes and wrong answers only; ``make fuzz`` runs each for
FUZZ_SECONDS (an hour), and there a request must not hold an event loop for 100 ms either.
"""
