"""Who may read: the token, the sign-in cookie, the limit of attempts, and the headers that keep a page to itself.

Without a token the page serves loopback only, and only under a loopback name, so that a foreign site cannot reach it by
pointing its own name at 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.clock import monotonic, now_ms
from streams.instance.audit import AuditDamagedError, AuditEntry, record
from streams.instance.page_tokens import PageToken, Scope, TokenBook, TokensDamagedError
from streams.settings import Settings
from streams.web.frame.errors import PageNotSafeError
from streams.web.frame.origin import ClientAddresses, local_path
from streams.web.frame.problems import problem

COOKIE = "funnelwatch_session"
#: of a request: who sent it, as the audit log shows them
READER = web.RequestKey("reader", str)
#: beginnings of paths at which people act on alerts; whoever writes elsewhere configures
ACTING_PATHS = ("/alerts/", "/api/v1/alerts/", "/silences/", "/sign-out")
#: methods that change nothing
_READING = ("GET", "HEAD", "OPTIONS")
_NO_WRITES = ("/sign-in", "/sign-out")
SESSION_S = 12 * 3600
#: wrong tokens an address may offer in ``ATTEMPT_SPAN_S``; no number for all together, by which one could lock out others
ATTEMPTS_PER_ADDRESS = 5
ATTEMPT_SPAN_S = 60.0
_MAX_ADDRESSES = 10_000
#: beginnings of paths of the frame that need no sign-in
OPEN_PATHS = ("/static/", "/healthz")

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def is_loopback(host: str) -> bool:
    """True for names and addresses of this machine alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Access:
    """Decides who may read. One per process."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = TokenBook(settings)
        self._data = settings.data
        self._token = settings.page_token.get_secret_value().encode()
        self._https = settings.public_url.startswith("https:")
        self._visitors = ClientAddresses(settings.trusted_proxies)
        self._wrong: dict[str, list[float]] = {}
        #: sessions that were signed out, with their end: a copy of such a cookie opens nothing any more
        self._ended: dict[str, int] = {}
        if not self._token and not is_loopback(settings.page_host):
            raise PageNotSafeError(
                f"the page would listen on {settings.page_host} without a token; "
                "set FUNNELWATCH_PAGE_TOKEN, or FUNNELWATCH_PAGE_HOST=127.0.0.1"
            )

    @property
    def needs_token(self) -> bool:
        """False on loopback without a token."""
        return bool(self._token)

    def is_token(self, offered: str) -> bool:
        """True for the token, in time that does not depend on where it differs."""
        return hmac.compare_digest(
            hashlib.sha256(_bytes(offered)).digest(), hashlib.sha256(self._token).digest()
        )

    def token_named(self, offered: str) -> PageToken | None:
        """The token with a name that is offered, if it is one and has not ended."""
        return self._tokens.find(offered)

    def session(self, token: PageToken | None = None) -> str:
        """A cookie's value: valid for ``SESSION_S``, worthless once the token changes; of a token with a name, as long as that is good."""
        named = f"-{token.digest}" if token else ""
        content = f"{now_ms() // 1000 + SESSION_S}-{secrets.token_hex(8)}{named}"
        return f"{content}.{self._signature(content)}"

    def is_session(self, value: str) -> bool:
        """True for a cookie that we signed, that has not expired, and that was not signed out."""
        return self._end(value) > now_ms() // 1000 and value.partition(".")[0] not in self._ended

    def end_session(self, value: str) -> None:
        """Sign a session out, wherever a copy of its cookie is; one that is none changes nothing."""
        present, end = now_ms() // 1000, self._end(value)
        if end > present:
            self._ended = {one: until for one, until in self._ended.items() if until > present}
            self._ended[value.partition(".")[0]] = end

    def _token_of(self, cookie: str) -> PageToken | None:
        """The token with a name by which a session began; looked up each time, so that its end is the session's."""
        digest = _digest_in(cookie) if self.is_session(cookie) else ""
        if not digest:
            return None
        present = now_ms()
        return next(
            (one for one in self._tokens.all() if one.digest == digest and one.ends_ms > present), None
        )

    def _end(self, value: str) -> int:
        """Until when the cookie that we signed is good, in seconds; 0 if we did not."""
        content, _, signature = value.partition(".")
        until = content.partition("-")[0]
        signed = hmac.compare_digest(_bytes(signature), self._signature(content).encode())
        return int(until) if signed and until.isdigit() else 0

    def _signature(self, content: str) -> str:
        return hmac.new(self._token, _bytes(f"funnelwatch session {content}"), hashlib.sha256).hexdigest()

    def wait_s(self, address: str) -> int:
        """Seconds an address must wait before it may offer a token again; 0 if it may now."""
        now = monotonic()
        own = [at for at in self._wrong.get(address, ()) if now - at < ATTEMPT_SPAN_S]
        return max(1, int(ATTEMPT_SPAN_S - (now - own[0]))) if len(own) >= ATTEMPTS_PER_ADDRESS else 0

    def was_wrong(self, address: str) -> None:
        """Count a wrong token."""
        attempts = self._wrong.pop(address, [])  # the newest at the end
        self._wrong[address] = [*attempts[-ATTEMPTS_PER_ADDRESS + 1 :], monotonic()]
        if len(self._wrong) > _MAX_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]

    def address(self, request: web.Request) -> str:
        """Whose attempts are counted together."""
        return self._visitors.address(request)

    def sign_in(self, request: web.Request, response: web.Response, token: PageToken | None = None) -> None:
        """Give the reader a session."""
        response.set_cookie(
            COOKIE,
            self.session(token),
            max_age=SESSION_S,
            httponly=True,
            samesite="Strict",
            secure=self._https or request.secure,
            path="/",
        )

    def challenge(self, request: web.Request) -> web.Response | None:
        """None when the reader may do what is asked, else the answer to give; ``request`` then says who it is.

        Raises:
            TokensDamagedError: the tokens cannot be read.
        """
        scheme, _, offered = request.headers.get("Authorization", "").partition(" ")
        offered = offered.strip() if scheme.lower() == "bearer" else ""
        cookie = request.cookies.get(COOKIE, "")
        token = self._tokens.find(offered) or self._token_of(cookie)
        if token is not None:
            request[READER] = f"token {token.name}"
            return _out_of_scope(request, token)
        if not self.needs_token:
            return None if is_loopback(request.url.host or "") else _foreign_name()
        if self.is_session(cookie) and not _digest_in(cookie):
            request[READER] = f"session {cookie.partition('.')[0][-6:]}"
            return None
        if offered:
            address = self.address(request)
            wait = self.wait_s(address)
            if wait:
                return problem(429, "too_many_attempts", f"wait {wait} s", {"Retry-After": str(wait)})
            if self.is_token(offered):
                request[READER] = "page token"
                return None
            self.was_wrong(address)
        return _asked_for_token(request)

    async def audited(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What ``handler`` answers. A write is in the audit log before it is done, and a rejected one has a second entry that says so.

        Raises:
            OSError: it cannot be noted, and is not done.
            AuditDamagedError: the same.
        """
        if request.method in _READING or request.path in _NO_WRITES:
            return await handler(request)
        who = request.get(READER)
        what, source = f"{request.method} {_shown(request)}", self.address(request)
        if who is None and self.needs_token:  # by a link: whoever has none must not be able to fill the log
            answer = await handler(request)
            if answer.status < 400:
                await asyncio.to_thread(record, self._data, "link", what, source)
            return answer
        entry = await asyncio.to_thread(record, self._data, who or "loopback", what, source)
        try:
            answer = await handler(request)
        except web.HTTPException as raised:
            await self._say_rejected(entry, raised.status)
            raise
        except Exception:
            await self._say_rejected(entry, 500)
            raise
        await self._say_rejected(entry, answer.status)
        return answer

    async def _say_rejected(self, entry: AuditEntry, status: int) -> None:
        if status >= 400:
            await asyncio.to_thread(
                record, self._data, entry.who, f"rejected with {status}", entry.source, entry.number
            )


def _shown(request: web.Request) -> str:
    """The path; that of a link without its token."""
    resource = request.match_info.route.resource
    return request.path if resource is None or "{token}" not in resource.canonical else resource.canonical


def _digest_in(cookie: str) -> str:
    """The digest of the token with a name by which a session began; empty if it began with the page's own."""
    parts = cookie.partition(".")[0].split("-")
    return parts[2] if len(parts) > 2 else ""


def _foreign_name() -> web.Response:
    return problem(403, "foreign_name", "without a token the page answers only to localhost or 127.0.0.1")


def _out_of_scope(request: web.Request, token: PageToken) -> web.Response | None:
    wanted = scope_of(request)
    if token.scope.allows(wanted):
        return None
    return problem(
        403, "not_allowed", f"the token {token.name} may {token.scope}; this takes one that may {wanted}"
    )


def _asked_for_token(request: web.Request) -> web.Response:
    if wants_page(request):
        target = local_path(request.path_qs) if request.method == "GET" else "/"
        return web.Response(
            status=303,
            headers={"Location": str(request.url.with_path("/sign-in").with_query(to=target).relative())},
        )
    return problem(
        401,
        "token_needed",
        "send the page token as `Authorization: Bearer TOKEN`",
        {"WWW-Authenticate": 'Bearer realm="funnelwatch"'},
    )


def scope_of(request: web.Request) -> Scope:
    """What a request takes."""
    if request.method in _READING:
        return Scope.READ
    return Scope.ACT if request.path.startswith(ACTING_PATHS) else Scope.CONFIGURE


def _bytes(text: str) -> bytes:
    """Of a header's text, which may hold bytes that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def wants_page(request: web.Request) -> bool:
    """True where a person looks, false for the API and for the page's own script."""
    return not request.path.startswith("/api/") and "X-Funnelwatch-Fragment" not in request.headers


def guard(access: Access, open_paths: tuple[str, ...] = ()) -> Middleware:
    """The middleware that asks ``access`` first and puts the security headers on every answer.

    ``open_paths`` are beginnings of paths that need no sign-in, besides ``OPEN_PATHS``.
    """
    is_open = (*OPEN_PATHS, *open_paths)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            challenge = None if request.path.startswith(is_open) else access.challenge(request)
            response = challenge if challenge is not None else await access.audited(request, handler)
        except (TokensDamagedError, AuditDamagedError) as error:
            response = problem(503, "access_unavailable", str(error))
        except web.HTTPException as raised:
            raised.headers.update(SECURITY_HEADERS)
            raise
        response.headers.update(SECURITY_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
