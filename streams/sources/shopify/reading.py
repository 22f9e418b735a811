"""What the mappings of Shopify's bodies share: what they want of the connection, and Shopify's way to write words and ids."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from streams.sources.reading import DeliveryReading


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
class ShopifyReading(DeliveryReading):
    """One delivery of Shopify. A connection is one shop, so its first store."""

    @property
    def own(self) -> ShopifyTerms:
        """The source's part of the settings."""
        own: ShopifyTerms = self.terms.settings
        return own

    def small_word(self, value: str, name: str, known: Collection[str]) -> str:
        """A word of a closed list in small letters; a new one is named, and empty."""
        return self.word(value.lower(), name, known)


def number_of(gid: str) -> str:
    """The number at the end of a global id: ``gid://shopify/Order/12`` is 12, as the webhooks write it."""
    return gid.partition("?")[0].rpartition("/")[2]
