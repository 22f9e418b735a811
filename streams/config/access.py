"""Who may do what: grants of ``funnelwatch.yaml`` for people who sign in at the company's provider, and for tokens of a group.

Decides alone; what it decides is enforced in ``streams/web/frame/access.py``, for page and API alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import Field, model_validator

from streams.instance.page_tokens import PageToken, Scope
from streams.schema import ConfigPart

if TYPE_CHECKING:
    from streams.config.model import Config

#: store ids; None is every store, also those that are not configured
Stores: TypeAlias = "frozenset[str] | None"
_NOBODY: frozenset[str] = frozenset()
#: claims that count only if the provider says that it has verified them
_VERIFIED = {"email": "email_verified", "phone_number": "phone_number_verified"}


class GrantConfig(ConfigPart):
    """What people may do whose account at the provider has one of these values."""

    name: Annotated[str, Field(min_length=1, max_length=64)] = Field(description="What you call it.")
    claim: str = Field(
        "groups",
        min_length=1,
        description="The claim of the account to look at, such as groups, roles, email or sub.",
    )
    values: tuple[str, ...] = Field(
        min_length=1, description='Values of the claim, of which the account has one; "*" is any value.'
    )
    may: Scope = Field(
        Scope.READ, description="read; act: also handle alerts and advice; configure: everything."
    )
    group: str = Field("", description="Only stores of this group of `groups`; default: all stores.")
    stores: tuple[str, ...] = Field((), description="Only these store ids, or patterns such as us-*.")

    @model_validator(mode="after")
    def _of_group_or_stores(self) -> GrantConfig:
        if self.group and self.stores:
            raise ValueError("give `group` or `stores`, not both")
        return self

    def takes(self, claims: Mapping[str, Any]) -> bool:
        """Whether it is for the account with these claims."""
        check = _VERIFIED.get(self.claim)
        if check is not None and claims.get(check) is not True:
            return False
        given = claims.get(self.claim)
        have = {str(one) for one in (given if isinstance(given, list) else [given]) if one not in (None, "")}
        return bool(have) if "*" in self.values else not have.isdisjoint(self.values)


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


def claims_that_matter(grants: Iterable[GrantConfig]) -> frozenset[str]:
    """The claims that decide what somebody may do: all that a session keeps of an account besides its name."""
    names = {grant.claim for grant in grants}
    return frozenset(names | {_VERIFIED[name] for name in names if name in _VERIFIED})
