"""What the mappings of Shopify's bodies share: a row with the connection's terms, and values read with their own names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
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


def number_of(gid: str) -> str:
    """The number at the end of a global id: ``gid://shopify/Order/12`` is 12, as the webhooks write it."""
    return gid.partition("?")[0].rpartition("/")[2]
