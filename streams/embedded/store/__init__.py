"""The embedded store: the ClickHouse engine (chDB) in a process of its own, behind ClickHouse's HTTP interface on loopback.

Lives here: the protocol, the two users, sessions, the engine's connections. Does not live here: tables and queries of
Funnelwatch (``streams/clickhouse``), nor any other way to reach ClickHouse. Run ``python -m streams.embedded.store --help``.
"""
