"""What the mappings of marketplaces share: one row with its shop's store, and the records that are made of it. Pure.

A topic is a resource that was asked for or the number of a push; a dot and the shop follow where the account has several.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scoring.records.order_facts import OrderFacts, check_order_facts
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.records.report_row import BadRecordError, Period, ReportRow, check_report_row
from scoring.records.report_rules import is_complete
from scoring.records.signal import Signal, SignalKind, check_signal
from scoring.sources.json_mapping import LONGEST_PAYLOAD
from scoring.sources.json_values import UnreadableValueError, is_given, json_text, read_json
from scoring.sources.translated import ConnectionTerms, MappingGap, SetAside, Translated, TranslationError
from streams.sources.json_object import JsonObject


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
    LIVES = "lives"
    PERFORMANCE = "performance"
    SERVICE = "service"
    LISTINGS = "listings"
    PENALTIES = "penalties"
    PUNISHMENTS = "punishments"
    SHOP = "shop"


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
class MarketReading:
    """One delivery while it is translated; ``shop`` is what the platform calls the shop, ``store`` what we call it."""

    row: JsonObject
    delivery: RawDelivery
    terms: ConnectionTerms
    shop: str
    store: str
    done: Translated

    @property
    def zone(self) -> str:
        """Of the store."""
        return self.terms.zones.get(self.store, "UTC")

    @property
    def currency(self) -> str:
        """Of the store."""
        return self.terms.currencies.get(self.store, "")

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

    def word(self, value: str, name: str, known: Collection[str]) -> str:
        """A word of a closed list; a new one is named, and empty."""
        if value and value not in known:
            self.gap("value", name, value)
            return ""
        return value

    def fields(self, known: Collection[str]) -> None:
        """Name the fields of the row that nobody has seen before."""
        for name in sorted(set(self.row.values) - set(known))[:5]:
            self.gap("field", name)

    def order(self, number: str, **facts: Any) -> None:
        """A version of an order.

        Raises:
            UnreadableValueError: it has no number; what has none cannot be counted once.
        """
        if not number:
            raise UnreadableValueError("the order's number is missing; what has none cannot be counted once")
        made = OrderFacts(
            store_id=self.store,
            order_id=number,
            source=self.terms.source,
            connection=self.terms.name,
            told_at_ms=self.received_ms,
            history=self.delivery.door is DeliveryDoor.BACKFILL,
            **facts,
        )
        check_order_facts(made)
        self.done.orders.append(made)

    def signal(
        self,
        kind: SignalKind,
        about: str,
        since_ms: int,
        until_ms: int = 0,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """A state. One without its beginning cannot be kept."""
        made = Signal(
            store_id=self.store,
            kind=kind,
            object=about,
            since_ms=since_ms,
            until_ms=max(until_ms, since_ms) if until_ms else 0,
            source=self.terms.source,
            details={name: value[:256] for name, value in (details or {}).items() if value},
            told_at_ms=self.received_ms,
            connection=self.terms.name,
        )
        check_signal(made)
        self.done.signals.append(made)

    def reports(
        self,
        figures: Mapping[str, str],
        period: tuple[Period, int, int],
        zone: str,
        dimensions: Mapping[str, str] | None = None,
        currency: str = "",
        complete: bool | None = None,
    ) -> None:
        """Figures of one period by measure; a figure that is not given is left out: it is not zero."""
        kind, start_ms, end_ms = period
        if complete is None:
            complete = is_complete(self.terms.source, end_ms, self.received_ms)
        for measure, value in figures.items():
            if not is_given(value):
                continue
            made = ReportRow(
                store_id=self.store,
                source=self.terms.source,
                measure=measure,
                period=kind,
                period_start_ms=start_ms,
                period_end_ms=end_ms,
                zone=zone,
                value=value,
                dimensions=dict(dimensions or {}),
                currency=currency,
                complete=complete,
                told_at_ms=self.received_ms,
                connection=self.terms.name,
            )
            check_report_row(made)
            self.done.reports.append(made)


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
    try:
        row = JsonObject(read_json(delivery.body))
    except UnreadableValueError as error:
        raise TranslationError(str(error)) from error
    topic, _, asked_shop = delivery.topic.partition(".")
    done = Translated()
    try:
        topic = topic_of(row) or topic
        settings: MarketTerms = terms.settings
        shop = asked_shop or shop_of(row) or settings.own
        one = MarketReading(row, delivery, terms, shop, settings.shops.get(shop, ""), done)
        if topic in left_out:
            one.leave_out(left_out[topic])
        elif topic not in takes:
            one.gap("topic", topic or "-")
        elif not one.store:
            one.gap("shop", "shops", shop)
        else:
            takes[topic](one)
    except (UnreadableValueError, BadRecordError) as error:
        done.set_aside.append(SetAside(str(error), delivery.topic, json_text(row.values)[:LONGEST_PAYLOAD]))
    return done
