"""The same windowed count on real Kafka by the monitor and by its peers; ``python -m tests.bench.windowed_count``.

Lives here: the workload (``workload``), how a process is timed (``timing``), the table and the picture (``reporting``), one
module per competitor (``peers``). Does not live here: what is compared for quality of detection (``tests/bench/detection``).
"""
