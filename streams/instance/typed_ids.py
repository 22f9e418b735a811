"""Ids as people type them, and as they are kept: one that holds personal data, and every person's, is kept as its pseudonym.

Whoever looks for what somebody typed asks here first; a search for the typed text itself would find nothing, and say so in vain.
"""

from __future__ import annotations

import re
from functools import cached_property, partial

from scoring.events.pseudonyms import Pseudonyms, kept_order_id
from streams.errors import InputError
from streams.instance.files import HASH_KEY, secret
from streams.settings import Settings

_PSEUDONYM = re.compile(r"~?([a-z2-7]{16})")


class NoHashKeyError(InputError):
    """The key of the pseudonyms is not here, so nobody knows under which name an id is kept. Pages and commands print it."""


def pseudonyms_of(settings: Settings) -> Pseudonyms:
    """The pseudonyms of an instance.

    Raises:
        NoHashKeyError: their key is not here.
    """
    key = settings.hash_key.get_secret_value()
    if not key and not (settings.data / "secrets" / HASH_KEY).exists():
        raise NoHashKeyError(  # a new one would give another pseudonym, under which nothing is kept of anybody
            f"the key of the pseudonyms is neither in {settings.data} nor in FUNNELWATCH_HASH_KEY"
        )
    return Pseudonyms(key or secret(settings.data, HASH_KEY))


class TypedIds:
    """What a typed id is kept as.

    Args:
        settings: name the key of the pseudonyms; it is read when an id needs it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _pseudonyms(self) -> Pseudonyms:
        return pseudonyms_of(self._settings)

    def order(self, store_id: str, typed: str) -> str:
        """An order's id; a pseudonym as pages show it is one already, with or without its tilde.

        Raises:
            NoHashKeyError: the id holds personal data, and the key is not here.
        """
        return kept_order_id(typed, partial(self._of, store_id))

    def person(self, store_id: str, typed: str) -> str:
        """A visitor's, buyer's or session's id, or the pseudonym of one.

        Raises:
            NoHashKeyError: it is not a pseudonym, and the key is not here.
        """
        ready = _PSEUDONYM.fullmatch(typed.strip())
        return ready[1] if ready else self._of(store_id, typed.strip())

    def _of(self, store_id: str, raw: str) -> str:
        return self._pseudonyms.of(store_id, raw)
