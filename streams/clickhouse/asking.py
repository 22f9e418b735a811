"""One question to ClickHouse over its HTTP interface, answered line by line: for commands that ask once and end.

The driver of ``clients`` serves everything else; loading it takes longer than such a question does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3

from streams.clickhouse.errors import ClickHouseRejectedError, mapped, meaning, message_of
from streams.clickhouse.tls import pool_tls, sign_in
from streams.settings import Settings

_CONNECT_S, _ANSWER_S = 5.0, 300.0
#: what ClickHouse writes behind rows already sent when a query fails on the way
_BROKE_OFF = re.compile(rb"^(__exception__|Code: \d+\. DB::Exception)")
#: in the value of a parameter, as in a cell of TabSeparated
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gives: the format it comes in, which is the query's own where that names one, and its lines."""

    form: str
    lines: Iterator[bytes]


def ask(
    settings: Settings,
    query: str,
    form: str,
    parameters: Mapping[str, str] | None = None,
    *,
    writer: bool = False,
) -> Iterator[bytes]:
    """The lines of ``answer``, for a query that names no format of its own."""
    return answer(settings, query, form, parameters, writer=writer).lines


def answer(
    settings: Settings,
    query: str,
    form: str,
    parameters: Mapping[str, str] | None = None,
    *,
    writer: bool = False,
) -> Answer:
    """The answer, line by line as it arrives, each with its line break.

    Args:
        form: ClickHouse's format for it, unless the query has a ``FORMAT``.
        parameters: of ``{name:Type}`` in the query, as text.
        writer: ask as the user that writes; else as the one that can only read the views.

    Raises:
        ClickHouseError: the query fails, at once or on the way.
    """
    pieces = _asked(settings, query, form, parameters or {}, writer=writer)
    return Answer(next(pieces).decode("utf-8", "replace"), pieces)


def _asked(
    settings: Settings, query: str, form: str, parameters: Mapping[str, str], *, writer: bool
) -> Iterator[bytes]:
    """The format's name, then the lines."""
    user = settings.clickhouse_user if writer else settings.clickhouse_reader
    password = settings.clickhouse_password if writer else settings.clickhouse_reader_password
    fields = {
        "database": settings.clickhouse_database,
        "default_format": form,
        "output_format_json_quote_64bit_integers": "0",
        **{f"param_{name}": value.translate(_ESCAPES) for name, value in parameters.items()},
    }
    secret = sign_in(settings, user, password.get_secret_value())
    with mapped(), urllib3.PoolManager(retries=False, **pool_tls(settings)) as pool:
        response = pool.request(
            "POST",
            f"{settings.clickhouse_url.rstrip('/')}/?{urlencode(fields)}",
            body=query.encode("utf-8", "surrogateescape"),
            headers=secret,
            timeout=urllib3.Timeout(connect=_CONNECT_S, read=_ANSWER_S),
            preload_content=False,
        )
        lines = _lines(response)
        if response.status != 200:
            raise meaning(RuntimeError(b"".join(lines).decode("utf-8", "replace")))
        yield response.headers.get("X-ClickHouse-Format", form).encode()
        for line in lines:
            if _BROKE_OFF.match(line):
                raise ClickHouseRejectedError(_farewell(line, lines))
            yield line


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    for piece in response.stream(65_536):
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest


def _farewell(line: bytes, lines: Iterable[bytes]) -> str:
    """What ClickHouse says after breaking off; it closes the connection behind that."""
    said = [line]
    with suppress(urllib3.exceptions.HTTPError):
        said.extend(lines)
    message = message_of(b" ".join(said).decode("utf-8", "replace").replace("__exception__", ""))
    return f"the query failed after part of its rows had been sent; they are not all. {message}".strip()
