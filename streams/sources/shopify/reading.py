"""What the mappings of Shopify's bodies share: what they want of the connection, and Shopify's way to write words and ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from scoring.records.order_facts import OrderChannel
from streams.sources.reading import DeliveryReading

#: where an order is made, by Shopify's ``source_name``: the checkout of the shop's own pages, the Shop app, and those without a page
CHANNELS: Mapping[str, OrderChannel] = {
    "web": OrderChannel.PAGE,
    "580111": OrderChannel.PAGE,
    "shop": OrderChannel.APP,
    "shop_app": OrderChannel.APP,
    "3890849": OrderChannel.APP,
    "pos": OrderChannel.POS,
    "shopify_draft_order": OrderChannel.STAFF,
    "iphone": OrderChannel.STAFF,
    "android": OrderChannel.STAFF,
    "subscription_contract": OrderChannel.SUBSCRIPTION,
    "subscription_contract_checkout_one": OrderChannel.SUBSCRIPTION,
}


@dataclass(frozen=True, slots=True)
class ShopifyTerms:
    """What of a connection's settings its mapping wants.

    Attributes:
        version: of the API, as asked for.
        cod: parts of the names of gateways by which the buyer pays on delivery, in small letters.
        has_carts: carts by webhook count as adds to cart.
        channels: where an order is made, by its source name, besides those that are known.
    """

    version: str
    cod: tuple[str, ...] = ()
    has_carts: bool = False
    channels: Mapping[str, OrderChannel] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShopifyReading(DeliveryReading):
    """One delivery of Shopify. A connection is one shop, so its first store."""

    @property
    def own(self) -> ShopifyTerms:
        """The source's part of the settings."""
        own: ShopifyTerms = self.terms.settings
        return own

    def made_in(self, source_name: str) -> OrderChannel:
        """Where an order of this source name is made; numbers are apps of others, which may have pages."""
        name = source_name.strip().lower()
        known = self.own.channels.get(name) or CHANNELS.get(name)
        if known is None and "agent" in name:
            return OrderChannel.AGENT
        return known or OrderChannel.UNKNOWN

    def small_word(self, value: str, name: str, known: Collection[str]) -> str:
        """A word of a closed list in small letters; a new one is named, and empty."""
        return self.word(value.lower(), name, known)


def number_of(gid: str) -> str:
    """The number at the end of a global id: ``gid://shopify/Order/12`` is 12, as the webhooks write it."""
    return gid.partition("?")[0].rpartition("/")[2]
