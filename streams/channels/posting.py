"""JSON over HTTP for the channels: one place for time limits, kinds of failure and what an error may reveal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from scoring.errors import UNDECODABLE
from streams.channels.message import SendRejectedError, SendRetryableError

if TYPE_CHECKING:
    import aiohttp

TIMEOUT_S = 10.0
#: a wait that a service asks for counts up to this
MAX_RETRY_AFTER_S = 3600.0
#: statuses worth a retry: time-outs, too many requests, trouble at the other side
_RETRYABLE = {408, 425, 429, 500, 502, 503, 504}


async def post_json(
    session: aiohttp.ClientSession,
    url: str,
    payload: object,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
) -> dict[str, Any]:
    """POST ``payload`` (as JSON, but bytes and forms as they are) and give back the answer's JSON object (empty if it is none).

    Errors name the host only: the path and query of a chat hook are secrets.

    Raises:
        SendRetryableError: no answer in time, or a status that may pass.
        SendRejectedError: another status than 2xx.
    """
    import aiohttp  # a configuration that is only read needs no HTTP client

    host = urlsplit(url).hostname or "?"
    is_form = isinstance(payload, aiohttp.FormData)
    body = payload if is_form or isinstance(payload, bytes) else msgspec.json.encode(payload)
    kind = {} if is_form else {"Content-Type": "application/json; charset=utf-8"}
    all_headers = {**kind, **(headers or {})}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with session.request(
            method, url, data=body, headers=all_headers, timeout=timeout, allow_redirects=False
        ) as response:
            answer = await response.content.read(65_536)
            status, headers_back = response.status, response.headers
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise SendRetryableError(f"{host} is unreachable: {type(error).__name__}") from error
    except ValueError as error:
        raise SendRejectedError("the receiver's address is not a URL") from error
    if status in _RETRYABLE:
        raise SendRetryableError(f"{host} answered {status}", retry_after_s(headers_back))
    if not 200 <= status < 300:
        raise SendRejectedError(f"{host} answered {status}: {answer[:200].decode('utf-8', 'replace')}")
    try:
        decoded = msgspec.json.decode(answer)
    except UNDECODABLE:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer asks to wait (RFC 9110, 10.2.3: seconds, or a date measured against its own ``Date``)."""
    said = headers.get("Retry-After", "").strip()
    if said.isdigit():
        return min(float(said), MAX_RETRY_AFTER_S)
    try:
        until = parsedate_to_datetime(said)
        now = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    wait = _aware(until) - _aware(now)
    return min(max(1.0, wait.total_seconds()), MAX_RETRY_AFTER_S)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def check_code(answer: Mapping[str, Any], name: str, field: str, busy: frozenset[int]) -> None:
    """Raise for an answer whose ``field`` is not 0; codes in ``busy`` mean "too fast" and are worth a retry.

    An answer without the field is not the service's own (a proxy's page, for example), so nothing is known to have arrived.
    """
    if field not in answer:
        raise SendRetryableError(f"{name} answered without {field}")
    code = answer[field]
    if code == 0:
        return
    said = f"{name} answered {field} {code}: {answer.get('errmsg') or answer.get('msg') or ''}"
    if code in busy:
        raise SendRetryableError(said, 60.0)
    raise SendRejectedError(said)
