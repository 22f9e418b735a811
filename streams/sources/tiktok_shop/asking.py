"""How TikTok Shop's API is asked: each request signed with its time and body, each answer judged by its ``code``, a cipher a shop."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

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
    VersionRetiredError,
    judge_http,
    object_of,
)
from streams.sources.connection import Connection
from streams.sources.market_asking import (
    Meaning,
    asking_of,
    hmac_hex,
    pair_from,
    part_of,
    raise_for_code,
)
from streams.sources.source import ApprovalLink, Asking
from streams.sources.tiktok_shop.config import TiktokShopConnection

#: where a shop approves
_APPROVE = {"global": "https://services.tiktokshop.com", "us": "https://services.us.tiktokshop.com"}
_SHOPS = "/authorization/202309/shops"
_UNSIGNED = frozenset({"sign", "access_token"})
#: by code where it is known, else by what the text says
_MEANINGS: dict[str, Meaning] = {
    "105001": AccessDeniedError,
    "105002": AccessDeniedError,
    "106001": AccessDeniedError,
    "105005": ScopeMissingError,
    "36009002": PlatformThrottledError,
    "access token": AccessDeniedError,
    "access_token": AccessDeniedError,
    "refresh_token": AccessDeniedError,
    "refresh token": AccessDeniedError,
    "credential": AccessDeniedError,
    "signature": AccessDeniedError,
    "scope": ScopeMissingError,
    "permission": ScopeMissingError,
    "too many": PlatformThrottledError,
    "rate limit": PlatformThrottledError,
    "deprecated": VersionRetiredError,
    "internal": PlatformFailedError,
    "try again": PlatformFailedError,
    "system": PlatformFailedError,
    "timeout": PlatformFailedError,
}


def asking(connection: Connection) -> Asking:
    """How the API is asked."""
    return asking_of(connection, connection.config.app_key, authorise, judge, _ask_pair, _exchange)


def authorise(connection: Connection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with app, time, token and signature."""
    config: TiktokShopConnection = connection.config
    found = signed(request, config.app_key, connection.secret(config.secret), now_ms() // 1000)
    headers = {**found.headers, "Content-Type": "application/json"}
    if pair is not None:
        headers["x-tts-access-token"] = pair.access
    return HttpRequest(found.url, found.method, found.query, headers, found.body)


def signed(request: HttpRequest, app_key: str, secret: str, now_s: int) -> HttpRequest:
    """The request signed: HMAC-SHA256 over path, sorted parameters and body, with the secret before and after."""
    query = (*request.query, ("app_key", app_key), ("timestamp", str(now_s)))
    parts = "".join(name + value for name, value in sorted(query) if name not in _UNSIGNED)
    text = f"{secret}{urlsplit(request.url).path}{parts}".encode() + request.body + secret.encode()
    return HttpRequest(
        request.url, request.method, (*query, ("sign", hmac_hex(secret, text))), request.headers, request.body
    )


def judge(answer: HttpAnswer) -> None:
    """Raise for an answer that is none: by its ``code``, whatever its status; else by its status."""
    document = object_of(answer)
    code, said = str(document.get("code", "0")), str(document.get("message") or "")
    if code != "0":
        is_known = code in _MEANINGS
        raise_for_code(
            answer, code if is_known else f"{code} {said}"[:200], said if is_known else "", _MEANINGS
        )
    judge_http(answer)


async def _ask_pair(connection: Connection, api: PlatformApi, old: TokenPair) -> TokenPair:
    """A new pair by the refresh token. TikTok says when each of them ends."""
    by = (("refresh_token", old.refresh), ("grant_type", "refresh_token"))
    return await _pair(connection, api, "/api/v2/token/refresh", by, old)


async def _exchange(connection: Connection, api: PlatformApi, approval: Approval) -> TokenPair:
    """The first pair, by the code, which is good for half an hour."""
    by = (("auth_code", approval.code), ("grant_type", "authorized_code"))
    return await _pair(connection, api, "/api/v2/token/get", by, None)


async def _pair(
    connection: Connection, api: PlatformApi, path: str, by: Iterable[tuple[str, str]], old: TokenPair | None
) -> TokenPair:
    config: TiktokShopConnection = connection.config
    query = (("app_key", config.app_key), ("app_secret", connection.secret(config.secret)), *by)
    answer = await api.ask(HttpRequest(config.auth_url.rstrip("/") + path, query=query))
    given = part_of(answer, answer.json(), "data")
    return pair_from(answer, given, api.now_ms, old, "access_token_expire_in", "refresh_token_expire_in")


def _link(config: TiktokShopConnection, secret: str, at_ms: int) -> str:
    return f"{_APPROVE[config.seller]}/open/authorize?service_id={config.service_id}"


APPROVAL = ApprovalLink(("service_id",), _link)


class ShopCiphers:
    """What each shop of an account is called in requests; asked for once."""

    def __init__(self, config: TiktokShopConnection) -> None:
        self._config, self._known = config, dict[str, str]()

    async def of(self, api: PlatformApi, shop: str) -> str:
        """The cipher of a shop.

        Raises:
            ScopeMissingError: the account that authorised the app does not have this shop.
        """
        if shop not in self._known:
            answer = await api.ask(HttpRequest(self._config.url.rstrip("/") + _SHOPS))
            for row in part_of(answer, answer.json(), "data", "shops", kind=list):
                self._known[str(part_of(answer, row, "id", kind=str))] = part_of(
                    answer, row, "cipher", kind=str
                )
        if shop not in self._known:
            raise ScopeMissingError(f"the account that authorised the app does not have the shop {shop}")
        return self._known[shop]
