"""How Shopify's GraphQL Admin API is asked, and how its answers are judged: it says most errors in a 200."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from scoring.events.personal_values import mask_text
from scoring.sources.budget import BudgetRate
from scoring.sources.tokens import TokenPair
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
    judge_http,
    object_of,
)
from streams.sources.connection import Connection
from streams.sources.oauth import pair_by_form
from streams.sources.shopify.config import ShopifyConnection
from streams.sources.source import Asking

TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105  (a header's name)
#: header of an answer with the version that was served
SERVED_HEADER = "X-Shopify-API-Version"
#: what a query that costs more than Shopify takes at once is rejected with
TOO_COSTLY = "MAX_COST_EXCEEDED"
_BURST = 10.0
_LEFT = re.compile(rb'"currentlyAvailable"\s*:\s*(\d+(?:\.\d+)?)')
_COST = re.compile(rb'"requestedQueryCost"\s*:\s*(\d+(?:\.\d+)?)')
_RESTORED = re.compile(rb'"restoreRate"\s*:\s*(\d+(?:\.\d+)?)')


def asking(connection: Connection) -> Asking:
    """How the API is asked."""
    config: ShopifyConnection = connection.config
    has_tokens = config.access in ("client_credentials", "refresh_token")
    return Asking(
        app=config.client_id or config.shop,
        app_rate=BudgetRate(),  # Shopify limits by app and shop together
        shop_rate=BudgetRate(config.rate, max(_BURST, config.rate)),
        authorise=partial(authorise, connection),
        judge=judge,
        first_pair=partial(_first_pair, connection),
        new_pair=partial(_new_pair, connection) if has_tokens else None,
        left=left,
    )


def authorise(connection: Connection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with the token, if it goes to the shop: files of bulk operations lie elsewhere, and need none."""
    config: ShopifyConnection = connection.config
    if urlsplit(request.url)[:2] != urlsplit(config.base)[:2]:
        return request
    token = pair.access if pair is not None else connection.secret(config.token) if config.token else ""
    headers = {**request.headers, TOKEN_HEADER: token}
    return HttpRequest(request.url, request.method, request.query, headers, request.body)


def _first_pair(connection: Connection) -> TokenPair | None:
    config: ShopifyConnection = connection.config
    if config.access != "refresh_token":
        return None
    return TokenPair(access="", refresh=connection.secret(config.refresh_token), expires_ms=1)


async def _new_pair(connection: Connection, api: PlatformApi, old: TokenPair | None) -> TokenPair:
    config: ShopifyConnection = connection.config
    form = {
        "grant_type": config.access,
        "client_id": config.client_id,
        "client_secret": connection.secret(config.secret),
    }
    by_refresh = old if config.access == "refresh_token" else None
    return await pair_by_form(api, config.token_url, form, by_refresh)


def left(answer: HttpAnswer) -> float | None:
    """How many requests like this one are left, by the points that Shopify says."""
    available, cost = _LEFT.search(answer.body), _COST.search(answer.body)
    if available is None or cost is None:
        return None
    return float(available.group(1)) / max(1.0, float(cost.group(1)))


def judge(answer: HttpAnswer) -> None:
    """Raise for an answer that is none: by its status, and by the errors in a 200."""
    if answer.status in (402, 423):
        raise AccessDeniedError(f"{answer.host} answered {answer.status}: the shop is frozen or locked")
    judge_http(answer)
    if b'"errors"' not in answer.body or "json" not in answer.headers.get("Content-Type", "json"):
        return
    if errors := object_of(answer).get("errors"):
        _raise(errors if isinstance(errors, list) else [errors], answer)


def _raise(errors: list[Any], answer: HttpAnswer) -> None:
    found = [one if isinstance(one, dict) else {"message": str(one)} for one in errors]
    codes = {_code(one): one for one in found}
    said = f"{answer.host}: {mask_text('; '.join(str(one.get('message', '')) for one in found)[:300])}"
    if "THROTTLED" in codes:
        raise PlatformThrottledError(said, _wait_s(answer))
    if "ACCESS_DENIED" in codes:
        raise ScopeMissingError(f"{said}{_needed(codes['ACCESS_DENIED'])}")
    if "SHOP_INACTIVE" in codes:
        raise AccessDeniedError(said)
    if codes.keys() & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        raise PlatformFailedError(said)
    raise PlatformRejectedError(f"{said} ({', '.join(sorted(codes)) or 'no code'})")


def _code(error: dict[str, Any]) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""


def _needed(error: dict[str, Any]) -> str:
    """The scope that Shopify names."""
    needed = error.get("extensions", {}).get("requiredAccess")
    return f"; needed: {str(needed)[:200]}" if needed else ""


def _wait_s(answer: HttpAnswer) -> float:
    """How long until the points of this query are there."""
    available, cost, restored = (
        float(found.group(1)) if (found := pattern.search(answer.body)) else default
        for pattern, default in ((_LEFT, 0.0), (_COST, 100.0), (_RESTORED, 50.0))
    )
    return max(1.0, (cost - available) / max(1.0, restored))


async def ask(
    api: PlatformApi, config: ShopifyConnection, query: str, variables: dict[str, Any] | None = None
) -> tuple[dict[str, Any], str]:
    """The data of an answer, and the version that was served.

    Raises:
        AnswerGarbledError: there is no data, and no error either.
    """
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = await api.ask(HttpRequest(config.api_url, "POST", headers=headers, body=body))
    document = answer.json()
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise AnswerGarbledError(f"{answer.host} answered without data: not an empty answer")
    return data, answer.headers.get(SERVED_HEADER, "")
