"""Fuzzers: what strangers send and what a disk gives back, tried for crashes and for the longest time.

A minute in all in the usual tests; ``make fuzz FUZZ_SECONDS=3600`` for an hour.
"""
