"""What a failure of ClickHouse means: unreachable (try again), rejected (report it), a row it cannot read (set it aside)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from streams.errors import FunnelwatchError, RejectedError, UnreachableError

#: error codes that speak of the data sent, not of the server (ErrorCodes.cpp)
_DATA_CODES = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        25,  # CANNOT_PARSE_ESCAPE_SEQUENCE
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        32,  # ATTEMPT_TO_READ_AFTER_EOF
        33,  # CANNOT_READ_ALL_DATA
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        69,  # ARGUMENT_OUT_OF_BOUND
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        130,  # CANNOT_READ_ARRAY_FROM_TEXT
        131,  # TOO_LARGE_STRING_SIZE
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        407,  # DECIMAL_OVERFLOW
    }
)
#: codes of a server that is there but cannot serve now
_UNAVAILABLE_CODES = frozenset(
    {
        159,  # TIMEOUT_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED
        999,  # KEEPER_EXCEPTION
    }
)
_CODE = re.compile(r"Code:\s*(\d+)")
#: failures of the libraries by which we ask: those of the way there, then all
_ON_THE_WAY = (
    ("clickhouse_connect.driver.exceptions", "OperationalError"),
    ("aiohttp", "ClientError"),
    ("urllib3.exceptions", "HTTPError"),
)
_OF_LIBRARIES = (*_ON_THE_WAY, ("clickhouse_connect.driver.exceptions", "ClickHouseError"))


def _loaded(names: Iterable[tuple[str, str]]) -> tuple[type[Exception], ...]:
    """The errors by those names. What is not loaded cannot have been raised, and a command that asks once should not load it."""
    return tuple(getattr(sys.modules[module], name) for module, name in names if module in sys.modules)


class ClickHouseError(FunnelwatchError):
    """Root of what ``streams/clickhouse`` raises. ``code`` is ClickHouse's own, 0 where there is none."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class ClickHouseUnreachableError(ClickHouseError, UnreachableError):
    """Raised when ClickHouse cannot be reached, cannot serve now, or gives a reader no answer.

    Landing waits and tries again; page, API and digests say so, with the age of what they show.
    """


class ClickHouseRejectedError(ClickHouseError, RejectedError):
    """Raised when ClickHouse rejects a statement; the command line prints it, landing reports it and tries again."""


class RowRejectedError(ClickHouseRejectedError):
    """Raised when the data sent cannot be read; landing halves the block, finds the row and dead-letters it."""


def message_of(text: str) -> str:
    """What ClickHouse says in ``text``, on one line, without its code and version; ``text`` itself if it is not an answer of its."""
    line = " ".join(text.split())
    _, said, message = line.partition("DB::Exception:")
    return message.partition("(version ")[0].strip() if said else line


def meaning(error: Exception) -> ClickHouseError:
    """The failure ``error`` of the driver as one of ours."""
    text = str(error)
    found = _CODE.search(text)
    code = int(found.group(1)) if found else 0
    if code in _DATA_CODES:
        return RowRejectedError(text, code)
    if code and code not in _UNAVAILABLE_CODES:
        return ClickHouseRejectedError(text, code)
    if code or isinstance(error, (OSError, *_loaded(_ON_THE_WAY))):
        return ClickHouseUnreachableError(text or type(error).__name__, code)
    return ClickHouseRejectedError(text, code)


def _failures() -> tuple[type[Exception], ...]:
    return (OSError, *_loaded(_OF_LIBRARIES))


@contextmanager
def mapped() -> Iterator[None]:
    """Raise the driver's failures inside as ours."""
    try:
        yield
    except _failures() as error:
        raise meaning(error) from error
