"""Requests to a platform: what one is, what answers it, and how an answer that is none is distinguished from one that is empty.

Throttled, denied, retired, broken and empty are different answers, and none of them is zero: each error here says which it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict

from scoring.events.personal_values import mask_text
from scoring.sources.json_values import UnreadableValueError, read_json
from scoring.wording.troubles import Trouble
from streams.errors import RejectedError, UnreachableError

#: bytes of an answer at most
MAX_BYTES = 64_000_000
#: a wait that a platform asks for counts up to this
MAX_RETRY_AFTER_S = 6 * 3600.0
#: bytes of an answer that an error quotes
_TEXT_OF_ERROR = 200


class PlatformUnreachableError(UnreachableError):
    """No answer came, or its connection broke. ``PlatformApi`` retries; then the poll is tried again at its next turn."""

    trouble: ClassVar[Trouble] = Trouble.UNREACHABLE


class PlatformFailedError(UnreachableError):
    """The platform answered with an error of its own (5xx). Handled as if it were unreachable."""

    trouble: ClassVar[Trouble] = Trouble.PLATFORM_FAILS


class PlatformThrottledError(UnreachableError):
    """The platform asks to wait; ``retry_after_s`` says for how long, if it does. The budget is closed until then."""

    trouble: ClassVar[Trouble] = Trouble.THROTTLED

    def __init__(self, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class AnswerGarbledError(UnreachableError):
    """What came is not what was agreed: a web page, half a body, another form. Asked again; never taken for empty."""

    trouble: ClassVar[Trouble] = Trouble.GARBLED


class AccessDeniedError(RejectedError):
    """The platform does not accept our key or token. ``PlatformApi`` tries another pair; then the connection pauses."""

    trouble: ClassVar[Trouble] = Trouble.ACCESS_DENIED


class ScopeMissingError(RejectedError):
    """The key is good, but not for this resource. The resource is paused, the others go on."""

    trouble: ClassVar[Trouble] = Trouble.SCOPE_MISSING


class ClockApartError(RejectedError):
    """The platform rejects what we ask, and its clock is minutes from ours: signatures and tokens are judged by time. Tried again later."""

    trouble: ClassVar[Trouble] = Trouble.CLOCK_APART


class VersionRetiredError(RejectedError):
    """The platform does not serve this version any more, or serves another one. The resource is paused."""

    trouble: ClassVar[Trouble] = Trouble.VERSION_RETIRED


class PlatformRejectedError(RejectedError):
    """The platform rejects what was asked (4xx). The resource is paused until somebody has looked."""

    trouble: ClassVar[Trouble] = Trouble.REQUEST_REJECTED


#: what an attempt to ask may end with
PlatformError = (
    PlatformUnreachableError,
    PlatformFailedError,
    PlatformThrottledError,
    AnswerGarbledError,
    AccessDeniedError,
    ScopeMissingError,
    ClockApartError,
    VersionRetiredError,
    PlatformRejectedError,
)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, without what authorises it."""

    url: str
    method: str = "GET"
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def host(self) -> str:
        """For errors: addresses may hold secrets, hosts do not."""
        return urlsplit(self.url).hostname or "?"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    host: str = ""

    def json(self) -> Any:
        """Its content.

        Raises:
            AnswerGarbledError: it is not JSON.
        """
        try:
            return read_json(self.body)
        except (UnreadableValueError, UnicodeDecodeError) as error:
            kind = self.headers.get("Content-Type", "").split(";")[0] or "no content type"
            raise AnswerGarbledError(
                f"{self.host} answered {self.status} with {len(self.body):,} bytes that are not JSON ({kind})"
            ) from error


def object_of(answer: HttpAnswer) -> dict[str, Any]:
    """The object that an answer is; empty if it is none, which whoever reads it says."""
    try:
        found = read_json(answer.body)
    except (UnreadableValueError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


class HttpSender(Protocol):
    """Sends requests. The real one is ``AiohttpSender``; tests have a platform that lies."""

    async def send(self, request: HttpRequest, timeout_s: float) -> HttpAnswer:
        """The answer, whole.

        Raises:
            PlatformUnreachableError: none came, or not in time.
            AnswerGarbledError: it broke off.
        """
        ...


class PlatformApi(Protocol):
    """What a source's ``fetch`` and ``second_way`` ask through: authorised, within the budget, retried."""

    async def ask(self, request: HttpRequest) -> HttpAnswer:
        """A good answer.

        Raises:
            PlatformUnreachableError, PlatformFailedError, PlatformThrottledError, AnswerGarbledError: it may come later.
            AccessDeniedError, ScopeMissingError, VersionRetiredError, PlatformRejectedError: it will not come without a person.
        """
        ...

    @property
    def now_ms(self) -> int:
        """The present."""
        ...


class AiohttpSender:
    """Sends over HTTP."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send(self, request: HttpRequest, timeout_s: float) -> HttpAnswer:
        """The answer, whole. Redirects are answers: they would carry our key elsewhere."""
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._session.request(
                    request.method,
                    request.url,
                    params=list(request.query),
                    headers=CIMultiDict(request.headers),
                    data=request.body or None,
                    allow_redirects=False,
                ) as response,
            ):
                body = await response.content.read(MAX_BYTES + 1)
                while len(body) <= MAX_BYTES and (
                    more := await response.content.read(MAX_BYTES + 1 - len(body))
                ):
                    body += more
                status, headers = response.status, CIMultiDict(response.headers)
        except (aiohttp.ClientPayloadError, aiohttp.http.HttpProcessingError) as error:
            raise AnswerGarbledError(
                f"the answer of {request.host} broke off ({type(error).__name__})"
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PlatformUnreachableError(
                f"{request.host} is unreachable: {type(error).__name__}"
            ) from error
        except ValueError as error:
            raise PlatformRejectedError("the address is not a URL") from error
        if len(body) > MAX_BYTES:
            raise AnswerGarbledError(f"the answer of {request.host} has more than {MAX_BYTES:,} bytes")
        return HttpAnswer(status, headers, body, request.host)


def judge_http(answer: HttpAnswer) -> None:
    """Raise for an answer that is none, by its status."""
    status, host = answer.status, answer.host
    if 200 <= status < 300:
        return
    said = f"{host} answered {status}{_short(answer)}"
    if status == 429 or (status == 503 and "Retry-After" in answer.headers):
        raise PlatformThrottledError(said, retry_after_s(answer.headers))
    if status >= 500 or status in (408, 425):
        raise PlatformFailedError(said)
    if status == 401:
        raise AccessDeniedError(said)
    if status == 403:
        raise ScopeMissingError(said)
    if status == 410:
        raise VersionRetiredError(said)
    raise PlatformRejectedError(said)


def _short(answer: HttpAnswer) -> str:
    """What an error says, if it is short text; a page says nothing that is worth showing."""
    if "html" in answer.headers.get("Content-Type", ""):
        return ""
    text = mask_text(" ".join(answer.body[:_TEXT_OF_ERROR].decode("utf-8", "replace").split()))
    return f": {text}" if text else ""


def seconds_ahead(headers: Mapping[str, str], now_ms: int) -> float:
    """How far our clock is ahead of that of an answer (RFC 9110, 6.6.1); 0 if the answer does not say."""
    try:
        return now_ms / 1000 - parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (ValueError, TypeError):
        return 0.0


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer asks to wait (RFC 9110, 10.2.3); None if it does not say."""
    said = headers.get("Retry-After", "").strip()
    if said.replace(".", "", 1).isdigit():
        return min(float(said), MAX_RETRY_AFTER_S)
    try:
        wait = parsedate_to_datetime(said) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return min(max(1.0, wait.total_seconds()), MAX_RETRY_AFTER_S)
