"""The ClickHouse engine in this process: a connection for every query, so that no setting or parameter leaks into another.

The engine writes a result into a pipe in the client's format and compression, and reads the data of an INSERT from a file that
holds the request's body as it came. So neither is ever whole in Python's memory, and no frame of a compressed body is lost.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import chdb
import msgspec

from streams.clickhouse.literals import named
from streams.clickhouse.store_policies import COLUMNS_SQL, conditions
from streams.embedded.store.access import READER_ROLE, USERS_XML, WRITER_ROLE, ReaderAccess
from streams.embedded.store.errors import (
    BAD_ARGUMENTS,
    NOT_IMPLEMENTED,
    READONLY,
    SYNTAX_ERROR,
    DamagedPart,
    StoreError,
    from_engine,
)
from streams.embedded.store.native_types import BINARY_TYPES
from streams.embedded.store.protocol import ExternalTable, Query
from streams.embedded.store.reader_settings import reader_settings
from streams.embedded.store.sessions import Sessions
from streams.embedded.store.settings_clause import quoted, split_settings
from streams.embedded.store.statement import Statement


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may use: seconds and bytes; the reader's are smaller."""

    query_s: float = 600.0
    reader_query_s: float = 60.0
    memory_bytes: int = 4_000_000_000
    reader_memory_bytes: int = 1_500_000_000


@dataclass(frozen=True, slots=True)
class StatementResult:
    """What a statement did. ``body`` holds the answer of a statement whose result does not go through the pipe."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    elapsed_s: float = 0.0
    body: bytes = b""


#: bytes of the engine's caches: its own limits, of up to 5 GB each, are for servers that have their machine to themselves
_CACHES = {
    "mark_cache_size": 134_217_728,
    "primary_index_cache_size": 134_217_728,
    "index_mark_cache_size": 33_554_432,
    "query_condition_cache_size": 33_554_432,
    "compiled_expression_cache_size": 33_554_432,
}
#: the engine looks every second, not twenty times, at how much memory the process has
_SERVER = "<memory_worker_period_ms>1000</memory_worker_period_ms>" + "".join(
    f"<{name}>{size}</{name}>" for name, size in _CACHES.items()
)


#: databases whose tables a reader may be granted
_READABLE = "startsWith(database, 'funnelwatch') OR database = 'default'"
_COLUMNS = msgspec.json.Decoder(tuple[str, str, bool], strict=False)


class StoreEngine:
    """chDB over one folder. Only one process may have the folder open."""

    def __init__(self, folder: Path, database: str, limits: Limits) -> None:
        self._folder = folder
        self._database = database
        self._limits = limits
        self._bodies = folder / "bodies"
        self._bodies.mkdir(parents=True, exist_ok=True)
        for left in self._bodies.iterdir():
            left.unlink()
        (folder / "users.xml").write_text(USERS_XML, encoding="ascii")
        config = folder / "store.xml"
        users = escape(str((folder / "users.xml").absolute()))
        config.write_text(
            f"<clickhouse><users_config>{users}</users_config>{_SERVER}</clickhouse>\n", encoding="utf-8"
        )
        self._address = f"{(folder / 'engine').absolute()}?config-file={config.absolute()}"
        self._opening = threading.Lock()
        self._damaged: set[DamagedPart] = set()
        self._keeper = self.connect()
        self.run(self._keeper, f"CREATE DATABASE IF NOT EXISTS {named(database)}")
        self.version = self.text("SELECT version()")
        self.timezone = self.text("SELECT timezone()")
        self._reader = ReaderAccess(
            self.text("SELECT name FROM system.table_functions").split(),
            self.text("SELECT name FROM system.functions WHERE NOT is_aggregate").split(),
        )
        self.sessions = Sessions()

    def connect(self) -> Any:
        """A new connection as the writer."""
        with self._opening:
            return chdb.connect(self._address)

    def _connect_at_home(self) -> Any:
        connection = self.connect()
        self.run(connection, f"USE {named(self._database)}")
        return connection

    def text(self, sql: str) -> str:
        """The result of the engine's own query ``sql``."""
        return str(self.run(self._keeper, sql).bytes().decode()).strip()

    def run(
        self, connection: Any, sql: str, form: str = "TabSeparated", params: dict[str, str] | None = None
    ) -> Any:
        """What ``sql`` gives on ``connection``.

        Raises:
            StoreError: the engine rejected it or failed.
        """
        try:
            return connection.query(sql, form, params=params or {})
        except (RuntimeError, chdb.ChdbError) as error:
            said = from_engine(str(error), folder=str(self._folder.absolute()))
            if said.damaged_part is not None:
                self._damaged.add(said.damaged_part)
            raise said from error

    def taken_damage(self) -> set[DamagedPart]:
        """The parts that errors have named as damaged since this was asked last."""
        taken, self._damaged = self._damaged, set()
        return taken

    def new_body(self) -> Any:
        """A file under the store's folder for the body of a request; the caller removes it."""
        return tempfile.NamedTemporaryFile(dir=self._bodies, delete=False)

    def unpack(self, path: Path, packed: str) -> bytes:
        """The content of a packed file, at most 256 MB of it."""
        connection = self.connect()
        try:
            self.run(connection, "SET max_memory_usage = 268435456")
            source = f"file({quoted(str(path))}, 'RawBLOB', 'x String', {quoted(packed)})"
            return bytes(self.run(connection, f"SELECT * FROM {source}", "RawBLOB").bytes())
        finally:
            connection.close()

    def execute(self, query: Query, statement: Statement, pipe: int) -> StatementResult:
        """Carry out ``statement``; its result, if it has one, goes to the file descriptor ``pipe``.

        Raises:
            StoreError: it was rejected or failed.
        """
        if query.user.reads_only:
            statement = _without_settings(query, statement)
        if query.native_revision:
            query.binary_types = query.settings.get(BINARY_TYPES, "0").lower() in ("1", "true")
            query.settings[BINARY_TYPES] = "1"
        with self.sessions.connection(query, statement, self._connect_at_home) as (connection, session):
            self._prepare(connection, query)
            try:
                return self._execute(connection, query, statement, pipe)
            finally:
                if session is not None:
                    session.settle(lambda sql: self.run(connection, sql), query, statement)

    def kill(self, query: Query) -> None:
        """Stop the query: its client has gone."""
        with self.another() as connection:
            self.run(connection, f"KILL QUERY WHERE Settings['log_comment'] = {quoted(query.mark)} ASYNC")

    def close(self) -> None:
        """Close what is open."""
        self.sessions.close()
        self._keeper.close()

    @property
    def tables_folder(self) -> Path:
        """Where the parts of tables are, each table's in a folder named by its UUID."""
        return self._folder.absolute() / "engine" / "store"

    @contextmanager
    def another(self) -> Iterator[Any]:
        """A connection as the writer, for the time of a block."""
        connection = self.connect()
        try:
            yield connection
        finally:
            connection.close()

    def _prepare(self, connection: Any, query: Query) -> None:
        limits = self._limits
        if query.user.reads_only:
            self._reader.check_database(query.database or self._database)
            settings = reader_settings(
                query.settings,
                memory_bytes=limits.reader_memory_bytes,
                query_s=limits.reader_query_s,
                check_filters=lambda value: self._reader.check_filters(connection, value),
                shown=self._shown(connection, query),
                database=query.database or self._database,
            )
        else:
            settings = dict(query.settings)
            settings.setdefault("max_memory_usage", str(limits.memory_bytes))
            settings.setdefault("max_execution_time", str(limits.query_s))
        settings["log_comment"] = query.mark
        order = sorted(settings, key=lambda name: name == "readonly")  # after it nothing else could be set
        if query.database:
            self.run(connection, f"USE {named(query.database)}")
        for table in query.external:
            self._bring(connection, table)
        self.run(connection, "SET " + ", ".join(f"{name} = {quoted(settings[name])}" for name in order))

    def _shown(self, connection: Any, query: Query) -> dict[str, str]:
        """What rows have to fulfil for this reader; asked every time, for a view that has just come would be without a condition."""
        if query.user.stores is None:
            return {}
        listed = self.run(connection, COLUMNS_SQL.format(_READABLE), "JSONCompactEachRow").bytes()
        return conditions(_COLUMNS.decode_lines(listed), query.user.stores)

    def _bring(self, connection: Any, table: ExternalTable) -> None:
        with self.new_body() as file:
            file.write(table.data)
        try:
            # the structure goes in as a string: this runs as the writer, the text may be a reader's
            source = f"file({quoted(file.name)}, {quoted(table.format)}, {quoted(table.structure)}, 'none')"
            made = f"CREATE OR REPLACE TEMPORARY TABLE {named(table.name)} ENGINE = Memory AS SELECT * FROM {source}"
            self.run(connection, made)
        finally:
            Path(file.name).unlink()

    def _execute(self, connection: Any, query: Query, statement: Statement, pipe: int) -> StatementResult:
        if statement.to_file or statement.from_file:
            raise StoreError(
                BAD_ARGUMENTS, "BAD_ARGUMENTS", "INTO OUTFILE and FROM INFILE are not allowed over HTTP"
            )
        if statement.several:
            raise StoreError(SYNTAX_ERROR, "SYNTAX_ERROR", "Multi-statements are not allowed")
        if query.user.reads_only:
            if statement.kind != "INSERT":
                self._reader.check(connection, f"{statement.head}\n{statement.tail}", query.params)
            if not statement.has_result:
                raise StoreError(
                    READONLY,
                    "READONLY",
                    "The read-only user may only read: Cannot execute query in readonly mode",
                )
            self.run(connection, f"SET ROLE {READER_ROLE}")
            self.run(connection, "SET readonly = 1")
        else:
            self._check_writer(connection, query, statement)
            self.run(connection, f"SET ROLE {WRITER_ROLE}")
        if statement.takes_data:
            return self._insert(connection, query, statement)
        form = statement.format or query.default_format
        if not statement.has_result:
            return _outcome(self.run(connection, statement.head, form, query.params))
        target = f"INTO OUTFILE '/dev/fd/{pipe}' TRUNCATE COMPRESSION {quoted('none' if query.is_rewritten else query.packed)}"
        return _outcome(
            self.run(
                connection, f"{statement.head}\n{target} FORMAT {form} {statement.tail}", params=query.params
            )
        )

    def _check_writer(self, connection: Any, query: Query, statement: Statement) -> None:
        if statement.kind == "SYSTEM" and re.match(
            r"\s*SYSTEM\s+(SHUTDOWN|KILL|SUSPEND)", statement.head, re.IGNORECASE
        ):
            raise StoreError(
                NOT_IMPLEMENTED,
                "NOT_IMPLEMENTED",
                "The embedded store is stopped by its process, not by a query",
            )
        if query.read_only and not statement.has_result and statement.kind not in ("SET", "USE"):
            raise StoreError(
                READONLY,
                "READONLY",
                "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. "
                "You should use method POST for modifying queries.",
            )

    def _insert(self, connection: Any, query: Query, statement: Statement) -> StatementResult:
        if statement.format == "Values" and query.params and statement.data is not None:
            text = f"{statement.head} {statement.tail} VALUES {statement.data.decode()}"
            return _outcome(self.run(connection, text, params=query.params))
        path, packed, made = query.body, query.body_packed, None
        if statement.data is not None or path is None:
            if path is not None and packed != "none":
                raise StoreError(
                    BAD_ARGUMENTS,
                    "BAD_ARGUMENTS",
                    "The data of an INSERT came both in its text and in a compressed body",
                )
            with self.new_body() as file:
                file.write(statement.data or b"")
                if path is not None:
                    file.write(path.read_bytes())
            path, packed, made = Path(file.name), "none", Path(file.name)
        try:
            if statement.source:
                start, end, structure = statement.source
                source = f"file({quoted(str(path))}, {quoted(statement.format or '')}, {structure}, {quoted(packed)})"
                text = f"{statement.head[:start]}{source}{statement.head[end:]} {statement.tail}"
            else:
                source = f"FROM INFILE {quoted(str(path))} COMPRESSION {quoted(packed)}"
                text = f"{statement.head} {source} {statement.tail} FORMAT {statement.format}"
            return _outcome(self.run(connection, text, params=query.params))
        finally:
            if made:
                made.unlink()


def _without_settings(query: Query, statement: Statement) -> Statement:
    """A reader's statement without the SETTINGS clause at its end; its settings join those of the request."""
    head, in_head = split_settings(statement.head)
    tail, in_tail = split_settings(statement.tail)
    query.settings |= in_head | in_tail
    return replace(statement, head=head, tail=tail)


def _outcome(result: Any) -> StatementResult:
    return StatementResult(
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        result_rows=result.rows_read(),
        elapsed_s=result.elapsed(),
        body=bytes(result.bytes() or b""),
    )


def make_pipe() -> tuple[int, int]:
    """A pipe wide enough that the engine seldom waits (1 MiB where the system lets one)."""
    reading, writing = os.pipe()
    try:
        import fcntl

        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 1 << 20)
    except (ImportError, AttributeError, OSError):
        pass
    return reading, writing
