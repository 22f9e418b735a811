"""What the mappings of Shopify's bodies share: a row with the connection's terms, and values read with their own names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.json_paths import MISSING
from scoring.sources.json_values import (
    UnreadableValueError,
    answer_of,
    is_given,
    moment_of,
    money_of,
    shown,
    text_of,
    whole_of,
)
from scoring.sources.translated import ConnectionTerms, MappingGap, Translated


@dataclass(frozen=True, slots=True)
class ShopifyTerms:
    """What of a connection's settings its mapping wants.

    Attributes:
        version: of the API, as asked for.
        cod: parts of the names of gateways by which the buyer pays on delivery, in small letters.
        has_carts: carts by webhook count as adds to cart.
    """

    version: str
    cod: tuple[str, ...] = ()
    has_carts: bool = False


@dataclass(frozen=True, slots=True)
class ShopifyReading:
    """One delivery while it is translated."""

    delivery: RawDelivery
    terms: ConnectionTerms
    done: Translated

    @property
    def own(self) -> ShopifyTerms:
        """The source's part of the settings."""
        own: ShopifyTerms = self.terms.settings
        return own

    @property
    def store(self) -> str:
        """A connection is one shop, so its first store."""
        return self.terms.stores[0]

    @property
    def currency(self) -> str:
        """Of the store."""
        return self.terms.currencies.get(self.store, "")

    @property
    def is_past(self) -> bool:
        """Whether the past was asked for."""
        return self.delivery.door is DeliveryDoor.BACKFILL

    @property
    def received_ms(self) -> int:
        """When it came."""
        return self.delivery.received_at_ms

    def gap(self, what: str, name: str, value: str = "") -> None:
        """Name what is new."""
        self.done.gaps.append(MappingGap(what, name, value[:64]))

    def leave_out(self, why: str = "") -> None:
        """Name a delivery that is known and not needed."""
        self.done.left_out.append(f"{self.delivery.topic} {why}".strip())

    def word(self, value: str, name: str, known: Mapping[str, Any] | frozenset[str]) -> str:
        """A word of a closed list in small letters; a new one is named, and empty."""
        small = value.lower()
        if small and small not in known:
            self.gap("value", name, small)
            return ""
        return small


class JsonObject:
    """An object of a body: each value read as what it must be.

    Raises:
        UnreadableValueError: it is not an object.
    """

    __slots__ = ("values",)

    def __init__(self, values: Any) -> None:
        if not isinstance(values, dict):
            raise UnreadableValueError(f"expected an object, got {shown(values)}")
        self.values: dict[str, Any] = values

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def at(self, *names: str) -> Any:
        """The value at a path of names, MISSING if it ends before."""
        found: Any = self.values
        for name in names:
            found = found.get(name, MISSING) if isinstance(found, dict) else MISSING
        return found

    def text(self, *names: str) -> str:
        """An id or a word; empty for nothing."""
        return text_of(self.at(*names), ".".join(names))

    def moment(self, *names: str) -> int:
        """A time; Shopify's have an offset, and where one has none it is UTC."""
        return moment_of(self.at(*names), ".".join(names), "UTC")

    def money(self, *names: str) -> str:
        """Decimal text."""
        return money_of(self.at(*names), ".".join(names))

    def whole(self, *names: str) -> int:
        """A whole number."""
        return whole_of(self.at(*names), ".".join(names))

    def answer(self, *names: str) -> bool | None:
        """Yes, no or unknown."""
        return answer_of(self.at(*names), ".".join(names))

    def rows(self, *names: str) -> Iterator[JsonObject]:
        """The objects of a list; none where there is no list."""
        found = self.at(*names)
        if is_given(found) and not isinstance(found, list):
            raise UnreadableValueError(f"`{'.'.join(names)}`: expected a list, got {shown(found)}")
        yield from (JsonObject(one) for one in (found if isinstance(found, list) else ()))


def number_of(gid: str) -> str:
    """The number at the end of a global id: ``gid://shopify/Order/12`` is 12, as the webhooks write it."""
    return gid.partition("?")[0].rpartition("/")[2]
