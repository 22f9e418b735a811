"""Who may do what: tokens, sessions, the stores of each, the limit of attempts, and the headers that keep a page to itself.

The one place where page, API and what asks the API (``funnelwatch mcp``) are opened. Without a token and without a provider the page
serves loopback only, and only under a loopback name, so that a foreign site cannot reach it by pointing its own name at 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.clickhouse.seen import seeing
from streams.clock import monotonic, now_ms
from streams.config.model import Config
from streams.config.rights import EVERYTHING, Rights, rights_of_account, rights_of_token
from streams.instance.audit import AuditDamagedError, AuditEntry, record
from streams.instance.page_tokens import PageToken, Scope, TokenBook
from streams.settings import Settings
from streams.web.frame.errors import PageNotSafeError
from streams.web.frame.forms import PERSON
from streams.web.frame.origin import ClientAddresses, local_path
from streams.web.frame.problems import problem
from streams.web.frame.sessions import COOKIE, Account, PageSession, PageSessions

#: of a request: who sent it, as the audit log shows them, and what they may do
READER = web.RequestKey("reader", str)
RIGHTS = web.RequestKey("rights", Rights)
#: beginnings of paths at which people act on alerts, and the end of that of advice; whoever writes elsewhere configures
ACTING_PATHS = ("/alerts/", "/api/v1/alerts/", "/silences/", "/sign-out")
ADVICE_PATH = "/evaluation/advice"
#: methods that change nothing
_READING = ("GET", "HEAD", "OPTIONS")
_NO_WRITES = ("/sign-in", "/sign-out")
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
    """Decides who may do what. One per process."""

    def __init__(self, settings: Settings, config: Config) -> None:
        self._tokens = TokenBook(settings)
        self._config = config
        self._data = settings.data
        self._token = settings.page_token.get_secret_value().encode()
        self._https = settings.public_url.startswith("https:")
        self._visitors = ClientAddresses(settings.trusted_proxies)
        self._wrong: dict[str, list[float]] = {}
        self.has_provider = bool(settings.oidc_issuer)
        self.sessions = PageSessions(settings)
        if not self.needs_sign_in and not is_loopback(settings.page_host):
            raise PageNotSafeError(
                f"the page would listen on {settings.page_host} without a token; "
                "set FUNNELWATCH_PAGE_TOKEN, or FUNNELWATCH_PAGE_HOST=127.0.0.1"
            )

    @property
    def needs_sign_in(self) -> bool:
        """False on loopback without a token and without a provider."""
        return bool(self._token) or self.has_provider

    def is_token(self, offered: str) -> bool:
        """True for the page's token, in time that does not depend on where it differs."""
        same = hmac.compare_digest(
            hashlib.sha256(_bytes(offered)).digest(), hashlib.sha256(self._token).digest()
        )
        return bool(self._token) and same

    def token_named(self, offered: str) -> PageToken | None:
        """The token with a name that is offered, if it is one and has not ended."""
        return self._tokens.find(offered)

    def rights_of(self, account: Account) -> Rights:
        """What an account may do, by the grants as they are configured now."""
        return rights_of_account(self._config, account.claims | {"sub": account.subject})

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

    def sign_in(
        self,
        request: web.Request,
        response: web.Response,
        token: PageToken | None = None,
        account: Account | None = None,
    ) -> None:
        """Give the reader a session: of a token, else of an account, else of the page's own token.

        Raises:
            SessionTooLargeError: the account has too many claims.
        """
        self.set_cookie(
            request,
            response,
            COOKIE,
            self.sessions.begin(token.digest if token else "", account),
            self.sessions.lasts_s,
        )

    def set_cookie(
        self, request: web.Request, response: web.Response, name: str, value: str, lasts_s: int
    ) -> None:
        """Give the browser a cookie that scripts cannot read and that no other site can send along with a form."""
        response.set_cookie(
            name,
            value,
            max_age=lasts_s,
            httponly=True,
            # Lax, not Strict: people come from a provider and from links in mails, and would seem signed out; forms carry a token
            samesite="Lax",
            secure=self._https or request.secure,
            path="/",
        )

    def challenge(self, request: web.Request, whole: Collection[str] = ()) -> web.Response | None:
        """None when the reader may do what is asked, else the answer to give; ``request`` then says who it is and what they may.

        Args:
            whole: patterns of paths that are about all stores at once.
        """
        scheme, _, offered = request.headers.get("Authorization", "").partition(" ")
        offered = offered.strip() if scheme.lower() == "bearer" else ""
        session = self.sessions.read(request.cookies.get(COOKIE, ""))
        token = self._tokens.find(offered) or self._token_of(session)
        if token is not None:
            return _admitted(request, f"token {token.name}", rights_of_token(self._config, token), whole)
        if not self.needs_sign_in:
            return None if is_loopback(request.url.host or "") else _foreign_name()
        if session is not None and session.account is not None and self.has_provider:
            account = session.account
            request[PERSON] = account.name
            who = f"person {account.name} ({account.subject})"
            return _admitted(request, who, self.rights_of(account), whole)
        if session is not None and session.account is None and not session.digest and self._token:
            return _admitted(request, f"session {session.session_id[-6:]}", EVERYTHING, whole)
        if offered:
            address = self.address(request)
            wait = self.wait_s(address)
            if wait:
                return problem(429, "too_many_attempts", f"wait {wait} s", {"Retry-After": str(wait)})
            if self.is_token(offered):
                return _admitted(request, "page token", EVERYTHING, whole)
            self.was_wrong(address)
        return _asked_for_token(request)

    def _token_of(self, session: PageSession | None) -> PageToken | None:
        """The token with a name by which a session began; looked up each time, so that its end is the session's."""
        if session is None or not session.digest:
            return None
        present = now_ms()
        return next(
            (one for one in self._tokens.all() if one.digest == session.digest and one.ends_ms > present),
            None,
        )

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
        if who is None and self.needs_sign_in:  # by a link: whoever has none must not be able to fill the log
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
    pattern = _pattern(request)
    return pattern if "{token}" in pattern else request.path


def _foreign_name() -> web.Response:
    return problem(403, "foreign_name", "without a token the page answers only to localhost or 127.0.0.1")


def _admitted(request: web.Request, who: str, rights: Rights, whole: Collection[str]) -> web.Response | None:
    """None if whoever has these rights may do what is asked."""
    request[READER], request[RIGHTS] = who, rights
    wanted = scope_of(request)
    if not rights.allows(wanted):
        return problem(403, "not_allowed", f"{who} may not {wanted}")
    if _pattern(request) in whole and rights.stores(wanted) is not None:
        return problem(403, "not_allowed", f"this is about all stores, and {who} may {wanted} some only")
    return None


def _pattern(request: web.Request) -> str:
    """The pattern of a request's path, such as ``/stores/{store}``."""
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical


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
    is_acting = request.path.startswith(ACTING_PATHS) or request.path.endswith(ADVICE_PATH)
    return Scope.ACT if is_acting else Scope.CONFIGURE


def _bytes(text: str) -> bytes:
    """Of a header's text, which may hold bytes that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def wants_page(request: web.Request) -> bool:
    """True where a person looks, false for the API and for the page's own script."""
    return not request.path.startswith("/api/") and "X-Funnelwatch-Fragment" not in request.headers


def guard(
    access: Access,
    not_allowed: Callable[[web.Request], web.Response],
    open_paths: tuple[str, ...] = (),
    whole: Collection[str] = frozenset(),
) -> Middleware:
    """The middleware that asks ``access`` first, limits what is read to the reader's stores, and puts the security headers on every answer.

    ``open_paths`` are beginnings of paths that need no sign-in, besides ``OPEN_PATHS``; ``whole`` are patterns of paths about all stores.
    ``not_allowed`` makes the page that says to a person that they may not.
    """
    is_open = (*OPEN_PATHS, *open_paths)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            challenge = None if request.path.startswith(is_open) else access.challenge(request, whole)
            if challenge is not None:
                is_for_person = challenge.status == 403 and RIGHTS in request and wants_page(request)
                response: web.StreamResponse = not_allowed(request) if is_for_person else challenge
            else:
                with seeing(request.get(RIGHTS, EVERYTHING).stores(scope_of(request))):
                    response = await access.audited(request, handler)
        except AuditDamagedError as error:
            response = problem(503, "access_unavailable", str(error))
        except web.HTTPException as raised:
            raised.headers.update(SECURITY_HEADERS)
            raise
        response.headers.update(SECURITY_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
