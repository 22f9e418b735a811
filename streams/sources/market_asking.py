"""How the APIs of marketplaces are asked: what their answers have in common, which say most errors in a 200 with a code."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from scoring.events.personal_values import mask_text
from scoring.sources.budget import BudgetRate
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import (
    UnreadableValueError,
    is_given,
    moment_of,
    text_of,
    whole_of,
)
from scoring.sources.second_way import DayFigures
from scoring.sources.tokens import TokenPair
from streams.sources.approval import Approval, approval_of, rejected
from streams.sources.asking import (
    AccessDeniedError,
    AnswerGarbledError,
    HttpAnswer,
    HttpRequest,
    PlatformApi,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
    VersionRetiredError,
    retry_after_s,
)
from streams.sources.connection import Connection
from streams.sources.market_config import MarketConnection
from streams.sources.oauth import first_pair
from streams.sources.source import Asking, PolledRow, polled_row

#: what a code of a platform means to us
Meaning = type[
    AccessDeniedError
    | PlatformFailedError
    | PlatformRejectedError
    | PlatformThrottledError
    | ScopeMissingError
    | VersionRetiredError
]


#: asks for a new pair, with the pair whose refresh token is used
AskPair = Callable[[Connection, PlatformApi, TokenPair], Awaitable[TokenPair]]
#: asks for the first pair, with the code that a shop's approval gave
Exchange = Callable[[Connection, PlatformApi, Approval], Awaitable[TokenPair]]
#: words of an error that say that the code is to blame, not the app's key
_OF_CODE = ("invalid_code", "invalidcode", "auth_code", "auth code", "authorization code", "authorized_code")


def asking_of(
    connection: Connection,
    app: str,
    authorise: Callable[[Connection, HttpRequest, TokenPair | None], HttpRequest],
    judge: Callable[[HttpAnswer], None],
    ask_pair: AskPair,
    exchange: Exchange,
) -> Asking:
    """How a marketplace's API is asked: at the connection's own rate (apps have none published), with the pair that its refresh token gives.

    Args:
        connection: to one account.
        app: name of the app at the platform; connections of the same app share a budget.
        authorise: a request with what the platform wants in each.
        judge: raises for an answer that is none.
        ask_pair: asks for a new pair; what the platform rejects then is the authorisation.
        exchange: asks for the first pair, where there is a code in place of a refresh token.
    """
    rate: float = connection.config.rate
    return Asking(
        app=f"{connection.source} {app}",
        app_rate=BudgetRate(),
        shop_rate=BudgetRate(rate, max(1.0, rate)),
        authorise=partial(authorise, connection),
        judge=judge,
        first_pair=partial(_first_pair, connection),
        new_pair=partial(_new_pair, connection, ask_pair, exchange)
        if connection.config.is_authorised
        else None,
    )


def _first_pair(connection: Connection) -> TokenPair | None:
    """What a new pair is asked for by: the refresh token, else the code."""
    config = connection.config
    if config.refresh_token or not config.code:
        return first_pair(connection)
    return TokenPair(access="", code=connection.secret(config.code), expires_ms=1)


async def _new_pair(
    connection: Connection, ask_pair: AskPair, exchange: Exchange, api: PlatformApi, old: TokenPair | None
) -> TokenPair:
    if old is None:
        raise AccessDeniedError("there is no refresh token: authorise the account again")
    try:
        if old.refresh:
            return await ask_pair(connection, api, old)
        return await _exchanged(connection, exchange, api, approval_of(old.code))
    except PlatformRejectedError as error:
        raise AccessDeniedError(str(error)) from error


async def _exchanged(
    connection: Connection, exchange: Exchange, api: PlatformApi, approval: Approval
) -> TokenPair:
    try:
        pair = await exchange(connection, api, approval)
    except (AccessDeniedError, PlatformRejectedError) as error:
        if any(word in str(error).lower() for word in _OF_CODE):
            raise rejected(approval.code, str(error)) from error
        raise
    if not pair.refresh:
        raise AnswerGarbledError("the platform answered the code without a refresh_token")
    return pair


def hmac_hex(key: str, text: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) in small hex letters."""
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()


def raise_for_code(answer: HttpAnswer, code: str, said: str, meanings: Mapping[str, Meaning]) -> None:
    """Raise what a code means: it is looked for whole, then by the words that it holds; a code of unknown meaning is a rejection.

    Args:
        answer: that holds the code.
        code: of the error.
        said: the platform's own text.
        meanings: code or part of it → what it means.
    """
    small = code.lower()
    found = meanings.get(small) or next((kind for part, kind in meanings.items() if part in small), None)
    words = mask_text(" ".join(said.split()))[:200]
    text = f"{answer.host} answered {code}" + (f": {words}" if words else "")
    if found is PlatformThrottledError:
        raise PlatformThrottledError(text, retry_after_s(answer.headers))
    raise (found or PlatformRejectedError)(text)


def part_of(answer: HttpAnswer, content: Any, *names: str, kind: type = dict) -> Any:
    """The value at a path of an answer.

    Raises:
        AnswerGarbledError: it is not there, or of another kind: that is not an empty answer.
    """
    for name in names:
        content = content.get(name) if isinstance(content, dict) else None
    if not isinstance(content, kind):
        raise AnswerGarbledError(
            f"{answer.host} answered without `{'.'.join(names)}`: that is not an empty answer"
        )
    return content


def rows_of(
    answer: HttpAnswer, rows: Iterable[Any], number: str, changed: str = "", store: str = ""
) -> list[PolledRow]:
    """The rows of a page, each recognised by ``number`` and a hash of all that it says.

    Raises:
        AnswerGarbledError: a row has another form, or no number.
    """
    return [row_of(answer, row, number, changed, store) for row in rows]


def row_of(answer: HttpAnswer, row: Any, number: str, changed: str = "", store: str = "") -> PolledRow:
    """One row; see ``rows_of``."""
    try:
        name = text_of(row.get(number), number) if isinstance(row, dict) else ""
        at_ms = moment_of(row.get(changed), changed, "UTC") if name and changed else 0
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    if not name:
        raise AnswerGarbledError(f"{answer.host} answered with a row without `{number}`")
    return polled_row(name, row, at_ms, store)


def get_request(address: str, query: Mapping[str, object]) -> HttpRequest:
    """A question by GET; every value of its query is written as text."""
    return HttpRequest(address, query=tuple((name, str(one)) for name, one in query.items()))


def total_of(answer: HttpAnswer, part: Mapping[str, Any], name: str) -> int | None:
    """How many rows there are in all; None where the platform does not say.

    Raises:
        AnswerGarbledError: it is not a number.
    """
    try:
        return whole_of(part[name], name) if is_given(part.get(name)) else None
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error


def pair_from(
    answer: HttpAnswer, given: Any, now_ms: int, old: TokenPair | None, expires: str, ends: str = ""
) -> TokenPair:
    """The pair of an answer.

    Args:
        answer: that holds it.
        given: the object with ``access_token`` and ``refresh_token``.
        now_ms: when it came.
        old: the pair that it replaces.
        expires: field with the seconds that the access token lasts, or the time at which it ends.
        ends: the same of the authorisation; empty where a refresh token is only the next one of a chain.
    """
    if not isinstance(given, dict) or not isinstance(given.get("access_token"), str):
        raise AnswerGarbledError(f"{answer.host} answered without an access_token")
    try:
        expires_ms, ends_ms = _end_ms(given, expires, now_ms), _end_ms(given, ends, now_ms) if ends else 0
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    refresh = given.get("refresh_token") or (old.refresh if old is not None else "")
    return TokenPair(given["access_token"], str(refresh), expires_ms or now_ms + 3_600_000, ends_ms, now_ms)


#: days before today whose figures of ads still grow: orders count for a click of seven days before
ADS_RESTATED_DAYS = 7
#: more seconds than this are a moment, not a duration
_LONGEST_LIFE_S = 400_000_000


def _end_ms(given: Mapping[str, Any], name: str, now_ms: int) -> int:
    number = whole_of(given.get(name), name)
    if not number:
        return 0
    return number * 1000 if number > _LONGEST_LIFE_S else now_ms + number * 1000


#: how far a window of what changes begins before the one before it ended
OVERLAP_S = 900.0


def changes(config: MarketConnection, window_s: float) -> PollPlan:
    """How what changes is asked for: windows overlap by a quarter of an hour, and end a moment ago."""
    return PollPlan(config.interval_s, window_s, OVERLAP_S, 5.0, config.first_days * 86_400)


def window_within(longest_s: float, overlap_s: float = OVERLAP_S) -> float:
    """Seconds of a window of which the platform takes ``longest_s`` at most: with its overlap, and with both ends at whole seconds."""
    return longest_s - overlap_s - 2.0


def bounds_of(day: date, zone: str) -> tuple[int, int]:
    """When a day begins and ends on the clock of ``zone``, in milliseconds."""
    edges = [
        datetime(one.year, one.month, one.day, tzinfo=ZoneInfo(zone))
        for one in (day, day + timedelta(days=1))
    ]
    return round(edges[0].timestamp() * 1000), round(edges[1].timestamp() * 1000)


def day_at(at_ms: int, zone: str) -> str:
    """The day of ``zone`` at a moment, such as that on which something was asked for."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date().isoformat()


def ends_of(window: PollWindow, zone: str) -> tuple[date, date]:
    """The first and the last day of ``zone`` that a window touches."""
    clock = ZoneInfo(zone)
    first, last = (
        datetime.fromtimestamp(at_ms / 1000, clock).date() for at_ms in (window.from_ms, window.to_ms - 1)
    )
    return first, last


def days_between(from_ms: int, to_ms: int, zone: str) -> Iterator[date]:
    """The days of ``zone`` that a window touches."""
    clock = ZoneInfo(zone)
    day = datetime.fromtimestamp(from_ms / 1000, clock).date()
    last = datetime.fromtimestamp(max(from_ms, to_ms - 1) / 1000, clock).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def iso(at_ms: int) -> str:
    """A moment in UTC as ISO 8601 with its offset, to the second."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def counted_days(days: Sequence[date], counts: Sequence[int]) -> list[DayFigures]:
    """The number of orders of each day."""
    return [
        DayFigures(day.isoformat(), {"orders": str(count)}) for day, count in zip(days, counts, strict=True)
    ]
