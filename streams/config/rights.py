"""What somebody may do with which stores: decided here alone, from the grants of the configuration, or for a token.

What it decides is enforced in ``streams/web/frame/access.py``, for page and API alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from streams.config.model import Config
from streams.instance.page_tokens import PageToken, Scope

#: store ids; None is every store, also those that are not configured
Stores: TypeAlias = "frozenset[str] | None"
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rights:
    """The stores of which somebody may read, act on alerts, and configure."""

    read: Stores = _NOBODY
    act: Stores = _NOBODY
    configure: Stores = _NOBODY

    def stores(self, scope: Scope) -> Stores:
        """The stores for which somebody may do this."""
        return {Scope.READ: self.read, Scope.ACT: self.act, Scope.CONFIGURE: self.configure}[scope]

    def allows(self, scope: Scope) -> bool:
        """Whether somebody may do this for any store at all."""
        return self.stores(scope) != _NOBODY

    def and_also(self, scope: Scope, stores: Stores) -> Rights:
        """These rights, and what ``scope`` allows for ``stores``."""
        read, act, configure = (
            _joined(self.stores(one), stores if scope.allows(one) else _NOBODY) for one in Scope
        )
        return Rights(read, act, configure)


def _joined(first: Stores, second: Stores) -> Stores:
    return None if first is None or second is None else first | second


#: of the page's own token, and on loopback without one
EVERYTHING = Rights(None, None, None)


def rights_of_account(config: Config, claims: Mapping[str, Any]) -> Rights:
    """What all grants together allow an account."""
    rights = Rights()
    for grant in config.access:
        if grant.takes(claims):
            rights = rights.and_also(grant.may, _stores(config, grant.stores, grant.group))
    return rights


def rights_of_token(config: Config, token: PageToken) -> Rights:
    """What a token allows. One of a group that is no longer configured allows nothing."""
    return Rights().and_also(token.scope, _stores(config, (), token.group))


def _stores(config: Config, patterns: tuple[str, ...], group: str) -> Stores:
    if not patterns and not group:
        return None
    if group and all(one.name != group for one in config.groups):
        return _NOBODY
    return frozenset(store.id for store in config.chosen(patterns, group))
