"""Pseudonyms: a keyed hash in place of a person's id, so that what is kept cannot be turned back without the key.

On the path of an event: called by ``scoring/events/parsing.py`` before an event takes its canonical form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from scoring.events.personal_values import is_plain_id, mask_id

#: five bits of each byte, in the alphabet of base32 (RFC 4648) in small letters
_ALPHABET = bytes(b"abcdefghijklmnopqrstuvwxyz234567"[byte & 31] for byte in range(256))
#: 16 letters of 5 bits: 80 bits, a collision among a billion ids of one store is under one in a million
_LETTERS = 16
_READY_MADE = re.compile(r"~([a-z2-7]{16})")
_MAX_REMEMBERED = 200_000


def is_marked(raw: str) -> bool:
    """Whether ``raw`` is a pseudonym in the form in which dead letters hold it, and not an id that begins with a tilde."""
    return _READY_MADE.fullmatch(raw) is not None


def marked(pseudonym: str) -> str:
    """A pseudonym in the form in which ``Pseudonyms.of`` takes it back, for dead letters and raw deliveries."""
    return f"~{pseudonym}" if pseudonym else ""


def kept_id(raw: str, pseudonym: Callable[[str], str]) -> str:
    """The id of a thing (an order, an event, a product, a line) as it is kept: itself, or its pseudonym if it holds personal data.

    A mask would make two orders one. An id in the form of a marked pseudonym gets one, too: at a door that takes ours back it is that
    pseudonym, at any other a sender's own text.

    Args:
        raw: as the sender wrote it.
        pseudonym: of an id in its store; the same by whichever door it comes.
    """
    if is_plain_id(raw):
        return raw
    plain = raw.strip()
    return pseudonym(plain) if is_marked(plain) or mask_id(plain) != plain else raw


def kept_order_id(raw: str, pseudonym: Callable[[str], str]) -> str:
    """The id of an order as ``kept_id``, without the blanks around it: pages write them, servers do not."""
    return kept_id(raw.strip(), pseudonym)


class Pseudonyms:
    """Gives the pseudonym of an id within a store. The same key, store and id always give the same letters.

    Ids of different stores do not meet, and visitor, buyer and session ids of one store share one space, so that a
    visitor known by the buyer's id is seen to be the buyer.
    """

    def __init__(self, key: str) -> None:
        """Use ``key``, any text; hashed first, so that its length does not matter."""
        self._keyed = hashlib.blake2b(digest_size=_LETTERS, key=hashlib.blake2b(key.encode()).digest())
        self._remembered: dict[tuple[str, str], str] = {}

    def of(self, store_id: str, raw: str) -> str:
        """Like ``of_sender``, for what we wrote ourselves: ``~`` and sixteen letters, as a dead letter holds it, is one already."""
        ready = _READY_MADE.fullmatch(raw)
        return ready.group(1) if ready else self.of_sender(store_id, raw)

    def of_sender(self, store_id: str, raw: str) -> str:
        """The pseudonym of ``raw`` in ``store_id``; empty for an empty id.

        Whatever a sender gives is an id: it must not name itself as somebody whose pseudonym it has seen.
        """
        if not raw:
            return ""
        known = self._remembered.get((store_id, raw))
        if known is not None:
            return known
        keyed = self._keyed.copy()
        keyed.update(
            store_id.encode("utf-8", "surrogatepass") + b"\x00" + raw.encode("utf-8", "surrogatepass")
        )
        made = keyed.digest().translate(_ALPHABET).decode("ascii")
        if len(self._remembered) >= _MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[(store_id, raw)] = made
        return made

    def erasure_mark(self, store_id: str, pseudonym: str) -> str:
        """By what somebody who was erased is recognised in an older backup; it says nothing without key and pseudonym."""
        keyed = self._keyed.copy()
        keyed.update(
            b"erased\x00\x00" + store_id.encode("utf-8", "surrogatepass") + b"\x00" + pseudonym.encode()
        )
        return keyed.hexdigest()

    def digest(self, content: bytes) -> str:
        """A keyed digest of what may hold personal data, to recognise it again: without the key nobody can try what it was."""
        keyed = self._keyed.copy()
        keyed.update(b"content\x00\x00" + content)
        return keyed.hexdigest()

    def marked(self, store_id: str, raw: str) -> str:
        """The pseudonym of a sender's id, marked as one."""
        return marked(self.of_sender(store_id, raw))
