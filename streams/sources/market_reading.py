"""What the mappings of marketplaces share: one row with its shop's store. Pure.

A topic is a resource that was asked for or the number of a push; a dot and the shop follow where the account has several.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from scoring.records.order_facts import OrderChannel
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.records.report_row import Period
from scoring.records.seller_metrics import METRIC, TARGET, TargetRule, target_parts
from scoring.sources.json_values import UnreadableValueError
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.json_object import JsonObject
from streams.sources.reading import DeliveryReading, row_of_delivery, set_aside, take_row


class Resource(StrEnum):
    """What marketplaces are asked for; also the topics of what comes of it."""

    ORDERS = "orders"
    RETURNS = "returns"
    CANCELLATIONS = "cancellations"
    NOTIFICATIONS = "notifications"
    LOST_PUSHES = "lost_pushes"
    ADS_HOURS = "ads_hours"
    ADS_DAYS = "ads_days"
    SALES_HOURS = "sales_hours"
    TRAFFIC_DAYS = "traffic_days"
    KIOSK_DAYS = "kiosk_days"
    KIOSK_PRODUCTS = "kiosk_products"
    HEALTH = "health"
    FEEDBACK = "feedback"
    LIVES = "lives"
    PERFORMANCE = "performance"
    SERVICE = "service"
    REVIEWS = "reviews"
    CHATS = "chats"
    LISTINGS = "listings"
    PENALTIES = "penalties"
    PUNISHMENTS = "punishments"
    SHOP = "shop"


#: what was sent before it is fetched
_FETCHED = (Resource.NOTIFICATIONS, Resource.LOST_PUSHES)


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """What of a connection's settings its mapping wants.

    Attributes:
        shops: the store of each shop.
        own: the shop that is meant where neither topic nor row name one.
    """

    shops: Mapping[str, str]
    own: str


@dataclass(frozen=True, slots=True)
class MarketReading(DeliveryReading):
    """One delivery of a marketplace; ``shop`` is what the platform calls the shop, ``store`` what we call it."""

    shop: str

    @property
    def channel(self) -> OrderChannel:
        """Buyers order on the marketplace, in its own app or in its LIVE sessions."""
        return OrderChannel.MARKETPLACE

    @property
    def is_state(self) -> bool:
        """Not what was sent before and is only fetched: notifications of a queue, and pushes that were lost."""
        topic = self.delivery.topic.partition(".")[0]
        return self.delivery.door is not DeliveryDoor.HOOK and topic not in _FETCHED


Take = Callable[[MarketReading], None]


def translated(
    delivery: RawDelivery,
    terms: ConnectionTerms,
    takes: Mapping[str, Take],
    left_out: Mapping[str, str],
    shop_of: Callable[[JsonObject], str],
    topic_of: Callable[[JsonObject], str] = lambda row: "",
) -> Translated:
    """All that a delivery says.

    Args:
        delivery: what came.
        terms: of its connection; its settings are ``MarketTerms``.
        takes: what reads each topic.
        left_out: topics that are known and not needed, and why.
        shop_of: what a push calls its shop; empty if it does not say.
        topic_of: the topic of a row that was asked for and is a push; empty if it is none.

    Raises:
        TranslationError: it cannot be read at all.
    """
    row = row_of_delivery(delivery)
    topic, _, asked_shop = delivery.topic.partition(".")
    settings: MarketTerms = terms.settings
    one = MarketReading(row, delivery, terms, "", Translated(), "")
    try:
        topic = topic_of(row) or topic
        shop = asked_shop or shop_of(row) or settings.own
    except UnreadableValueError as error:
        return set_aside(one, error)
    one = replace(one, store=settings.shops.get(shop, ""), shop=shop)
    if topic in takes and topic not in left_out and not one.store:
        one.gap("shop", "shops", shop)
        return one.done
    return take_row(one, topic, takes.get(topic), left_out.get(topic))


def rule_of(one: MarketReading, said: str, name: str, known: Mapping[str, TargetRule]) -> TargetRule | None:
    """What a platform says a metric must be to its target; a new word for it is named, and says nothing."""
    return known.get(one.word(said, name, known))


def judged(
    one: MarketReading,
    said: tuple[str, str],
    rule: TargetRule | None,
    day: tuple[int, int],
    zone: str,
    part: Mapping[str, str],
) -> None:
    """A platform's figure of a seller with its target.

    Args:
        one: what is read.
        said: the figure and the target, as text.
        rule: what the figure must be to the target; None: not said.
        day: on which it was said.
        zone: of the day.
        part: which metric, and its unit.
    """
    period = (Period.DAY, *day)
    one.reports({METRIC: said[0]}, period, zone, part, complete=True)
    one.reports({TARGET: said[1]}, period, zone, target_parts(part, rule), complete=True)
