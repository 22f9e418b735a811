"""How Lazada's API is asked: each request signed with its time, each answer judged by its ``code``, one token for all countries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
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
from streams.sources.lazada.config import LazadaConnection
from streams.sources.market_asking import Meaning, asking_of, hmac_hex, pair_from, raise_for_code
from streams.sources.source import ApprovalLink, Asking

_REFRESH, _EXCHANGE = "/auth/token/refresh", "/auth/token/create"
#: before the path of each call
_ROOT = "/rest"
_MEANINGS: dict[str, Meaning] = {
    "accesstoken": AccessDeniedError,
    "refreshtoken": AccessDeniedError,
    "signature": AccessDeniedError,
    "appkey": AccessDeniedError,
    "timestamp": AccessDeniedError,
    "sellernotverified": AccessDeniedError,
    "permission": ScopeMissingError,
    "calllimit": PlatformThrottledError,
    "apilimit": PlatformThrottledError,
    "traffic": PlatformThrottledError,
    "frequency": PlatformThrottledError,
    "system": PlatformFailedError,
    "service": PlatformFailedError,
    "internal": PlatformFailedError,
    "timeout": PlatformFailedError,
    "isp": PlatformFailedError,
}

#: what a code and a text of an error are called, which differs from one part of the API to another
_CODES = ("error_code", "errorCode", "err_code")
_SAID = ("message", "error_msg", "errorMsg", "err_message")


def asking(connection: Connection) -> Asking:
    """How the API is asked."""
    return asking_of(connection, connection.config.app_key, authorise, judge, _ask_pair, _exchange)


def authorise(connection: Connection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with app, time, token and the signature over all of it."""
    config: LazadaConnection = connection.config
    access = (("access_token", pair.access),) if pair is not None else ()
    return signed(request, config.app_key, connection.secret(config.secret), now_ms(), access)


def signed(
    request: HttpRequest, app_key: str, secret: str, at_ms: int, more: Iterable[tuple[str, str]] = ()
) -> HttpRequest:
    """The request signed: HMAC-SHA256 over the call's path and its parameters in order of their names, in capital letters."""
    query = (
        *request.query,
        *more,
        ("app_key", app_key),
        ("timestamp", str(at_ms)),
        ("sign_method", "sha256"),
    )
    path = urlsplit(request.url).path.removeprefix(_ROOT)
    text = path + "".join(name + value for name, value in sorted(query))
    query = (*query, ("sign", hmac_hex(secret, text.encode()).upper()))
    return HttpRequest(request.url, request.method, query, request.headers, request.body)


def judge(answer: HttpAnswer) -> None:
    """Raise for an answer that is none: by its ``code`` or ``success``, whatever its status; else by its status."""
    document = object_of(answer)
    code, kind = str(document.get("code", "0")), str(document.get("type") or "")
    result = document.get("result")
    inner: dict[str, Any] = result if isinstance(result, dict) else document
    said = str(next((text for name in _SAID if (text := inner.get(name) or document.get(name))), ""))
    if code not in ("0", ""):
        # a code may be a mere number: whose fault it was is in the type
        raise_for_code(answer, f"{code} {kind}".strip(), said, _MEANINGS)
    if str(inner.get("success", True)).lower() == "false":
        given = next((one for name in _CODES if (one := inner.get(name))), "failed")
        raise_for_code(answer, str(given), said, _MEANINGS)
    judge_http(answer)


async def _ask_pair(connection: Connection, api: PlatformApi, old: TokenPair) -> TokenPair:
    """A new pair by the refresh token. What is left of the authorisation does not grow by it."""
    return await _pair(connection, api, _REFRESH, ("refresh_token", old.refresh), old)


async def _exchange(connection: Connection, api: PlatformApi, approval: Approval) -> TokenPair:
    """The first pair, by the code, which is good for half an hour; a cross-border account has one for all its countries."""
    return await _pair(connection, api, _EXCHANGE, ("code", approval.code), None)


async def _pair(
    connection: Connection, api: PlatformApi, path: str, by: tuple[str, str], old: TokenPair | None
) -> TokenPair:
    config: LazadaConnection = connection.config
    request = HttpRequest(config.auth_url.rstrip("/") + path, query=(by,))
    answer = await api.ask(signed(request, config.app_key, connection.secret(config.secret), api.now_ms))
    return pair_from(answer, answer.json(), api.now_ms, old, "expires_in", "refresh_expires_in")


def _link(config: LazadaConnection, secret: str, at_ms: int) -> str:
    query = {
        "response_type": "code", "force_auth": "true", "redirect_uri": config.redirect, "client_id": config.app_key,
    }  # fmt: skip
    return f"{config.auth_url.rstrip('/').removesuffix(_ROOT)}/oauth/authorize?{urlencode(query)}"


APPROVAL = ApprovalLink(("app_key", "redirect"), _link)
