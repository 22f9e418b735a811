"""How TikTok's API for Business is asked, and how it says in a 200 that an answer is none."""

from __future__ import annotations

from functools import partial

from scoring.sources.budget import BudgetRate
from scoring.sources.tokens import TokenPair
from streams.sources.asking import (
    AccessDeniedError,
    HttpAnswer,
    HttpRequest,
    PlatformFailedError,
    PlatformThrottledError,
    ScopeMissingError,
    judge_http,
    object_of,
)
from streams.sources.connection import Connection
from streams.sources.market_asking import Meaning, raise_for_code
from streams.sources.source import Asking
from streams.sources.tiktok_ads.config import TiktokAdsConnection

MEANINGS: dict[str, Meaning] = {
    **dict.fromkeys(("40016", "40100", "40133"), PlatformThrottledError),
    **dict.fromkeys(("40102", "40104", "40105"), AccessDeniedError),
    "40001": ScopeMissingError,
    **dict.fromkeys(("50000", "50002", "51010", "60001"), PlatformFailedError),
}


def asking(connection: Connection) -> Asking:
    """By a token that does not end. What may be asked is the app's, over all of its shops."""
    config: TiktokAdsConnection = connection.config
    rate = BudgetRate(config.rate, max(1.0, config.rate))
    return Asking(
        app=f"tiktok_ads {config.token}",
        app_rate=rate,
        shop_rate=rate,
        authorise=partial(authorise, connection),
        judge=judge,
        timeout_s=60.0,
    )


def authorise(connection: Connection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with the token."""
    config: TiktokAdsConnection = connection.config
    if not request.url.startswith(config.address("/")):
        return request
    headers = {**request.headers, "Access-Token": connection.secret(config.token)}
    return HttpRequest(request.url, request.method, request.query, headers, request.body)


def judge(answer: HttpAnswer) -> None:
    """Raise for an answer that is none: by the ``code`` it holds, whatever its status; else by its status."""
    document = object_of(answer)
    code = document.get("code")
    if isinstance(code, int) and code != 0:
        raise_for_code(answer, str(code), str(document.get("message", "")), MEANINGS)
    judge_http(answer)
