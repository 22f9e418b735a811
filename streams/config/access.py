"""Who may do what: grants of ``funnelwatch.yaml`` for people who sign in at the company's provider.

What they allow is decided in ``streams/config/rights.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from streams.instance.page_tokens import Scope
from streams.schema import ConfigPart

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


def claims_that_matter(grants: Iterable[GrantConfig]) -> frozenset[str]:
    """The claims that decide what somebody may do: all that a session keeps of an account besides its name."""
    names = {grant.claim for grant in grants}
    return frozenset(names | {_VERIFIED[name] for name in names if name in _VERIFIED})
