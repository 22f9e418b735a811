"""Signed links in messages: one press does one thing to one alert, once, until the link ends.

A link carries what it does, for whom and until when, signed with the instance's link key. Its ``action_id`` is made from
its content, so a second press is the same action and changes nothing. Opening a link does nothing (mail programs open
links): the page asks, and the press of its button does it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from scoring.errors import UNDECODABLE
from streams.errors import InputError

#: how long a link in a message works, in ms
LIFETIME_MS = 7 * 86_400_000


class LinkError(InputError):
    """A link is not ours, was changed or has ended; the page says so and points to the alert."""


class LinkEndedError(LinkError):
    """A link is ours and has ended. ``alert_id`` is the alert that it was for."""

    def __init__(self, alert_id: str) -> None:
        super().__init__("this link has ended; open the alert on the page instead")
        self.alert_id = alert_id


class Link(msgspec.Struct, frozen=True, array_like=True):
    """What a link does. ``kind`` is a ``scoring.wording.cards.ActionKind``."""

    alert_id: str
    kind: str
    receiver: str
    ends_ms: int

    @property
    def action_id(self) -> str:
        """The id of the action that this link makes: equal for every press of it."""
        return "link-" + hashlib.blake2b(msgspec.json.encode(self), digest_size=16).hexdigest()


def _signature(key: str, body: bytes) -> bytes:
    return hmac.new(key.encode(), b"funnelwatch-link\0" + body, hashlib.sha256).digest()[:20]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(link: Link, key: str) -> str:
    """The token that goes into the address."""
    body = msgspec.json.encode(link)
    return f"{_text(body)}.{_text(_signature(key, body))}"


def verify(token: str, key: str, now_ms: int) -> Link:
    """The link behind ``token``.

    Raises:
        LinkEndedError: the link was ours and has ended.
        LinkError: the token is not ours or was changed.
    """
    try:
        body, _, signed = token.partition(".")
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        given = base64.urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
        if not key or not hmac.compare_digest(given, _signature(key, raw)):
            raise LinkError("this link is not valid")
        link = msgspec.json.decode(raw, type=Link)
    except (binascii.Error, *UNDECODABLE) as error:
        raise LinkError("this link is not valid") from error
    if now_ms >= link.ends_ms:
        raise LinkEndedError(link.alert_id)
    return link
