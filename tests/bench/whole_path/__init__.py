"""What every part of the path carries, in addition to the windowed count; ``python -m tests.bench.whole_path [--only …]``.

One module a measurement, each with ``measure(ground) -> list of figures``: ``collector``, ``landing``, ``delay``, ``memory``,
``recovery``, ``workers``. Around them: ``ground`` (broker, store and roles as processes), ``generator`` and ``bare_server``
(processes that load and that serve as the comparison), ``reporting`` (table, picture, files). Does not live here: the
comparison with other stream processors (``tests/bench/windowed_count``).
"""
