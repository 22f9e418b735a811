"""How the Ads API is asked: by a token of an hour, for one profile."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from scoring.sources.budget import BudgetRate
from scoring.sources.tokens import TokenPair
from streams.sources.amazon_ads.config import AmazonAdsConnection
from streams.sources.asking import HttpAnswer, HttpRequest, judge_http
from streams.sources.connection import Connection
from streams.sources.message_queue import is_of_queue, signed
from streams.sources.oauth import first_pair, refreshed_pair
from streams.sources.source import Asking

#: the same report is being made already: the answer names it
SAME_REPORT = 425


def asking(connection: Connection) -> Asking:
    """How the API is asked."""
    config: AmazonAdsConnection = connection.config
    return Asking(
        app=f"amazon_ads {config.client_id}",
        app_rate=BudgetRate(config.rate, max(1.0, config.rate)),
        shop_rate=BudgetRate(config.rate, max(1.0, config.rate)),
        authorise=partial(authorise, connection),
        judge=judge,
        first_pair=partial(first_pair, connection),
        new_pair=partial(refreshed_pair, connection),
        timeout_s=60.0,
    )


def authorise(connection: Connection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with token and profile, if it goes to the API: files of reports lie elsewhere, and need none."""
    config: AmazonAdsConnection = connection.config
    if is_of_queue(config, request):
        return signed(connection, request)
    if pair is None or urlsplit(request.url)[:2] != urlsplit(config.base)[:2]:
        return request
    headers = {
        **request.headers,
        "Authorization": f"Bearer {pair.access}",
        "Amazon-Advertising-API-ClientId": config.client_id,
        "Amazon-Advertising-API-Scope": config.profile,
    }
    return HttpRequest(request.url, request.method, request.query, headers, request.body)


def judge(answer: HttpAnswer) -> None:
    """Raise for an answer that is none; one that names the report that is being made already is read."""
    if answer.status != SAME_REPORT:
        judge_http(answer)
