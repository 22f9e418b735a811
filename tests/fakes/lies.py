"""What can be wrong with what a platform answers, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Lie(StrEnum):
    """What can be wrong with an answer."""

    DROPPED_PAGE = "a page is left out"
    REPEATED_PAGE = "a page comes twice instead of the next"
    SHIFTED_PAGE = "rows move up between pages"
    DROPPED_ROW = "a row is left out"
    DROPPED_ROW_AND_TOTAL = "a row is left out, and the total says so"
    EMPTY = "200 with no rows"
    NO_LIST = "200 with an error instead of rows"
    HTML = "200 with a web page"
    HALF_BODY = "the body breaks off"
    SLOW = "the body does not come in time"
    THROTTLED = "429 with Retry-After"
    THROTTLED_SILENTLY = "429 without Retry-After"
    FAILS = "500"
    AWAY = "503"
    EXPIRED = "401"
    FORBIDDEN = "403"
    RETIRED = "410"
    OTHER_VERSION = "another version is served"
    EDGE = "> where >= was agreed"
    LATE_ROWS = "rows are there an hour after their own time"
    STALE = "the state of three hours ago"
    RESTATED = "an amount changes without a new time"
    OTHER_ZONE = "times of another zone, without an offset"
    CENTS = "amounts in the smallest unit"
    CLOCK = "times an hour ahead"
    EARLY_END = "a page has half of its rows, and leads on to the next"
    LAST_PAGE_FIRST = "the first page says that it is the last"
    ENDLESS = "each page leads on to another, round and round"
    WRONG_TOTAL = "the total says more rows than there are"
    TWICE = "rows come twice in a page, the second time as they were three hours ago"
    CUT_JSON = "half a document, whole in the eyes of HTTP"
    NULL = "200 with null"
    SIGN_IN = "a page to sign in that calls itself JSON"
    LONG_WAIT = "429 that asks to wait for a year"
    VAGUE_WAIT = "429 that asks to wait until soon"


#: lies that are the same on every platform: the answer is another one, whatever was asked
_WAIT = b'{"message": "too many requests"}'
SPOILT: Mapping[Lie, Callable[[bytes], tuple[int, dict[str, str], bytes]]] = {
    Lie.CUT_JSON: lambda body: (200, {"Content-Type": "application/json"}, body[: len(body) // 2]),
    Lie.NULL: lambda body: (200, {"Content-Type": "application/json"}, b"null"),
    Lie.SIGN_IN: lambda body: (200, {"Content-Type": "application/json"}, b"<html>Sign in</html>"),
    Lie.LONG_WAIT: lambda body: (429, {"Retry-After": str(365 * 86_400)}, _WAIT),
    Lie.VAGUE_WAIT: lambda body: (429, {"Retry-After": "soon"}, _WAIT),
}
#: lies about an order's fields
OF_ROWS = frozenset({Lie.EDGE, Lie.LATE_ROWS, Lie.OTHER_ZONE, Lie.CENTS, Lie.CLOCK})
#: lies about what is on which page
OF_PAGES = frozenset({
    Lie.DROPPED_PAGE, Lie.REPEATED_PAGE, Lie.SHIFTED_PAGE, Lie.EARLY_END, Lie.LAST_PAGE_FIRST, Lie.ENDLESS, Lie.WRONG_TOTAL, Lie.TWICE,
    Lie.DROPPED_ROW_AND_TOTAL,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScriptedLie:
    """A lie and its time."""

    lie: Lie
    from_ms: int
    until_ms: int

    def holds(self, now_ms: int) -> bool:
        return self.from_ms <= now_ms < self.until_ms
