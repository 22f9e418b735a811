"""The sign-in form: a token in, a session cookie out, attempts limited."""

from __future__ import annotations

from aiohttp import web

from streams.web.access import COOKIE, Access
from streams.web.pages import Pages


class SignIn:
    """The handlers of sign-in and sign-out."""

    def __init__(self, access: Access, pages: Pages) -> None:
        self._access = access
        self._pages = pages

    async def form(self, request: web.Request) -> web.Response:
        """The form."""
        if not self._access.needs_token:
            return web.Response(status=303, headers={"Location": "/"})
        return self._pages.render(request, "sign_in.html", to=_own(request.query.get("to", "/")), failure="")

    async def enter(self, request: web.Request) -> web.Response:
        """The token is offered."""
        word = self._pages.reader(request).word
        form = await request.post()
        target = _own(str(form.get("to", "/")))
        address = request.remote or ""
        wait = self._access.wait_s(address)
        if wait:
            answer = self._pages.render(request, "sign_in.html", 429, to=target, failure=word("wait", n=wait))
            answer.headers["Retry-After"] = str(wait)
            return answer
        if not self._access.needs_token or not self._access.is_token(str(form.get("token", "")).strip()):
            self._access.was_wrong(address)
            return self._pages.render(request, "sign_in.html", 401, to=target, failure=word("wrong_token"))
        response = web.Response(status=303, headers={"Location": target})
        self._access.sign_in(request, response)
        return response

    async def leave(self, _: web.Request) -> web.Response:
        """The session ends."""
        response = web.Response(status=303, headers={"Location": "/sign-in"})
        response.del_cookie(COOKIE, path="/")
        return response


def _own(target: str) -> str:
    """A path of this page; the overview for anything that leads elsewhere."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
