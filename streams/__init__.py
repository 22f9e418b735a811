"""The shell: everything that reads, writes, listens, sends or knows the time.

Lives here: settings, command line, collector, transport, monitor, landing, notifier, digests, pages, ClickHouse, metrics.
Does not live here: decisions (those are in ``scoring``).
"""
