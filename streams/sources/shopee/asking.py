"""How Shopee's API is asked: each request signed with its time, each answer judged by its ``error``, a token of four hours."""

from __future__ import annotations

import json
from urllib.parse import urlencode, urlsplit

from scoring.sources.tokens import TokenPair
from streams.clock import now_ms
from streams.sources.approval import Approval
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
from streams.sources.source import ApprovalLink, Asking

REFRESH = "/api/v2/auth/access_token/get"
_EXCHANGE = "/api/v2/auth/token/get"
_APPROVE = "/api/v2/shop/auth_partner"
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
    return asking_of(connection, connection.config.partner_id, authorise, judge, _ask_pair, _exchange)


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
    answer = await _ask(connection, api, REFRESH, shop_id=int(config.shop_id), refresh_token=old.refresh)
    return pair_from(answer, answer.json(), api.now_ms, old, "expire_in")


async def _exchange(connection: Connection, api: PlatformApi, approval: Approval) -> TokenPair:
    """The first pair, by the code; of a main account, which approves for several shops, the pair is good for each of them."""
    shop = connection.config.shop_id
    if approval.shop not in ("", shop):
        raise AccessDeniedError(
            f"shop {approval.shop} approved, not {shop}: approve with the account of {shop}"
        )
    by = {"main_account_id": int(approval.account)} if approval.account.isdigit() else {"shop_id": int(shop)}
    answer = await _ask(connection, api, _EXCHANGE, code=approval.code, **by)
    return pair_from(answer, answer.json(), api.now_ms, None, "expire_in")


async def _ask(connection: Connection, api: PlatformApi, path: str, **form: object) -> HttpAnswer:
    """A good answer to what is asked as the app."""
    config: ShopeeConnection = connection.config
    body = json.dumps({"partner_id": int(config.partner_id), **form}).encode()
    request = HttpRequest(config.base + path, "POST", headers={"Content-Type": "application/json"}, body=body)
    return await api.ask(signed(request, config, connection.secret(config.secret), api.now_ms // 1000, ""))


def _link(config: ShopeeConnection, key: str, at_ms: int) -> str:
    request = HttpRequest(config.base + _APPROVE, query=(("redirect", config.redirect),))
    found = signed(request, config, key, at_ms // 1000, "")
    return f"{found.url}?{urlencode(found.query)}"


#: the link is signed with its time: Shopee takes it for five minutes
APPROVAL = ApprovalLink(("partner_id", "secret", "redirect"), _link, gives=("shop_id",))
