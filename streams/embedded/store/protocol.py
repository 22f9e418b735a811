"""A request of ClickHouse's HTTP interface, taken apart: who asks, what, with which settings, parameters and data."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streams.embedded.store.errors import (
    AUTHENTICATION_FAILED,
    BAD_ARGUMENTS,
    UNKNOWN_FORMAT,
    StoreError,
)
from streams.embedded.store.statement import Statement, tokens

# URL arguments that are not settings
_CONTROL: Final = frozenset(
    [
        "query",
        "database",
        "default_format",
        "session_id",
        "session_timeout",
        "session_check",
        "compress",
        "decompress",
        "network_compression_method",
        "wait_end_of_query",
        "client_protocol_version",
        "role",
        "query_id",
        "user",
        "password",
        "buffer_size",
        "enable_http_compression",
        "http_zlib_compression_level",
        "http_headers_progress_interval_ms",
        "send_progress_in_http_headers",
        "cancel_http_readonly_queries_on_client_close",
        "quota_key",
        "close_session",
        "async_insert",
        "wait_for_async_insert",
        "http_make_head_request",
        "http_write_exception_in_output_format",
    ]
)
_NAME: Final = re.compile(r"[A-Za-z_]\w*\Z")
# what the engine can pack and unpack, by the name HTTP gives it
ENCODINGS: Final = {
    "": "none",
    "identity": "none",
    "gzip": "gzip",
    "x-gzip": "gzip",
    "deflate": "deflate",
    "br": "br",
    "lz4": "lz4",
    "zstd": "zstd",
    "xz": "xz",
    "bz2": "bz2",
    "snappy": "snappy",
}
_EXPRESSIONS: Final = frozenset(
    [
        "DEFAULT",
        "MATERIALIZED",
        "ALIAS",
        "EPHEMERAL",
        "CODEC",
        "TTL",
        "CHECK",
        "CONSTRAINT",
        "INDEX",
        "PROJECTION",
        "ENGINE",
    ]
)
_OFFERED: Final = ("zstd", "lz4", "br", "gzip", "deflate", "xz", "bz2")


@dataclass(frozen=True, slots=True)
class User:
    """One who may ask. ``lane`` names the threads that answer: what roles read does not wait for what people read.

    ``stores`` are those whose rows a reader sees, None all.
    """

    name: str
    reads_only: bool
    lane: str
    stores: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """A table that comes with the request and lives as long as its query."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass(slots=True)
class Query:
    """What one request asks of the engine."""

    user: User
    sql: bytes
    database: str
    settings: dict[str, str]
    params: dict[str, str]
    default_format: str
    query_id: str
    packed: str = "none"
    revision: int = 0
    body: Path | None = None
    body_packed: str = "none"
    in_blocks: bool = False  # the client wants its result in ClickHouse's own compressed blocks
    binary_types: bool = False  # the client wants the types of a Native result in their binary form
    session_id: str = ""
    session_timeout_s: float = 60.0
    session_check: bool = False
    whole: bool = False
    read_only: bool = False
    external: list[ExternalTable] = field(default_factory=list)
    statement: Statement | None = None  # once it has been parsed
    mark: str = field(
        default_factory=lambda: uuid.uuid4().hex
    )  # ours, so that nobody can have another's query stopped

    @property
    def format(self) -> str:
        """The format of its result."""
        return (self.statement and self.statement.format) or self.default_format

    @property
    def is_rewritten(self) -> bool:
        """Whether the server writes the engine's result again, and packs it itself."""
        return self.in_blocks or self.native_revision > 0

    @property
    def native_revision(self) -> int:
        """The revision in which its result is written; 0 as the engine writes it."""
        return self.revision if self.format == "Native" else 0


#: the lanes; each has threads and a queue of its own
WRITING: Final = "writer"
ROLES_READING: Final = "roles"
PEOPLE_READING: Final = "reader"
#: the user as which the roles of an instance read its own store; people and their tools read as the reader
ROLES_READER: Final = "funnelwatch_roles"


class Users:
    """The users and their passwords: one writes, one is for people's reading, one for that of the instance's own roles.

    Everybody else is asked for with ``find``: the name and the password that were given.
    """

    def __init__(
        self,
        writer: str,
        writer_password: str,
        reader: str,
        reader_password: str,
        roles_password: str = "",
        find: Callable[[str, str], User | None] = lambda name, password: None,
    ) -> None:
        self._find = find
        self._known = {
            ROLES_READER: (roles_password.encode(), User(ROLES_READER, reads_only=True, lane=ROLES_READING)),
            writer: (writer_password.encode(), User(writer, reads_only=False, lane=WRITING)),
            reader: (reader_password.encode(), User(reader, reads_only=True, lane=PEOPLE_READING)),
        }

    def authenticate(self, headers: Mapping[str, str], arguments: Mapping[str, str]) -> User:
        """The user who asks, by header, basic authentication or argument.

        Raises:
            StoreError: nobody with that name and password.
        """
        name, password = headers.get("X-ClickHouse-User", ""), headers.get("X-ClickHouse-Key", "")
        basic = headers.get("Authorization", "")
        if not name and basic[:6].lower() == "basic ":
            try:
                name, _, password = base64.b64decode(basic[6:], validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                name = ""
        if not name:
            name, password = arguments.get("user", ""), arguments.get("password", "")
        if name not in self._known and (found := self._find(name, password)) is not None:
            return found
        known, user = self._known.get(name, (b"", None))
        right = hmac.compare_digest(known, password.encode("utf-8", "surrogateescape"))
        if user is None or not right or not known:
            raise StoreError(
                AUTHENTICATION_FAILED,
                "AUTHENTICATION_FAILED",
                f"{name or 'default'}: Authentication failed: password is incorrect, or there is no user with such name.",
            )
        return user


def flag(arguments: Mapping[str, str], name: str) -> bool:
    """Whether the argument ``name`` is given and not 0 or false."""
    return arguments.get(name, "0").lower() not in ("0", "false", "")


def accepted(arguments: Mapping[str, str], accept: str) -> str:
    """How the answer is packed: what the client offers first of what the engine can, ``none`` unless it asked."""
    if not flag(arguments, "enable_http_compression"):
        return "none"
    offered = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return next((ENCODINGS[name] for name in offered if name in _OFFERED), "none")


def settings_of(arguments: Mapping[str, str]) -> dict[str, str]:
    """The arguments that are settings of the engine."""
    found = {}
    for name, value in arguments.items():
        if name in _CONTROL or name.startswith("param_"):
            continue
        if not _NAME.match(name):
            raise StoreError(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"{name!r} is not the name of a setting")
        found[name] = value
    return found


def revision_of(arguments: Mapping[str, str]) -> int:
    """The protocol revision whose Native blocks the client reads (``client_protocol_version``)."""
    asked = arguments.get("client_protocol_version") or "0"
    if not asked.isdecimal():
        raise StoreError(BAD_ARGUMENTS, "BAD_ARGUMENTS", "client_protocol_version is not a number")
    return int(asked[:9])


def params_of(arguments: Mapping[str, str]) -> dict[str, str]:
    """The query's parameters by name."""
    found = {}
    for name, value in arguments.items():
        if name.startswith("param_"):
            if not _NAME.match(name[6:]):
                raise StoreError(
                    BAD_ARGUMENTS, "BAD_ARGUMENTS", f"{name[6:]!r} is not the name of a parameter"
                )
            found[name[6:]] = value
    return found


def external_tables(files: Mapping[str, bytes], arguments: dict[str, str]) -> list[ExternalTable]:
    """The tables that came as files of a form; takes their ``_format``, ``_structure`` and ``_types`` out of ``arguments``."""
    tables = []
    for name, data in files.items():
        if not _NAME.match(name):
            raise StoreError(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"{name!r} is not the name of an external table")
        form = checked_format(arguments.pop(f"{name}_format", "TabSeparated"))
        structure = arguments.pop(f"{name}_structure", "")
        types = arguments.pop(f"{name}_types", "")
        if not structure:
            if not types:
                raise StoreError(
                    BAD_ARGUMENTS,
                    "BAD_ARGUMENTS",
                    f"Neither {name}_structure nor {name}_types are provided for external table {name}",
                )
            structure = ", ".join(f"_{at} {part}" for at, part in enumerate(_split_types(types), 1))
        _check_structure(structure)
        tables.append(ExternalTable(name, structure, form, data))
    return tables


def checked_format(name: str) -> str:
    """``name`` if it can be the name of a format; it is put into the statement's text."""
    if not _NAME.match(name):
        raise StoreError(UNKNOWN_FORMAT, "UNKNOWN_FORMAT", f"Unknown format {name}")
    return name


def _check_structure(structure: str) -> None:
    """Reject a list of columns that is more than names and types: an expression in it would be run as the writer."""
    for token in tokens(structure.encode("utf-8", "surrogateescape")):
        plain = token.kind != "other" or token.text in "(),=-." or token.text[0].isdigit()
        if not plain or token.text in _EXPRESSIONS:
            raise StoreError(
                BAD_ARGUMENTS,
                "BAD_ARGUMENTS",
                f"The structure of an external table is names and types, not {token.text}",
            )


def _split_types(types: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(types):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(types[start:at].strip())
            start = at + 1
    return [*parts, types[start:].strip()]
