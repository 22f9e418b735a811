"""JSON over HTTP for the channels: one place for time limits, error kinds and what may be said in an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from streams.notifier.channels.message import SendRefused, SendRetryable

TIMEOUT_S = 10.0
#: statuses worth another try: time-outs, too many requests, trouble at the other side
_RETRYABLE = {408, 425, 429, 500, 502, 503, 504}


async def post_json(
    session: aiohttp.ClientSession, url: str, payload: object, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """POST ``payload`` and give back the answer's JSON object (empty if it is none).

    Errors name the host only: the path and query of a chat hook are secrets.

    Raises:
        SendRetryable: no answer in time, or a status that may pass.
        SendRefused: another status than 2xx.
    """
    host = urlsplit(url).hostname or "?"
    body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    all_headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with session.post(
            url, data=body, headers=all_headers, timeout=timeout, allow_redirects=False
        ) as response:
            answer = await response.content.read(65_536)
            status, retry_after = response.status, response.headers.get("Retry-After", "")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise SendRetryable(f"{host} cannot be reached: {type(error).__name__}") from error
    except ValueError as error:
        raise SendRefused("the receiver's address is not a URL") from error
    if status in _RETRYABLE:
        wait = float(retry_after) if retry_after.isdigit() else None
        raise SendRetryable(f"{host} answered {status}", wait)
    if not 200 <= status < 300:
        raise SendRefused(f"{host} answered {status}: {answer[:200].decode('utf-8', 'replace')}")
    try:
        decoded = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def check_code(answer: Mapping[str, Any], name: str, field: str, busy: frozenset[int]) -> None:
    """Refuse an answer whose ``field`` is not 0; codes in ``busy`` mean "too fast" and are worth another try."""
    code = answer.get(field, 0)
    if code == 0:
        return
    said = f"{name} answered {field} {code}: {answer.get('errmsg') or answer.get('msg') or ''}"
    if code in busy:
        raise SendRetryable(said, 60.0)
    raise SendRefused(said)
