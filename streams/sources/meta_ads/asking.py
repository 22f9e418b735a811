"""How the Graph API is asked, and how it says that an answer is none: in a document of errors, mostly with status 400."""

from __future__ import annotations

import hashlib
import hmac
from functools import partial
from typing import Any

from scoring.events.personal_values import mask_text
from scoring.sources.budget import BudgetRate
from scoring.sources.json_values import UnreadableValueError, read_json
from scoring.sources.tokens import TokenPair
from streams.sources.asking import (
    MAX_RETRY_AFTER_S,
    AccessDeniedError,
    HttpAnswer,
    HttpRequest,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
    VersionRetiredError,
    judge_http,
    object_of,
)
from streams.sources.connection import Connection
from streams.sources.meta_ads.config import MetaAdsConnection
from streams.sources.source import Asking

#: header with the use of each limit; a throttled account's says in how many minutes it may ask again
_USAGE = "X-Business-Use-Case-Usage"
_TOKEN_ENDED = frozenset({102, 190, 459, 464, 467})
_TOO_OFTEN = frozenset({4, 17, 32, 613, *range(80000, 80015)})
#: unknown, temporarily unavailable, and too much asked for at once: later, or the same again, may succeed
_FAILED = frozenset({1, 2, 960})
_RETIRED = 2635
_WAIT_S = 300.0


def asking(connection: Connection) -> Asking:
    """By a system user's token, which has no end unless it is given one."""
    config: MetaAdsConnection = connection.config
    return Asking(
        app=config.token,
        app_rate=BudgetRate(config.rate, max(1.0, config.rate)),
        shop_rate=BudgetRate(config.rate, max(1.0, config.rate)),
        authorise=partial(authorise, connection),
        judge=judge,
        timeout_s=60.0,
    )


def authorise(connection: Connection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with the token, and with the proof that we have the app's secret."""
    config: MetaAdsConnection = connection.config
    if not request.url.startswith(config.address()):
        return request
    token, query = connection.secret(config.token), request.query
    if config.app_secret:
        key = connection.secret(config.app_secret).encode()
        query = (*query, ("appsecret_proof", hmac.new(key, token.encode(), hashlib.sha256).hexdigest()))
    headers = {**request.headers, "Authorization": f"Bearer {token}"}
    return HttpRequest(request.url, request.method, query, headers, request.body)


def judge(answer: HttpAnswer) -> None:
    """Raise for an answer that is none. The code says what it is, whatever the status is."""
    error = _error(answer)
    if error is None:
        judge_http(answer)
        return
    code = error.get("code")
    said = f"{answer.host}: {mask_text(str(error.get('message', '')))[:200]} (code {code})"
    if code in _TOO_OFTEN:
        raise PlatformThrottledError(said, _regained_s(answer))
    if code in _TOKEN_ENDED:
        raise AccessDeniedError(said)
    if code in (3, 10, 294) or (isinstance(code, int) and 200 <= code < 300):
        raise ScopeMissingError(said)
    if code == _RETIRED:
        raise VersionRetiredError(said)
    if code in _FAILED or answer.status >= 500 or error.get("is_transient") is True:
        raise PlatformFailedError(said)
    raise PlatformRejectedError(said)


def _error(answer: HttpAnswer) -> dict[str, Any] | None:
    error = object_of(answer).get("error")
    return error if isinstance(error, dict) else None


def _regained_s(answer: HttpAnswer) -> float:
    """Seconds until the account may ask again, by the limit that takes longest; five minutes where it is not said."""
    try:
        limits = read_json(answer.headers.get(_USAGE, "{}"))
    except UnreadableValueError:
        return _WAIT_S
    uses = [one for rows in limits.values() for one in rows] if isinstance(limits, dict) else []
    minutes = (one.get("estimated_time_to_regain_access") for one in uses if isinstance(one, dict))
    waits = [60.0 * float(one) for one in minutes if isinstance(one, int)]
    return min(max(waits, default=0.0) or _WAIT_S, MAX_RETRY_AFTER_S)
