"""The sign-in form: a token in, a session cookie out, attempts limited."""

from __future__ import annotations

from aiohttp import web

from streams.web.frame.access import COOKIE
from streams.web.frame.forms import fields_of
from streams.web.frame.origin import local_path
from streams.web.frame.routes import PageRoute, Routes
from streams.web.frame.subject import PageServices, Subject
from streams.web.sign_in.words import SIGN_IN_WORDS


class SignInPages:
    """The handlers of sign-in and sign-out."""

    def __init__(self, services: PageServices) -> None:
        self._access, self._renderer, self._forms = services.access, services.renderer, services.forms

    async def form(self, request: web.Request) -> web.Response:
        """GET /sign-in: the form."""
        if not self._access.needs_token:
            return web.Response(status=303, headers={"Location": "/"})
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
        if named is None and not (self._access.needs_token and self._access.is_token(offered)):
            self._access.was_wrong(address)
            return self._show(request, 401, target, word("wrong_token"))
        response = web.Response(status=303, headers={"Location": target})
        self._access.sign_in(request, response, named)
        return response

    async def leave(self, request: web.Request) -> web.Response:
        """POST /sign-out: the session ends, if this page's own button was pressed."""
        self._forms.check(request, await fields_of(request))
        self._access.end_session(request.cookies.get(COOKIE, ""))
        response = web.Response(status=303, headers={"Location": "/sign-in"})
        response.del_cookie(COOKIE, path="/")
        return response

    def _show(self, request: web.Request, code: int, target: str, failure: str) -> web.Response:
        return self._renderer.render(
            request, "sign_in/sign_in.html", code, here="", to=target, failure=failure
        )


def _routes(services: PageServices) -> Routes:
    pages = SignInPages(services)
    return Routes(
        pages=(
            PageRoute("/sign-in", pages.form),
            PageRoute("/sign-in", pages.enter, "POST"),
            PageRoute("/sign-out", pages.leave, "POST"),
        )
    )


SUBJECT = Subject(__file__, build=_routes, words=SIGN_IN_WORDS, open_paths=("/sign-in",))
