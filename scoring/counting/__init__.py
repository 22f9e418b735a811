"""Each accepted event counted once, in its store, minute, segment and stage.

Lives here: the counts of a partition, duplicates, segments, windows, lateness. Does not live here: making the changes durable
(``streams/monitor``), judging them (``scoring/detection``).
"""
