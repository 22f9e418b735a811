"""Signing in: at the company's provider, or with a token; a session cookie out, attempts limited. And signing out."""

from __future__ import annotations

import msgspec
import structlog
from aiohttp import web

from streams.config.access import claims_that_matter
from streams.instance.page_tokens import Scope
from streams.web.frame.forms import fields_of
from streams.web.frame.origin import local_path
from streams.web.frame.routes import PageRoute, Routes
from streams.web.frame.sessions import COOKIE, SessionTooLargeError
from streams.web.frame.subject import PageServices, Subject
from streams.web.sign_in.provider import (
    BACK_PATH,
    STARTED_S,
    Provider,
    ProviderUnreachableError,
    SignInRejectedError,
    Started,
)
from streams.web.sign_in.words import SIGN_IN_WORDS

_STARTED_COOKIE = "funnelwatch_sign_in"
_log = structlog.get_logger()


class SignInPages:
    """The handlers of sign-in and sign-out."""

    def __init__(self, services: PageServices) -> None:
        self._access, self._renderer, self._forms = services.access, services.renderer, services.forms
        self._settings = services.settings
        self._provider = (
            Provider(services.settings, claims_that_matter(services.config.access))
            if services.settings.oidc_issuer
            else None
        )

    async def form(self, request: web.Request) -> web.Response:
        """GET /sign-in: what to sign in with."""
        if not self._access.needs_sign_in:
            return _to("/")
        return self._show(request, 200, local_path(request.query.get("to", "/")), "")

    async def enter(self, request: web.Request) -> web.Response:
        """POST /sign-in: the token is offered."""
        word = self._renderer.reader(request).word
        form = await fields_of(request)
        target = local_path(form.get("to", "/"))
        address = self._access.address(request)
        wait = self._access.wait_s(address)
        if wait:
            answer = self._show(request, 429, target, word("wait", n=wait))
            answer.headers["Retry-After"] = str(wait)
            return answer
        offered = form.get("token", "").strip()
        named = self._access.token_named(offered)
        if named is None and not self._access.is_token(offered):
            self._access.was_wrong(address)
            return self._show(request, 401, target, word("wrong_token"))
        response = _to(target)
        self._access.sign_in(request, response, named)
        return response

    async def start(self, request: web.Request) -> web.Response:
        """GET /sign-in/start: on to the provider."""
        target = local_path(request.query.get("to", "/"))
        if self._provider is None:
            return _to("/sign-in")
        try:
            address, started = await self._provider.start(target)
        except ProviderUnreachableError as error:
            return self._unreachable(request, target, error)
        response = _to(address)
        kept = self._access.sessions.sealed("started", msgspec.json.encode(started).decode())
        self._access.set_cookie(request, response, _STARTED_COOKIE, kept, STARTED_S)
        return response

    async def back(self, request: web.Request) -> web.Response:
        """GET /sign-in/back: somebody comes back from the provider."""
        if self._provider is None:
            return _to("/sign-in")
        started = self._started(request)
        target = local_path(started.target if started else "/")
        try:
            account = await self._provider.finish(started, request.query)
            response = _to(target)
            if not any(self._access.rights_of(account).allows(scope) for scope in Scope):
                _log.warning("sign_in_rejected", why="no grant of `access` is for this account")
                return self._show(request, 403, target, self._word(request, "no_grant", account.name))
            self._access.sign_in(request, response, account=account)
        except ProviderUnreachableError as error:
            return self._unreachable(request, target, error)
        except SignInRejectedError as error:
            return self._rejected(request, target, str(error))
        except SessionTooLargeError:
            return self._rejected(request, target, "the account has too many groups")
        response.del_cookie(_STARTED_COOKIE, path="/")
        return response

    def _started(self, request: web.Request) -> Started | None:
        text = self._access.sessions.unsealed("started", request.cookies.get(_STARTED_COOKIE, ""))
        return msgspec.json.decode(text, type=Started) if text else None

    async def leave(self, request: web.Request) -> web.Response:
        """POST /sign-out: the session ends, if this page's own button was pressed."""
        self._forms.check(request, await fields_of(request))
        self._access.sessions.end(request.cookies.get(COOKIE, ""))
        response = _to("/sign-in")
        response.del_cookie(COOKIE, path="/")
        return response

    def _word(self, request: web.Request, key: str, name: str = "") -> str:
        return self._renderer.reader(request).word(key, name=name)

    def _unreachable(
        self, request: web.Request, target: str, error: ProviderUnreachableError
    ) -> web.Response:
        _log.warning("provider_unreachable", error=str(error))
        return self._show(request, 503, target, self._word(request, "provider_unreachable"))

    def _rejected(self, request: web.Request, target: str, why: str) -> web.Response:
        _log.warning("sign_in_rejected", why=why)
        answer = self._show(request, 403, target, self._word(request, "sign_in_rejected"))
        answer.del_cookie(_STARTED_COOKIE, path="/")
        return answer

    def _show(self, request: web.Request, code: int, target: str, failure: str) -> web.Response:
        return self._renderer.render(
            request,
            "sign_in/sign_in.html",
            code,
            here="",
            to=target,
            failure=failure,
            provider=self._settings.oidc_name if self._provider else None,
            bare=True,
        )


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})


def _routes(services: PageServices) -> Routes:
    pages = SignInPages(services)
    return Routes(
        pages=(
            PageRoute("/sign-in", pages.form),
            PageRoute("/sign-in", pages.enter, "POST"),
            PageRoute("/sign-in/start", pages.start),
            PageRoute(BACK_PATH, pages.back),
            PageRoute("/sign-out", pages.leave, "POST"),
        )
    )


SUBJECT = Subject(__file__, build=_routes, words=SIGN_IN_WORDS, open_paths=("/sign-in",))
