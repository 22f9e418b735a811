"""What is behind references to secrets, checked together with where they are used: keys too short or of two kinds, addresses.

Called by ``streams/config/loading.py`` where secrets are at hand (``funnelwatch check``, ``funnelwatch doctor``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from yaml.nodes import Node

from streams.config.errors import ConfigProblem, problem_at
from streams.config.model import Config
from streams.schema import ConfigError

#: a write key shorter than this can be guessed at the collector's rate
MIN_KEY_LETTERS = 8
#: whose address is not a web address
_OTHER_ADDRESSES = frozenset({"apprise"})


def secret_use_problems(
    config: Config, root: Node | None, resolve: Callable[[str], str]
) -> list[ConfigProblem]:
    """Write keys that open more than they should, and receivers at addresses that cannot be posted to."""
    return [*_key_problems(config, root, resolve), *_address_problems(config, root, resolve)]


def _key_problems(
    config: Config, root: Node | None, resolve: Callable[[str], str]
) -> Iterator[ConfigProblem]:
    places: dict[str, tuple[str, str]] = {}
    for number, store in enumerate(config.stores):
        for field in ("keys", "pixel_keys"):
            for at, reference in enumerate(getattr(store, field)):
                key = _resolved(reference, resolve)
                if not key:
                    continue
                loc = ("stores", number, field, at)
                if len(key) < MIN_KEY_LETTERS:
                    text = f"the write key behind {reference} has {len(key)} characters; use 16 random ones or more"
                    yield problem_at(root, loc, text)
                kind, where = places.setdefault(key, (field, f"store {store.id}"))
                if kind != field:
                    text = (
                        f"the key behind {reference} is also in `{kind}` of {where}: a key that appears in pages must not "
                        "open the servers' door; use another one"
                    )
                    yield problem_at(root, loc, text)


def _address_problems(
    config: Config, root: Node | None, resolve: Callable[[str], str]
) -> Iterator[ConfigProblem]:
    for number, receiver in enumerate(config.alerting.receivers):
        reference = getattr(receiver, "url", "")
        if not reference or receiver.channel in _OTHER_ADDRESSES:
            continue
        address = _resolved(reference, resolve)
        try:
            parts = urlsplit(address)
            is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            is_web = False
        if address and not (is_web and address.isprintable()):
            text = f"the value of {reference} is not a web address; expected https://HOST/…"
            yield problem_at(root, ("alerting", "receivers", number, "url"), text)


def _resolved(reference: str, resolve: Callable[[str], str]) -> str:
    try:
        return resolve(reference).strip()
    except ConfigError:
        return ""  # reported where all references are looked behind
