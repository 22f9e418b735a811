"""How the Selling Partner API is asked: by a token of an hour, and how its errors are distinguished."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from scoring.events.personal_values import mask_text
from scoring.sources.budget import BudgetRate
from scoring.sources.tokens import TokenPair
from streams.sources.amazon.config import AmazonConnection
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
from streams.sources.message_queue import is_of_queue, signed
from streams.sources.oauth import first_pair, refreshed_pair
from streams.sources.source import Asking

_BURST = 15.0
#: of a 403: the token, not the role, is what is wrong
_OF_TOKEN = ("access token", "expired", "revoked")
#: codes of errors, which are in the answer whatever its status is
_MEANINGS: dict[str, Meaning] = {
    "quotaexceeded": PlatformThrottledError,
    "toomanyrequests": PlatformThrottledError,
    "throttl": PlatformThrottledError,
    "internal": PlatformFailedError,
    "unavailable": PlatformFailedError,
    "timeout": PlatformFailedError,
    "unauthorized": ScopeMissingError,
    "forbidden": ScopeMissingError,
    "accessdenied": ScopeMissingError,
}


def asking(connection: Connection) -> Asking:
    """How the API is asked."""
    config: AmazonConnection = connection.config
    return Asking(
        app=f"amazon {config.client_id}",
        app_rate=BudgetRate(),  # limits are of app and seller together
        shop_rate=BudgetRate(config.rate, max(_BURST, config.rate)),
        authorise=partial(authorise, connection),
        judge=judge,
        first_pair=partial(first_pair, connection),
        new_pair=partial(refreshed_pair, connection),
        timeout_s=60.0,
    )


def authorise(connection: Connection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with the token, if it goes to the API: files of reports lie elsewhere, and need none."""
    config: AmazonConnection = connection.config
    if is_of_queue(config, request):
        return signed(connection, request)
    if pair is None or urlsplit(request.url)[:2] != urlsplit(config.base)[:2]:
        return request
    headers = {**request.headers, "x-amz-access-token": pair.access}
    return HttpRequest(request.url, request.method, request.query, headers, request.body)


def judge(answer: HttpAnswer) -> None:
    """Raise for an answer that is none. A 403 may be of the token or of the role; a 200 may hold errors next to an empty list."""
    if answer.status == 403:
        said = " ".join(f"{one.get('message', '')} {one.get('details', '')}" for one in _errors(answer))
        if any(word in said.lower() for word in _OF_TOKEN):
            raise AccessDeniedError(f"{answer.host} answered 403: {mask_text(said.strip())[:200]}")
    judge_http(answer)
    if b'"errors"' in answer.body and (errors := _errors(answer)):
        said = "; ".join(str(one.get("message", "")) for one in errors)
        raise_for_code(answer, str(errors[0].get("code", "errors")), said, _MEANINGS)


def _errors(answer: HttpAnswer) -> list[dict[str, Any]]:
    errors = object_of(answer).get("errors")
    return [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
