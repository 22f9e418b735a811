"""The monitor: counts events, closes minutes, has them judged, and publishes all of it exactly once.

Lives here: the Faust app and what surrounds the pure counting: the table's store, recovery, the fenced transactional
flush, ticks, baselines, the watchdog. Does not live here: how events are counted (``scoring/counting/partition.py``), how
minutes are judged (``scoring/detection``), how batches are read (``streams/transport``).

How a number stays exact. The state of a partition is a function of its log up to an offset. Each flush writes, in one
transaction of the partition's own producer, the changed rows, the minute rows, scores, windows and alert transitions
made from them, and the *mark*: the offset up to which all of this holds. Whoever takes the partition over first opens
that producer, which fences the former owner; then reads the changelog as committed; then goes on behind the mark. So
memory, changelog and everything published always agree on one offset, whoever is killed when.

Files, in the order in which a record batch passes: ``app.py`` (agent, timers), ``monitor.py`` (which partitions are
ours, flush), ``partition.py`` (one partition: count, close, judge), ``records.py`` (what it looks like in topics),
``writer.py`` (the transaction). In addition ``table.py`` and ``recovery.py`` (restart), ``ticks.py``,
``watchdog.py``; ``repartitioning.py`` and ``moves.py`` carry the state over to more partitions.
"""
