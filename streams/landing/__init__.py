"""The landing role: every topic into ClickHouse, each row once, offsets committed after the insert.

Lives here: the consumer's loop (``role``), what each topic becomes (``targets``), inserting with patience (``writer``),
what events need besides (``events``, ``duplicates``).
Does not live here: the tables (``deploy/clickhouse``), counting from raw events (``streams/clickhouse/recount``).
"""
