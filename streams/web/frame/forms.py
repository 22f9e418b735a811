"""Forms that change something: a token that only this page can have put into them, and a check where a request came from.

The token is made from a random cookie and the instance's link key, so another site can neither read nor guess it. The
browser's own statement of where a request comes from (Sec-Fetch-Site) is checked first; old browsers do not send it, and ``Origin``
is ``null`` under our referrer policy, so neither is enough alone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from scoring.errors import UNDECODABLE
from streams.web.frame.errors import BadQueryError, ForgedFormError

COOKIE = "funnelwatch_form"
NAME_COOKIE = "funnelwatch_who"
#: of a request: the name of the person who is signed in at a provider; they act under no other
PERSON = web.RequestKey("person", str)
_WHO = "who"
FIELD = "form_token"
_NEW_COOKIE = web.RequestKey("new_form_cookie", str)
_NEW_NAME = web.RequestKey("new_name", str)
T = TypeVar("T")
YEAR_S = 365 * 86_400
MAX_NAME = 100
#: what reading a form raises that is not one: no boundary, an unknown charset or transfer encoding, bytes that are not of it, a part
#: without a head, a body that is not compressed as its header says
UNREADABLE_FORM = (
    ValueError,
    LookupError,
    AssertionError,
    RuntimeError,
    TypeError,
    HttpProcessingError,
    web.RequestPayloadError,
)


def comes_from_elsewhere(request: web.Request) -> bool:
    """True if the browser says that another site sent the request."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin", "null")
    try:
        return origin != "null" and urlsplit(origin).netloc != request.host
    except ValueError:  # not an address
        return True


async def json_of(request: web.Request, wanted: type[T]) -> T:
    """The action that a program sent.

    Raises:
        BadQueryError: it is not JSON of that form, or a browser sent it from another page.
    """
    if request.content_type != "application/json":
        raise BadQueryError("send the action as JSON with Content-Type: application/json")
    if comes_from_elsewhere(request):
        raise BadQueryError("a browser may act from this page only")
    try:
        action = msgspec.json.decode(await request.read(), type=wanted)
    except UNDECODABLE as error:
        raise BadQueryError(f"the action is not valid JSON: {error}") from error
    if PERSON in request and isinstance(action, msgspec.Struct) and _WHO in action.__struct_fields__:
        action = msgspec.structs.replace(action, **{_WHO: request[PERSON]})
    return action


class Forms:
    """Makes and checks the tokens of forms. One per process."""

    def __init__(self, key: str, https: bool) -> None:
        self._key = key.encode()
        self._https = https

    def _token_of(self, cookie: str) -> str:
        return hmac.new(self._key, b"funnelwatch form\0" + _bytes(cookie), hashlib.sha256).hexdigest()

    def token(self, request: web.Request) -> str:
        """The token for a form on the answer to ``request``; the middleware gives the reader its cookie."""
        cookie = request.cookies.get(COOKIE) or request.get(_NEW_COOKIE)
        if not cookie:
            cookie = secrets.token_urlsafe(18)
            request[_NEW_COOKIE] = cookie
        return self._token_of(cookie)

    def check(self, request: web.Request, form: Mapping[str, str]) -> None:
        """Nothing, if the form is ours.

        Raises:
            ForgedFormError: it is not.
        """
        cookie = request.cookies.get(COOKIE, "")
        right = cookie and hmac.compare_digest(_bytes(form.get(FIELD, "")), self._token_of(cookie).encode())
        if comes_from_elsewhere(request) or not right:
            raise ForgedFormError

    def middleware(self) -> Middleware:
        """Gives the cookie to readers who were given a form, and remembers the name they act under."""

        @web.middleware
        async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await handler(request)
            for name, value in ((COOKIE, request.get(_NEW_COOKIE)), (NAME_COOKIE, request.get(_NEW_NAME))):
                if value:
                    # Lax, not Strict: the first visit often comes from a link in a mail, and must not change the token
                    response.set_cookie(
                        name,
                        value,
                        max_age=YEAR_S,
                        samesite="Lax",
                        httponly=True,
                        secure=self._https or request.secure,
                    )
            return response

        return keep


def name_of(request: web.Request) -> str:
    """The name of the reader's account, else the one under which the reader acted last; empty if never."""
    if PERSON in request:
        return request[PERSON][:MAX_NAME]
    name = unquote(request.cookies.get(NAME_COOKIE, ""))[:MAX_NAME]
    return name.encode("utf-8", "replace").decode()


def remember_name(request: web.Request, name: str) -> None:
    """Keep the name for the next action; that of an account is known anyway."""
    if PERSON in request:
        return
    request[_NEW_NAME] = quote(name[:MAX_NAME])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


async def fields_of(request: web.Request) -> dict[str, str]:
    """The text fields of the submitted form.

    Raises:
        BadQueryError: it is not a form.
    """
    try:
        form = await request.post()
    except UNREADABLE_FORM as error:
        raise BadQueryError("the form cannot be read") from error
    fields = {key: value for key, value in form.items() if isinstance(value, str)}
    return fields | {_WHO: name_of(request)} if PERSON in request else fields
