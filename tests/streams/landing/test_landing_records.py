"""What sources report besides events, through landing: whole, once, right when the views are read plainly."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from scoring.events.event import Event, EventType, Source
from scoring.records.order_facts import ALL_REFUNDS, OrderFacts, OrderKind
from scoring.records.order_life import OrderLife, merge, stage_events
from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import Period, ReportRow, is_restated, newest
from scoring.records.signal import Signal, SignalKind
from streams.clock import now_ms
from streams.kafka import topics
from tests.fixtures.landing import Ground, event, until

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
START = 1_764_547_200_000


def row(value: str, told_at: int, **more: Any) -> ReportRow:
    known: dict[str, Any] = {
        "store_id": "s1",
        "source": "shopee",
        "measure": "visitors",
        "period": Period.DAY,
        "period_start_ms": START,
        "period_end_ms": START + DAY_MS,
        "zone": "Asia/Ho_Chi_Minh",
        "import_id": "i1",
    }
    return ReportRow(**{**known, **more}, value=value, told_at_ms=START + told_at)


def facts(order_id: str, told_at: int, **more: Any) -> OrderFacts:
    known = {"source": "shopify", "told_at_ms": START + told_at, **more}
    return OrderFacts(store_id="s1", order_id=order_id, **known)


async def test_the_newest_report_of_a_figure_holds_and_the_older_ones_are_kept(ground: Ground) -> None:
    versions = [
        row("100", 1),
        row("120.50", 3, import_id="i2"),
        row("7", 1, dimensions={"product": "B", "ad": "1"}, complete=False),
        row("8", 2, dimensions={"ad": "1", "product": "B"}),
        row("5", 1, measure="revenue", currency="VND"),
        row("5.00", 2, measure="revenue", currency="VND", import_id="i2"),
        row("9", 1, zone="UTC"),
        row("3", 1, measure="orders"),
        row("3", 2, measure="orders", withdrawn=True),
    ]
    await ground.send(topics.REPORTS, [*versions, versions[0]])
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM report_versions") == len(versions))
    found = {
        (measure, zone, tuple(sorted(dimensions.items()))): (value, bool(restated))
        for measure, zone, dimensions, value, restated in ground.rows(
            "SELECT measure, zone, dimensions, value, restated FROM report_rows"
        )
    }
    by_figure: dict[Any, list[ReportRow]] = {}
    for one in versions:
        by_figure.setdefault((one.measure, one.zone, tuple(sorted(one.dimensions.items()))), []).append(one)
    expected = {
        key: (Decimal(next(iter(newest(some).values())).value), is_restated(some))
        for key, some in by_figure.items()
        if newest(some)
    }
    assert found == expected
    assert found["visitors", "Asia/Ho_Chi_Minh", ()] == (Decimal("120.5"), True)
    assert ground.rows("SELECT DISTINCT unit, is_unique FROM report_rows WHERE measure = 'visitors'") == [
        ("visitors", 1)
    ]
    assert ground.one("SELECT count() FROM events") == 0


async def test_a_withdrawn_import_gives_way_to_the_figure_before_it(ground: Ground) -> None:
    known = [row("100", 1), row("120", 3, import_id="i2"), row("120", 4, import_id="i2", withdrawn=True)]
    await ground.send(topics.REPORTS, known)
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM report_versions") == 3)
        assert ground.rows("SELECT value, restated, import_id FROM report_rows") == [(Decimal(100), 0, "i1")]
        await ground.send(topics.REPORTS, [row("120", 5, import_id="i2")])
        await until(lambda: ground.one("SELECT value FROM report_rows") == 120)


async def test_signals_and_raw_deliveries_are_kept_once(ground: Ground) -> None:
    began = Signal(
        store_id="s1",
        kind=SignalKind.STOCK_OUT,
        object="SKU-1",
        since_ms=START,
        source="shopify",
        details={"left": "0"},
        told_at_ms=START + 1,
    )
    ended = msgspec.structs.replace(began, until_ms=START + HOUR_MS, told_at_ms=START + 2)
    other = msgspec.structs.replace(began, object="SKU-2")
    raw = RawDelivery(
        delivery_id="d1", source="shopify", connection="main", received_at_ms=now_ms(), topic="orders/create", body='{"id":1}'
    )  # fmt: skip
    await ground.send(topics.SIGNALS, [began, ended, other, began])
    await ground.send(topics.RAW, [raw, raw], ["shopify/main"] * 2)
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM signals") == 2)
        await until(lambda: ground.one("SELECT count() FROM raw_deliveries") == 1)
    lasting = dict(ground.rows("SELECT object, until IS NULL FROM signals"))
    assert lasting == {"SKU-1": 0, "SKU-2": 1}
    assert ground.rows("SELECT topic, door, body FROM raw_deliveries") == [
        ("orders/create", "hook", '{"id":1}')
    ]


async def test_a_record_that_cannot_be_kept_becomes_a_dead_letter_and_the_others_land(ground: Ground) -> None:
    good = msgspec.json.encode(row("1", 1))
    bad = {
        good.replace(b'"1"', b'"1,5"'): "bad_value",
        good.replace(b"visitors", b"luck"): "bad_value",
        good.replace(b'"day"', b'"fortnight"'): "unknown_type",
        good.replace(b'"store_id":"s1",', b""): "missing_field",
        good.replace(b"1764547200000", b"99999999999999999"): "bad_value",
        good.replace(b'"visitors"', b'["visitors"]'): "wrong_type",
        b"{": "broken_json",
        good.replace(b"shopee", b"sh\xffpee"): "not_utf8",
    }
    await ground.send(topics.REPORTS, [*bad, good], ["s1"] * (len(bad) + 1))
    order = msgspec.json.encode(facts("1001", 1, placed_ms=START))
    await ground.send(topics.ORDER_FACTS, [order.replace(b'"1001"', b'""'), order], ["s1"] * 2)
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM report_rows") == 1)
        await until(lambda: ground.one("SELECT count() FROM orders") == 1)
        await until(lambda: ground.one("SELECT count() FROM dead_letters") == len(bad) + 1)
    reasons = ground.rows("SELECT reason FROM dead_letters ORDER BY reason")
    assert [reason for (reason,) in reasons] == sorted([*bad.values(), "bad_value"])


def some_versions(order_id: str, random: Random) -> list[OrderFacts]:
    """Any versions of one order, no two at the same time: of those the newer by content holds, which SQL orders otherwise."""

    def at() -> int:
        return random.choice([0, START + random.randrange(50) * HOUR_MS])

    def answer() -> bool | None:
        return random.choice([None, None, None, True, False])

    def one_version(told_at: int) -> OrderFacts:
        as_of = random.choice([0, START, START + HOUR_MS, at(), at()])
        return facts(
            order_id,
            told_at,
            source=random.choice(["shopify", "files"]),
            import_id=random.choice(["", "i1"]),
            as_of_ms=as_of,
            placed_ms=at(),
            authorised_ms=at(),
            paid_ms=random.choice([at(), as_of, as_of]),
            shipped_ms=at(),
            delivered_ms=random.choice([0, at(), as_of]),
            cancelled_ms=random.choice([0, 0, at(), as_of]),
            on_hold=answer(),
            is_paid=answer(),
            is_shipped=answer(),
            is_delivered=answer(),
            is_cancelled=answer(),
            cod=answer(),
            test=random.choice([None] * 5 + [True, False]),
            kind=random.choice([OrderKind.ORDINARY] * 6 + [OrderKind.REPLACEMENT]),
            amount=random.choice(["", "0", "10", "12.5"]),
            currency=random.choice(["", "USD"]),
            units=random.randrange(3),
            parcels=random.randrange(3),
            buyer=random.choice(["", "b1", "b2"]),
            refunds={
                one: random.choice(["1", "12.5"])
                for one in random.sample(["a", "b", ALL_REFUNDS], random.randrange(3))
            },
            history=random.choice([True, False]),
            withdrawn=random.random() < 0.15,
        )

    return [one_version(told_at) for told_at in random.sample(range(100), random.randint(1, 5))]


def as_read(life: OrderLife) -> tuple[Any, ...]:
    """A life as the view ``orders`` has it."""

    def if_so(is_so: object, at_ms: int) -> int | None:
        return at_ms if is_so and at_ms else None

    return (
        if_so(True, life.placed_ms),
        if_so(True, life.paid_at_ms),
        if_so(life.is_shipped, life.shipped_ms),
        if_so(life.is_delivered, life.delivered_ms),
        if_so(life.is_cancelled, life.cancelled_ms),
        life.refunded,
        Decimal(life.amount) if life.amount else None,
        life.currency,
        life.state.value,
        life.cod,
        life.test,
        ", ".join(life.sources),
        life.left_out.value if life.left_out else "",
        life.on_hold,
        life.units,
        life.parcels,
        life.buyer,
        life.history,
    )


_ORDERS = """SELECT order_id, toUnixTimestamp64Milli(placed_at), toUnixTimestamp64Milli(paid_at), toUnixTimestamp64Milli(shipped_at),
    toUnixTimestamp64Milli(delivered_at), toUnixTimestamp64Milli(cancelled_at), refunded, amount, currency, state, cod, test, source,
    left_out, on_hold, units, parcels, buyer, history FROM orders"""


async def test_the_view_of_orders_is_what_the_core_makes_of_the_same_versions(ground: Ground) -> None:
    random = Random(14)
    versions = [one for number in range(400) for one in some_versions(f"o{number}", random)]
    sent = [*versions, *random.sample(versions, 100)]
    random.shuffle(sent)
    await ground.send(topics.ORDER_FACTS, sent)
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM order_versions") == len(versions))
    expected = {}
    for order_id in {one.order_id for one in versions}:
        life = merge([one for one in versions if one.order_id == order_id])
        if life is not None:
            expected[order_id] = as_read(life)
    found = {order_id: tuple(rest) for order_id, *rest in ground.rows(_ORDERS)}
    assert len(expected) > 300
    assert found == expected


def reported_events(life: OrderLife, source: Source) -> list[Event]:
    """The stage events of a life as a door makes them."""
    return [
        event(
            0,
            event_id=one.event_id,
            type=one.type,
            event_time_ms=one.event_time_ms,
            received_at_ms=now_ms(),
            order_id=life.order_id,
            source=source.value,
            amount=life.amount if one.type in (EventType.ORDER, EventType.PAYMENT) else "",
            currency=life.currency,
        )
        for one in stage_events(life).events
    ]


async def test_the_same_orders_by_file_webhook_and_poll_are_counted_once_in_any_order(ground: Ground) -> None:
    begin = (now_ms() - 2 * HOUR_MS) // 60_000 * 60_000
    ways = {
        "file": {"source": "shopify", "import_id": "i1", "history": True},
        "webhook": {"source": "shopify", "connection": "main"},
        "poll": {"source": "shopify", "connection": "poll"},
    }
    expected = 0
    async with ground.landing():
        for number, order in enumerate(itertools.permutations(ways)):
            for place, way in enumerate(order):
                known = OrderFacts(
                    store_id="s1",
                    order_id=f"o{number}",
                    told_at_ms=begin + place,
                    placed_ms=begin,
                    paid_ms=begin + 60_000,
                    amount="10",
                    currency="USD",
                    **ways[way],  # type: ignore[arg-type]
                )
                life = merge([known])
                assert life is not None
                await ground.send(topics.ORDER_FACTS, [known])
                door = Source.REPLAY if way == "file" else Source.WEBHOOK
                await ground.send(topics.EVENTS, reported_events(life, door))
            expected += 1
        await until(lambda: ground.one("SELECT count() FROM order_versions") == 3 * expected)
        await until(lambda: ground.one("SELECT count() FROM repeats") == 4 * expected)
    assert ground.rows("SELECT type, count() FROM events GROUP BY type ORDER BY type") == [
        ("order", expected),
        ("payment", expected),
    ]
    orders = ground.rows("SELECT order_id, state, amount FROM orders ORDER BY order_id")
    assert orders == [(f"o{number}", "paid", Decimal(10)) for number in range(expected)]
    assert ground.one("SELECT sum(count) FROM cleaned WHERE reason = 'repeat'") == 4 * expected


async def test_orders_of_plain_events_and_of_facts_are_one_list(ground: Ground) -> None:
    at = now_ms() - HOUR_MS
    plain = {"order_id": "plain", "amount": "20", "currency": "USD", "source": "api"}
    await ground.send(
        topics.EVENTS,
        [
            event(1, type=EventType.ORDER, event_time_ms=at, **plain),
            event(2, type=EventType.PAYMENT, event_time_ms=at + 1000, **plain),
            event(3, type=EventType.REFUND, event_time_ms=at + 9000, **{**plain, "amount": "-20"}),
            event(4, type=EventType.PAYMENT, event_time_ms=at + 2000, order_id="both", source="api"),
            event(5, type=EventType.ORDER, event_time_ms=at, order_id="cod", attributes={"payment": "on_delivery"}),
        ],
    )  # fmt: skip
    both = OrderFacts(
        store_id="s1",
        order_id="both",
        source="files",
        told_at_ms=at,
        placed_ms=at,
        amount="5",
        currency="USD",
    )
    test = OrderFacts(store_id="s1", order_id="test", source="files", told_at_ms=at, placed_ms=at, test=True)
    waiting = OrderFacts(
        store_id="s1",
        order_id="waiting",
        source="files",
        told_at_ms=at,
        placed_ms=at,
        cod=True,
        amount="5",
    )
    await ground.send(topics.ORDER_FACTS, [both, test, waiting])
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM events") == 5)
        await until(lambda: ground.one("SELECT count() FROM order_versions") == 3)
    found = ground.rows(
        "SELECT order_id, state, paid_at IS NOT NULL, cod, source, left_out FROM orders ORDER BY order_id"
    )
    assert found == [
        ("both", "paid", 1, None, "files", ""),
        ("cod", "payment_on_delivery", 0, 1, "", ""),
        ("plain", "refunded", 1, None, "api", ""),
        ("test", "placed", 0, None, "files", "test"),
        ("waiting", "payment_on_delivery", 0, 1, "files", ""),
    ]
    cleaned = ground.rows("SELECT reason, what, count, examples FROM cleaned ORDER BY reason")
    assert cleaned == [("cod_waiting", "payment", 1, ["waiting"]), ("test", "order", 1, ["test"])]


async def test_what_is_left_out_is_counted_by_day_and_reason_with_rows_to_look_at(ground: Ground) -> None:
    at = START + HOUR_MS
    await ground.send(
        topics.EVENTS,
        [
            event(1, event_time_ms=at),
            event(2, event_time_ms=at, device_class="bot"),
            event(3, event_time_ms=at, set_apart="few_sources", device_class="bot"),
            event(4, event_time_ms=at + DAY_MS, set_apart="excluded:few_sources"),
            msgspec.json.encode(event(5, event_time_ms=at)).replace(b'"e5"', b'""'),
        ],
        ["s1"] * 5,
    )
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM events") == 4)
        await until(lambda: ground.one("SELECT count() FROM dead_letters") == 1)
    found = ground.rows(
        "SELECT day, reason, count, examples FROM cleaned WHERE what = 'click' ORDER BY reason"
    )
    days = [datetime.fromtimestamp(one / 1000, UTC).date() for one in (at, at + DAY_MS)]
    assert found == [
        (days[0], "bots", 1, ["e2"]),
        (days[1], "excluded", 1, ["e4"]),
        (days[0], "few_sources", 1, ["e3"]),
    ]
    letters = ground.rows("SELECT reason, is_counted FROM cleaned WHERE what = 'dead_letter'")
    assert letters == [("missing_field", 0)]
