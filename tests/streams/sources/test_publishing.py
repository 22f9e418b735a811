"""What sources report besides events is checked, freed of personal data and published; what cannot be kept is a dead letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from scoring.events.delivery import StoreDefaults
from scoring.events.event import DeadLetter, Event, RejectReason, Source
from scoring.events.pseudonyms import Pseudonyms
from scoring.records.order_facts import OrderFacts
from scoring.records.order_life import merge, stage_events
from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import Period, ReportRow
from scoring.records.signal import Signal, SignalKind
from streams.collector.intake import EventIntake
from streams.kafka.topics import DEADLETTERS, EVENTS, ORDER_FACTS, RAW, REPORTS, SIGNALS
from streams.sources.publishing import RecordPublisher

START = 1_764_547_200_000


class Log:
    """Takes what would be sent to Kafka."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    async def publish(self, records: Sequence[Any]) -> None:
        self.records += records

    def of(self, topic: str, kind: type[Any]) -> list[Any]:
        return [msgspec.json.decode(one.value, type=kind) for one in self.records if one.topic == topic]


def parts() -> tuple[Log, EventIntake, RecordPublisher]:
    log = Log()
    intake = EventIntake(log, {"s1": StoreDefaults("shopify", "USD")}, Pseudonyms("a key"))  # type: ignore[arg-type]
    return log, intake, RecordPublisher.of(intake)


def row(**more: Any) -> ReportRow:
    known: dict[str, Any] = {"store_id": "s1", "measure": "sessions", "value": "10", **more}
    return ReportRow(
        source="ga4",
        period=Period.DAY,
        period_start_ms=START,
        period_end_ms=START + 86_400_000,
        zone="UTC",
        **known,
    )


def order(**more: Any) -> OrderFacts:
    return OrderFacts(store_id="s1", source="shopify", **{"order_id": "1001", "placed_ms": START, **more})


async def test_each_kind_goes_to_its_topic_under_its_key() -> None:
    log, _, publisher = parts()
    signal = Signal(
        store_id="s1", kind=SignalKind.STOCK_OUT, object="SKU-1", since_ms=START, source="shopify"
    )
    raw = RawDelivery(delivery_id="d1", source="shopify", connection="main", received_at_ms=START, body="{}")
    done = await publisher.publish(reports=[row()], signals=[signal], orders=[order()], raw=[raw])
    assert (done.reports, done.signals, done.orders, done.raw, done.rejected) == (1, 1, 1, 1, [])
    assert [(one.topic, one.key) for one in log.records] == [
        (REPORTS, b"s1"),
        (SIGNALS, b"s1"),
        (ORDER_FACTS, b"s1"),
        (RAW, b"shopify/main"),
    ]
    assert all(one.told_at_ms > START for one in log.of(REPORTS, ReportRow))


async def test_what_cannot_be_kept_is_a_dead_letter_and_the_others_go_on() -> None:
    log, _, publisher = parts()
    done = await publisher.publish(
        reports=[row(), row(measure="luck"), row(value="1,2"), row(store_id="other")],
        orders=[order(amount="12.5.0"), order()],
    )
    assert (done.reports, done.orders, len(done.rejected)) == (1, 1, 4)
    letters = log.of(DEADLETTERS, DeadLetter)
    assert [one.reason for one in letters] == [
        RejectReason.BAD_VALUE,
        RejectReason.BAD_VALUE,
        RejectReason.UNKNOWN_STORE,
        RejectReason.BAD_VALUE,
    ]
    assert [one.store_id for one in letters] == ["s1", "s1", "", "s1"]
    before = [one.letter_id for one in letters]
    await publisher.publish(reports=[row(measure="luck")])
    assert log.of(DEADLETTERS, DeadLetter)[-1].letter_id == before[0]


async def test_no_personal_data_is_published() -> None:
    log, _, publisher = parts()
    signal = Signal(
        store_id="s1",
        kind=SignalKind.PAYMENT_DECLINED,
        since_ms=START,
        source="shopify",
        details={"code": "do_not_honor", "email": "ann@example.com"},
    )
    await publisher.publish(
        reports=[row(dimensions={"campaign": "mail to ann@example.com"})],
        signals=[signal],
        orders=[order(buyer="ann@example.com"), order(order_id="ann@example.com", amount="x")],
    )
    assert b"ann@" not in b"".join(one.value for one in log.records)
    assert log.of(SIGNALS, Signal)[0].details["code"] == "do_not_honor"


async def test_a_buyer_is_the_same_pseudonym_in_facts_and_in_the_events_made_from_them() -> None:
    log, intake, publisher = parts()
    raw = order(buyer="buyer-7", paid_ms=START + 1)
    await publisher.publish(orders=[raw])
    (stored,) = log.of(ORDER_FACTS, OrderFacts)
    for facts, is_stored in ((raw, False), (stored, True)):
        life = merge([facts])
        assert life is not None
        incoming = [event.incoming(is_stored=is_stored) for event in stage_events(life).events]
        await intake.accept(incoming, source=Source.WEBHOOK, is_ours=is_stored)
    events = log.of(EVENTS, Event)
    assert len(events) == 4
    assert {event.buyer for event in events} == {stored.buyer}
    assert stored.buyer not in ("", "buyer-7")
    await publisher.publish(orders=[msgspec.structs.replace(stored, buyer=f"~{stored.buyer}")])
    assert {one.buyer for one in log.of(ORDER_FACTS, OrderFacts)} == {stored.buyer}
