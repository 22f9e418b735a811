"""How the Data API is asked: by a service account's signed word, within the quota that each answer names."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from scoring.sources.budget import BudgetRate
from scoring.sources.tokens import TokenPair
from streams.sources.asking import (
    AccessDeniedError,
    HttpAnswer,
    HttpRequest,
    PlatformApi,
    PlatformThrottledError,
    judge_http,
    object_of,
)
from streams.sources.connection import Connection
from streams.sources.ga4_reports.config import Ga4ReportsConnection
from streams.sources.oauth import pair_by_form
from streams.sources.source import Asking

SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTED_S = 3600
#: what a quota is called in the error that it is used up, and how long until some of it is back
_WAITS_S = (("per day", 6 * 3600.0), ("per hour", 1800.0))
WAIT_S = 60.0


def asking(connection: Connection) -> Asking:
    """Tokens of an hour, asked for with the key."""
    config: Ga4ReportsConnection = connection.config
    return Asking(
        app=config.key,
        app_rate=BudgetRate(config.rate, max(1.0, config.rate)),
        shop_rate=BudgetRate(config.rate, max(1.0, config.rate)),
        authorise=partial(authorise, config),
        judge=judge,
        new_pair=partial(google_pair, connection, SCOPE),
        left=left,
        timeout_s=60.0,
    )


def authorise(config: Ga4ReportsConnection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with the token, if it goes to the property."""
    if pair is None or request.url != config.address():
        return request
    headers = {**request.headers, "Authorization": f"Bearer {pair.access}"}
    return HttpRequest(request.url, request.method, request.query, headers, request.body)


async def google_pair(
    connection: Connection, scope: str, api: PlatformApi, old: TokenPair | None
) -> TokenPair:
    """A token for an hour (RFC 7523): the key signs who asks, for what, and when.

    Raises:
        AccessDeniedError: the key is none, or Google does not accept it.
    """
    config = connection.config
    form = {
        "grant_type": _GRANT,
        "assertion": assertion(connection.secret(config.key), config.token_url, api.now_ms, scope),
    }
    return await pair_by_form(api, config.token_url, form, None)


def assertion(key: str, audience: str, now_ms: int, scope: str = SCOPE) -> str:
    """The signed word of the service account whose key file this is.

    Raises:
        AccessDeniedError: it is not the key of a service account.
    """
    try:
        content = json.loads(key)
        private, who = (
            load_pem_private_key(content["private_key"].encode(), None),
            str(content["client_email"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, UnsupportedAlgorithm):
        # the text of these errors may quote the key
        raise AccessDeniedError("`key` is not the JSON key of a service account") from None
    if not isinstance(private, RSAPrivateKey):
        raise AccessDeniedError("`key` is not the JSON key of a service account")
    now_s = now_ms // 1000
    claims = {"iss": who, "scope": scope, "aud": audience, "iat": now_s, "exp": now_s + _ASSERTED_S}
    signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{signed}.{_bytes(private.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _part(content: dict[str, Any]) -> str:
    return _bytes(json.dumps(content, separators=(",", ":")).encode())


def _bytes(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def judge(answer: HttpAnswer) -> None:
    """Raise for an answer that is none. A quota that is used up says which; it comes back by the hour or by the day."""
    try:
        judge_http(answer)
    except PlatformThrottledError as error:
        if error.retry_after_s is not None:
            raise
        said = answer.body.decode("utf-8", "replace").lower()
        waits = (wait_s for word, wait_s in _WAITS_S if word in said)
        raise PlatformThrottledError(str(error), next(waits, WAIT_S)) from error


def left(answer: HttpAnswer) -> float | None:
    """How many such reports the property's quota still allows; each answer says what it cost."""
    quota = object_of(answer).get("propertyQuota")
    kinds = [one for one in quota.values() if isinstance(one, dict)] if isinstance(quota, dict) else []
    pairs = ((one.get("remaining"), one.get("consumed")) for one in kinds)
    reports = [had / cost for had, cost in pairs if isinstance(had, int) and isinstance(cost, int) and cost]
    return min(reports, default=None)
