"""How a request of ClickHouse's HTTP interface is read: its body in memory or in a file, its form, what it asks.

Before this file: ``server.py``, which has let the user in. After it: ``engine.py``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from streams.embedded.store.blocks import BlockReader
from streams.embedded.store.engine import StoreEngine
from streams.embedded.store.errors import (
    ACCESS_DENIED,
    BAD_ARGUMENTS,
    NOT_IMPLEMENTED,
    REQUEST_TOO_LARGE,
    SYNTAX_ERROR,
    StoreError,
)
from streams.embedded.store.protocol import (
    ENCODINGS,
    Query,
    User,
    accepted,
    checked_format,
    external_tables,
    flag,
    params_of,
    revision_of,
    settings_of,
)
from streams.embedded.store.reader_settings import MAX_STATEMENT_BYTES
from streams.embedded.store.statement import first_word, rows_start

HELD_BYTES: Final = (
    1 << 20
)  # a body up to here is held in memory; a result is answered whole, with true figures and status
_READER_BODY_BYTES = 16 << 20  # a reader sends statements and small tables
_MAX_FIELDS = 2000  # of a form
_FIRST_WORD_WITHIN = 65_536  # comments before it may be this long
_STATEMENT_WITHIN = 65_536  # an INSERT before its rows


class RequestReader:
    """Reads requests; bodies over ``HELD_BYTES`` go to files in the engine's folder."""

    def __init__(self, engine: StoreEngine, body_bytes: int) -> None:
        self._engine = engine
        self._body_bytes = body_bytes

    async def understand(self, request: web.Request, user: User, query_id: str, bodies: list[Path]) -> Query:
        """The query in ``request``; the files made for its body are added to ``bodies``, to be removed by the caller.

        Raises:
            StoreError: the request is not one, or is too large.
        """
        arguments = dict(request.query)
        external = []
        statement = held = b""
        packed = _packing(request)
        body: Path | None = None
        most = min(self._body_bytes, _READER_BODY_BYTES) if user.reads_only else self._body_bytes
        if request.content_type == "multipart/form-data":
            fields, files = await self._form(request, most)
            arguments |= fields
            external = await asyncio.to_thread(external_tables, files, arguments)
        else:
            blocks = BlockReader(most) if flag(arguments, "decompress") else None
            is_text = packed == "none" and not arguments.get("query", "").strip()
            statement, held, body = await self._receive(request, most, bodies, blocks, is_text)
        sql = arguments.get("query", "").encode("utf-8", "surrogateescape") + statement
        if first_word(sql[:_FIRST_WORD_WITHIN]) != "INSERT" and (held or body):
            text = await self._text(held, body, packed, bodies)
            sql, held, body = (sql + b"\n" + text if sql.strip() else text), b"", None
            packed = "none"
        elif held:
            body = self._store_body(held, bodies)
        if user.reads_only:
            _check_reader(sql, arguments)
        return Query(
            user=user,
            sql=sql,
            database=arguments.get("database") or request.headers.get("X-ClickHouse-Database") or "",
            settings=settings_of(arguments),
            params=params_of(arguments),
            default_format=checked_format(
                arguments.get("default_format")
                or request.headers.get("X-ClickHouse-Format")
                or "TabSeparated"
            ),
            query_id=query_id,
            packed=accepted(arguments, request.headers.get("Accept-Encoding", "")),
            revision=revision_of(arguments),
            body=body,
            body_packed=packed,
            in_blocks=flag(arguments, "compress"),
            session_id=arguments.get("session_id", ""),
            session_timeout_s=_number(arguments, "session_timeout", 60.0),
            session_check=flag(arguments, "session_check"),
            whole=flag(arguments, "wait_end_of_query"),
            read_only=request.method in ("GET", "HEAD"),
            external=external,
        )

    async def _text(self, held: bytes, body: Path | None, packed: str, bodies: list[Path]) -> bytes:
        """A body that is part of the statement, unpacked."""
        loop = asyncio.get_running_loop()
        if packed != "none":
            path = body or self._store_body(held, bodies)
            return await loop.run_in_executor(None, self._engine.unpack, path, packed)
        return await loop.run_in_executor(None, body.read_bytes) if body else held

    def _store_body(self, held: bytes, bodies: list[Path]) -> Path:
        with self._engine.new_body() as file:
            file.write(held)
        bodies.append(Path(file.name))
        return bodies[-1]

    async def _receive(
        self, request: web.Request, most: int, bodies: list[Path], blocks: BlockReader | None, is_text: bool
    ) -> tuple[bytes, bytes, Path | None]:
        """The body, out of its ``blocks``: in memory while it is small, else in a file.

        Of a large body that is text, and begins with an INSERT, the statement comes apart, and the file holds its rows alone: read
        whole and written again, they cost as much as the engine takes to read them.
        """
        held = bytearray()
        statement = b""
        file: Any = None
        total = 0
        try:
            async for chunk in request.content.iter_any():
                if blocks is not None:
                    chunk = await asyncio.to_thread(blocks.feed, chunk)
                total += len(chunk)
                _check_size(total, most)
                if file is None and total > HELD_BYTES:
                    file = self._engine.new_body()
                    bodies.append(Path(file.name))
                    if is_text:
                        start = await asyncio.to_thread(rows_start, bytes(held[:_STATEMENT_WITHIN]))
                        statement = bytes(held[:start])
                        del held[:start]
                    file.write(held)
                    held.clear()
                if file is None:
                    held += chunk
                else:
                    file.write(chunk)
            if blocks is not None:
                blocks.finish()
        finally:
            if file is not None:
                file.close()
        return statement, bytes(held), bodies[-1] if file is not None else None

    async def _form(self, request: web.Request, most: int) -> tuple[dict[str, str], dict[str, bytes]]:
        fields: dict[str, str] = {}
        files: dict[str, bytes] = {}
        total = 0
        try:
            parts = await request.multipart()
        except (ValueError, AssertionError) as error:
            raise StoreError(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"The form cannot be read: {error}") from error
        async for part in parts:
            if len(fields) + len(files) >= _MAX_FIELDS:
                raise StoreError(
                    BAD_ARGUMENTS, "BAD_ARGUMENTS", f"The form has more than {_MAX_FIELDS} fields"
                )
            name = getattr(part, "name", None) or ""
            content = bytearray()
            while chunk := await part.read_chunk(65536):  # type: ignore[union-attr]
                total += len(chunk)
                _check_size(total, most)
                content += chunk
            if name == "query" or name.startswith("param_") or getattr(part, "filename", None) is None:
                fields[name] = content.decode("utf-8", "surrogateescape")
            else:
                files[name] = bytes(content)
        return fields, files


def _packing(request: web.Request) -> str:
    """How the body is packed."""
    name = request.headers.get("Content-Encoding", "")
    packed = ENCODINGS.get(name.lower())
    if packed not in (None, "none") and flag(request.query, "decompress"):
        raise StoreError(
            NOT_IMPLEMENTED,
            "NOT_IMPLEMENTED",
            "A body is compressed either as Content-Encoding says or in ClickHouse's own blocks (decompress=1), not both",
        )
    if packed is None:
        raise StoreError(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"Unknown Content-Encoding {name}")
    return packed


def _check_reader(sql: bytes, arguments: dict[str, str]) -> None:
    if "role" in arguments:
        raise StoreError(ACCESS_DENIED, "ACCESS_DENIED", "The read-only user may not choose its role")
    if len(sql) > MAX_STATEMENT_BYTES:
        raise StoreError(
            SYNTAX_ERROR,
            "SYNTAX_ERROR",
            f"Max query size exceeded: a statement of the read-only user has at most {MAX_STATEMENT_BYTES} bytes",
        )


def _check_size(total: int, most: int) -> None:
    if total > most:
        raise StoreError(
            REQUEST_TOO_LARGE,
            "TOO_MANY_BYTES",
            f"The request's body is larger than {most} bytes: send it in parts",
        )


def _number(arguments: dict[str, str], name: str, default: float) -> float:
    try:
        return float(arguments.get(name, default))
    except ValueError as error:
        raise StoreError(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"{name} is not a number") from error
