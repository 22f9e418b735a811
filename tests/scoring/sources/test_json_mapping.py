"""A mapping by configuration turns rows of JSON into records, or says why it does not."""

from __future__ import annotations

from typing import Any

import pytest

from scoring.records.order_facts import OrderFacts
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.records.report_row import Period
from scoring.sources.json_mapping import RecordKind, RecordMapping, StatusMeaning, translate_rows
from scoring.sources.json_paths import MISSING, JsonPathError, json_path
from scoring.sources.json_values import UnreadableValueError, moment_of, money_of, read_json
from scoring.sources.translated import ConnectionTerms, MappingGap, TranslationError

AT_MS = 1_764_300_000_000
TERMS = ConnectionTerms(
    "erp", "webhook", ("a", "b"), {"a": "Asia/Shanghai", "b": "UTC"}, {"a": "CNY", "b": "USD"}
)


def delivery(topic: str = "", door: DeliveryDoor = DeliveryDoor.HOOK) -> RawDelivery:
    return RawDelivery(
        delivery_id="d", source="webhook", connection="erp", received_at_ms=AT_MS, topic=topic, door=door
    )


def paths(**given: str) -> dict[str, Any]:
    return {name: json_path(text) for name, text in given.items()}


ORDER = RecordMapping(
    RecordKind.ORDER,
    rows=json_path("data.orders"),
    fields=paths(
        order_id="no", placed="created", paid="paid_at", updated="changed", amount="total.sum", currency="total.code",
        status="status", buyer="member", cod="cod", store="shop", units="qty",
    ),
    statuses={"PAID": StatusMeaning.PAID, "CLOSED": StatusMeaning.CANCELLED},
)  # fmt: skip


def one_order(row: dict[str, Any], mapping: RecordMapping = ORDER) -> OrderFacts:
    done = translate_rows({"data": {"orders": [row]}}, (mapping,), delivery(), TERMS)
    assert done.set_aside == []
    (order,) = done.orders
    return order


def test_an_order_is_read_with_times_of_its_store_and_exact_money() -> None:
    document = read_json(
        '{"data": {"orders": [{"no": 1007, "created": "2026-11-28 08:00:00", "paid_at": 1764300000, "changed": "2026-11-28T03:00:00Z",'
        ' "total": {"sum": 19.90, "code": "usd"}, "status": "PAID", "member": "~abc", "qty": "3", "extra": {}}]}}'
    )
    (order,) = translate_rows(document, (ORDER,), delivery(), TERMS).orders
    assert (order.store_id, order.order_id, order.amount, order.currency) == ("a", "1007", "19.90", "USD")
    assert order.placed_ms == 1_795_824_000_000
    assert order.paid_ms == 1_764_300_000_000
    assert order.as_of_ms == order.placed_ms + 3 * 3_600_000
    assert (order.is_paid, order.on_hold, order.is_cancelled, order.units) == (True, False, False, 3)
    assert (order.connection, order.told_at_ms, order.history) == ("erp", AT_MS, False)


def test_a_backfill_reports_history() -> None:
    document = {"data": {"orders": [{"no": "1"}]}}
    (order,) = translate_rows(document, (ORDER,), delivery(door=DeliveryDoor.BACKFILL), TERMS).orders
    assert order.history


def test_a_status_that_was_never_seen_is_named_and_the_order_is_reported_without_it() -> None:
    done = translate_rows({"data": {"orders": [{"no": "1", "status": "NEW"}]}}, (ORDER,), delivery(), TERMS)
    assert done.gaps == [MappingGap("value", "status", "NEW")]
    assert done.orders[0].is_paid is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"created": "2026-11-28"}, "order_id"),
        ({"no": "1", "total": {"sum": "1,204.50"}}, "amount"),
        ({"no": "1", "total": {"sum": "￥12"}}, "amount"),
        ({"no": "1", "created": "28.11.2026"}, "placed"),
        ({"no": "1", "shop": "c"}, "none of this connection's stores"),
        ({"no": "1", "cod": "perhaps"}, "cod"),
        ({"no": 1.5}, "order_id"),
        ({"no": "1", "total": {"sum": "5", "code": "QQQ"}}, "ISO 4217"),
        ("text", "a row must be an object"),
    ],
)
def test_a_row_that_cannot_be_counted_is_set_aside_with_its_place_and_the_others_count(
    row: Any, said: str
) -> None:
    done = translate_rows({"data": {"orders": [{"no": "2"}, row]}}, (ORDER,), delivery(), TERMS)
    (aside,) = done.set_aside
    assert said in aside.detail
    assert aside.place == "data.orders[1]"
    assert [order.order_id for order in done.orders] == ["2"]


def test_a_document_of_another_form_is_not_an_empty_answer() -> None:
    with pytest.raises(TranslationError, match=r"no rows at data\.orders"):
        translate_rows({"error": "maintenance"}, (ORDER,), delivery(), TERMS)
    assert translate_rows({"data": {"orders": []}}, (ORDER,), delivery(), TERMS).count == 0


def test_a_topic_that_no_mapping_is_for_is_a_gap() -> None:
    mapping = RecordMapping(RecordKind.ORDER, topics=frozenset({"order.paid"}), fields=paths(order_id="id"))
    done = translate_rows({"id": "1"}, (mapping,), delivery("chat.new"), TERMS)
    assert (done.gaps, done.count) == ([MappingGap("topic", "chat.new")], 0)
    assert translate_rows({"id": "1"}, (mapping,), delivery("order.paid"), TERMS).count == 1


def test_a_report_gives_a_row_for_each_measure_that_is_there_and_none_for_what_is_not() -> None:
    mapping = RecordMapping(
        RecordKind.REPORT,
        fields=paths(day="date"),
        measures=paths(sessions="uv", revenue="gmv", orders="orders"),
        dimensions=paths(product="sku"),
        zone="Asia/Shanghai",
    )
    rows = [{"date": "20261128", "uv": "1204", "gmv": 99.5, "sku": "S1"}]
    reports = translate_rows(rows, (mapping,), delivery(), TERMS).reports
    assert [(row.measure, row.value, row.currency) for row in reports] == [
        ("sessions", "1204", ""),
        ("revenue", "99.5", "CNY"),
    ]
    assert {(row.period, row.period_start_ms, row.zone) for row in reports} == {
        (Period.DAY, 1_795_795_200_000, "Asia/Shanghai")
    }
    assert [row.complete for row in reports] == [False, False]
    assert reports[0].dimensions == {"product": "S1"}


def test_an_hour_of_a_zone_with_a_half_hour_begins_on_its_own_clock() -> None:
    mapping = RecordMapping(
        RecordKind.REPORT, fields=paths(hour="at"), measures=paths(sessions="n"), zone="Asia/Kolkata"
    )
    (row,) = translate_rows({"at": "2026-11-28T09:10:00", "n": 1}, (mapping,), delivery(), TERMS).reports
    assert (row.period_start_ms, row.period_end_ms - row.period_start_ms) == (1_795_836_600_000, 3_600_000)


def test_events_and_signals_take_constants_and_values() -> None:
    event = RecordMapping(
        RecordKind.EVENT,
        fields=paths(type="what", event_time="at", product="sku"),
        values={"type": {"VIEW": "click"}},
        constants={"channel": "app"},
    )
    signal = RecordMapping(
        RecordKind.SIGNAL,
        fields=paths(object="sku", since="at"),
        constants={"kind": "stock_out"},
        details=paths(left="left"),
    )
    row = {"what": "VIEW", "at": AT_MS, "sku": "S1", "left": 0}
    done = translate_rows(row, (event, signal), delivery(), TERMS)
    assert done.events == [
        {"store_id": "a", "type": "click", "event_time_ms": AT_MS, "product": "S1", "channel": "app"}
    ]
    assert [(one.kind, one.object, one.details) for one in done.signals] == [
        ("stock_out", "S1", {"left": "0"})
    ]


def test_amounts_in_the_smallest_unit_keep_their_cents() -> None:
    assert money_of(1990, "amount", 2) == "19.90"
    assert money_of("5", "amount", 2) == "0.05"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1764300000, AT_MS),
        ("1764300000000", AT_MS),
        (1764300000000000, AT_MS),
        ("2025-11-28T11:20:00+08:00", AT_MS),
        ("2025/11/28 11:20:00", AT_MS),
        (0, 0),
        ("", 0),
        (None, 0),
        ("0001-01-01T00:00:00Z", 0),
    ],
)
def test_a_moment_is_read_in_each_way_platforms_write_it(value: Any, expected: int) -> None:
    assert moment_of(value, "paid", "Asia/Shanghai") == expected


def test_a_moment_in_a_form_of_its_own_needs_that_form() -> None:
    assert moment_of("28/11/2025 11:20", "paid", "Asia/Shanghai", "%d/%m/%Y %H:%M") == AT_MS
    with pytest.raises(UnreadableValueError, match="paid"):
        moment_of("28/11/2025 11:20", "paid", "Asia/Shanghai")


def test_paths_lead_to_keys_indices_and_each_item() -> None:
    document = {"a": {"b": [{"c": 1}, {"c": 2}, {}]}, "x.y": 3}
    assert json_path("a.b[1].c").of(document) == 2
    assert json_path("$.a.b[*].c").of(document) == [1, 2]
    assert json_path('["x.y"]').of(document) == 3
    assert json_path("$").of(document) is document
    assert json_path("a.b[9].c").of(document) is MISSING
    assert json_path("a.z.q").of(document) is MISSING


@pytest.mark.parametrize("text", ["", "a..b", "a[", "a[-1]", ".a", "a[x]", "x" * 301])
def test_what_is_not_a_path_says_so(text: str) -> None:
    with pytest.raises(JsonPathError):
        json_path(text)
