"""ClickHouse: clients, numbered migrations and the queries that the read API, jobs and commands share.

Lives here: how a client is made (``clients``), how the tables come to be (``migrations``), what can be read
(``reads``), what a failure means (``errors``).
Does not live here: landing (``streams/landing``), the embedded engine (``streams/embedded``), decisions (``scoring``).
"""

from streams.clickhouse.clients import (
    open_reader,
    open_reader_sync,
    open_writer,
    open_writer_sync,
)
from streams.clickhouse.errors import (
    ClickHouseError,
    ClickHouseRejectedError,
    ClickHouseUnreachableError,
    RowRejectedError,
    mapped,
)
from streams.clickhouse.migrations import MigrationChangedError, migrate

__all__ = [
    "ClickHouseError",
    "ClickHouseRejectedError",
    "ClickHouseUnreachableError",
    "MigrationChangedError",
    "RowRejectedError",
    "mapped",
    "migrate",
    "open_reader",
    "open_reader_sync",
    "open_writer",
    "open_writer_sync",
]
