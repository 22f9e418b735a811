"""The cookie of whoever is signed in: signed, with an end, and worth nothing once it was signed out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from functools import cached_property
from typing import Any

import msgspec

from scoring.errors import UNDECODABLE
from streams.clock import now_ms
from streams.errors import RejectedError
from streams.instance.ended_sessions import EndedSessions
from streams.instance.files import secret
from streams.settings import Settings

COOKIE = "funnelwatch_session"
#: browsers drop larger cookies without a word
MAX_BYTES = 3_800


class SessionTooLargeError(RejectedError):
    """An account's claims that matter do not fit into a cookie. Raised by ``PageSessions.begin``; the sign-in page says so."""


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person as the provider names them, with the claims that decide what they may do."""

    subject: str
    name: str
    claims: dict[str, Any] = {}


class PageSession(msgspec.Struct, frozen=True, omit_defaults=True):
    """A session. ``digest`` is that of the token with a name by which it began; without it and without an account: the page's own."""

    session_id: str
    began_s: int
    until_s: int
    digest: str = ""
    account: Account | None = None

    @property
    def subject(self) -> str:
        """Whose it is, as the provider calls them; empty for tokens."""
        return self.account.subject if self.account else ""


class PageSessions:
    """Makes and reads cookies. One per process.

    They are signed with the key of links, which all pages share; those of tokens also with the page's token, so that a new one ends them.
    """

    def __init__(self, settings: Settings) -> None:
        self.lasts_s = round(settings.session_hours * 3600)
        self._settings = settings
        self._token = settings.page_token.get_secret_value().encode()
        self._ended = EndedSessions(settings.data)

    def begin(self, digest: str = "", account: Account | None = None) -> str:
        """A new session's cookie.

        Raises:
            SessionTooLargeError: the account has too many claims.
        """
        present = now_ms() // 1000
        session = PageSession(secrets.token_hex(8), present, present + self.lasts_s, digest, account)
        content = base64.urlsafe_b64encode(msgspec.json.encode(session)).decode().rstrip("=")
        if len(content) > MAX_BYTES:
            raise SessionTooLargeError
        return f"{content}.{self._signature(content, account is not None)}"

    def read(self, cookie: str) -> PageSession | None:
        """The session of a cookie that we signed, that has not expired, and that was not ended."""
        content, _, signature = cookie.partition(".")
        try:
            raw = base64.b64decode(content + "=" * (-len(content) % 4), altchars=b"-_", validate=True)
            session = msgspec.json.decode(raw, type=PageSession)
        except (binascii.Error, *UNDECODABLE):
            return None
        expected = self._signature(content, session.account is not None)
        if not hmac.compare_digest(_bytes(signature), expected.encode()):
            return None
        if session.until_s <= now_ms() // 1000:
            return None
        if self._ended.holds(session.session_id, session.subject, session.began_s):
            return None
        return session

    def end(self, cookie: str) -> None:
        """Sign a session out, wherever a copy of its cookie is; one that is none changes nothing."""
        session = self.read(cookie)
        if session is not None:
            self._ended.end(session.session_id, session.until_s)

    def sealed(self, purpose: str, content: str) -> str:
        """``content`` with a signature for ``purpose``, to be given to a browser and read back by ``unsealed``."""
        text = base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")
        return f"{text}.{_hmac(self._key, f'{purpose} {text}')}"

    def unsealed(self, purpose: str, value: str) -> str:
        """What was sealed; empty if it is not ours."""
        text, _, signature = value.partition(".")
        if not hmac.compare_digest(_bytes(signature), _hmac(self._key, f"{purpose} {text}").encode()):
            return ""
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()

    def _signature(self, content: str, is_person: bool) -> str:
        key = self._key if is_person else self._key + self._token
        return _hmac(key, f"funnelwatch session {content}")

    @cached_property
    def _key(self) -> bytes:
        given = self._settings.link_key.get_secret_value() or secret(self._settings.data, "link_key")
        return b"sign-in\0" + given.encode() + b"\0"


def _hmac(key: bytes, text: str) -> str:
    return hmac.new(key, _bytes(text), hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    """Of a header's text, which may hold bytes that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape")
