"""How BigQuery is asked: by a service account's signed word. Its errors say in a reason whether to wait."""

from __future__ import annotations

from functools import partial
from typing import Any

from scoring.events.personal_values import mask_text
from scoring.sources.budget import BudgetRate
from scoring.sources.tokens import TokenPair
from streams.sources.asking import (
    HttpAnswer,
    HttpRequest,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
    judge_http,
    object_of,
)
from streams.sources.connection import Connection
from streams.sources.ga4_export.config import Ga4ExportConnection
from streams.sources.ga4_reports.asking import WAIT_S, google_pair
from streams.sources.market_asking import Meaning
from streams.sources.source import Asking

SCOPE = "https://www.googleapis.com/auth/bigquery"
#: what a reason means, whatever the status is; a table that is not there yet is there later
_MEANINGS: dict[str, Meaning] = {
    **dict.fromkeys(("rateLimitExceeded", "quotaExceeded", "jobRateLimitExceeded"), PlatformThrottledError),
    **dict.fromkeys(
        ("backendError", "internalError", "jobBackendError", "jobInternalError"), PlatformFailedError
    ),
    **dict.fromkeys(("accessDenied", "billingNotEnabled"), ScopeMissingError),
    "bytesBilledLimitExceeded": PlatformRejectedError,
}
_NO_TABLE = "does not match any table"


def asking(connection: Connection) -> Asking:
    """Tokens of an hour, asked for with the key."""
    config: Ga4ExportConnection = connection.config
    return Asking(
        app=config.key,
        app_rate=BudgetRate(config.rate, max(1.0, config.rate)),
        shop_rate=BudgetRate(config.rate, max(1.0, config.rate)),
        authorise=partial(authorise, config),
        judge=judge,
        new_pair=partial(google_pair, connection, SCOPE),
        timeout_s=120.0,
    )


def authorise(config: Ga4ExportConnection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with the token, if it goes to BigQuery."""
    if pair is None or not (request.url + "/").startswith(config.address() + "/"):
        return request
    headers = {**request.headers, "Authorization": f"Bearer {pair.access}"}
    return HttpRequest(request.url, request.method, request.query, headers, request.body)


def judge(answer: HttpAnswer) -> None:
    """Raise for an answer that is none."""
    error: Any = object_of(answer).get("error")
    listed = error.get("errors") if isinstance(error, dict) else None
    for one in listed if isinstance(listed, list) else ():
        reason, said = (
            (str(one.get(name, "")) for name in ("reason", "message")) if isinstance(one, dict) else ("", "")
        )
        text = f"{answer.host} answered {reason}: {mask_text(said)[:200]}"
        if _NO_TABLE in said:
            raise PlatformFailedError(f"{answer.host}: there is no table of these days yet")
        if (meaning := _MEANINGS.get(reason)) is PlatformThrottledError:
            raise PlatformThrottledError(text, WAIT_S)
        if meaning is not None:
            raise meaning(text)
    judge_http(answer)
