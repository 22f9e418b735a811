"""What a source reports besides events: report rows, signals, facts of orders, raw deliveries.

Lives here: their fields, what identifies each, which of several versions holds, and the words for measures and signals. Does not
live here: publishing (``streams/sources``), the tables and views (``deploy/clickhouse``), judging periods.
"""
