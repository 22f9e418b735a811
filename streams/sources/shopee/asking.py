"""How Shopee's API is asked: each request signed with its time, each answer judged by its ``error``, a token of four hours."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from scoring.sources.tokens import TokenPair
from streams.clock import now_ms
from streams.sources.asking import (
    AccessDeniedError,
    HttpAnswer,
    HttpRequest,
    PlatformApi,
    PlatformFailedError,
    PlatformThrottledError,
    ScopeMissingError,
    judge_http,
    object_of,
)
from streams.sources.connection import Connection
from streams.sources.market_asking import Meaning, asking_of, hmac_hex, pair_from, raise_for_code
from streams.sources.shopee.config import ShopeeConnection
from streams.sources.source import Asking

REFRESH = "/api/v2/auth/access_token/get"
#: ``-`` and an empty text mean that there was none
_NO_ERROR = ("", "-")
#: both spellings of the access token are Shopee's own
MEANINGS: dict[str, Meaning] = {
    "error_auth": AccessDeniedError,
    "invalid_acceess_token": AccessDeniedError,
    "invalid_access_token": AccessDeniedError,
    "error_sign": AccessDeniedError,
    "access_expired": AccessDeniedError,
    "refresh_token": AccessDeniedError,
    "no_linked": AccessDeniedError,
    "shop_banned": AccessDeniedError,
    "error_permission": ScopeMissingError,
    "rate_limit": PlatformThrottledError,
    "too_many": PlatformThrottledError,
    "error_server": PlatformFailedError,
    "error_network": PlatformFailedError,
    "error_inner": PlatformFailedError,
    "error_unknown": PlatformFailedError,
    "system_error": PlatformFailedError,
}


def asking(connection: Connection) -> Asking:
    """How the API is asked."""
    return asking_of(connection, connection.config.partner_id, authorise, judge, _ask_pair)


def authorise(connection: Connection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with what Shopee wants in each query: partner, shop, time, token, and their signature."""
    config: ShopeeConnection = connection.config
    access = pair.access if pair is not None else ""
    return signed(request, config, connection.secret(config.secret), now_ms() // 1000, access)


def signed(request: HttpRequest, config: ShopeeConnection, key: str, now_s: int, access: str) -> HttpRequest:
    """A request of a shop, or, without a token, of the app."""
    of_shop = (("access_token", access), ("shop_id", config.shop_id)) if access else ()
    base = f"{config.partner_id}{urlsplit(request.url).path}{now_s}" + "".join(value for _, value in of_shop)
    query = (
        ("partner_id", config.partner_id), ("timestamp", str(now_s)), *of_shop, ("sign", hmac_hex(key, base.encode())),
    )  # fmt: skip
    return HttpRequest(request.url, request.method, (*request.query, *query), request.headers, request.body)


def judge(answer: HttpAnswer) -> None:
    """Raise for an answer that is none: by the ``error`` it holds, whatever its status; else by its status."""
    document = object_of(answer)
    error = document.get("error")
    if isinstance(error, str) and error not in _NO_ERROR:
        raise_for_code(answer, error, str(document.get("message", "")), MEANINGS)
    judge_http(answer)


async def _ask_pair(connection: Connection, api: PlatformApi, old: TokenPair) -> TokenPair:
    """A new pair by the refresh token, which is good once and 30 days; the authorisation's own end is asked of the shop."""
    config: ShopeeConnection = connection.config
    form = {
        "partner_id": int(config.partner_id),
        "shop_id": int(config.shop_id),
        "refresh_token": old.refresh,
    }
    headers = {"Content-Type": "application/json"}
    request = HttpRequest(config.base + REFRESH, "POST", headers=headers, body=json.dumps(form).encode())
    key = connection.secret(config.secret)
    answer = await api.ask(signed(request, config, key, api.now_ms // 1000, ""))
    return pair_from(answer, answer.json(), api.now_ms, old, "expire_in")
