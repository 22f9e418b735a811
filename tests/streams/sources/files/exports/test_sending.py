"""An export through the collector's own intake: each fact of an order is one event, whatever file reports it, however often."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from scoring.events.delivery import StoreDefaults
from scoring.events.event import DeadLetter, Event
from scoring.events.pseudonyms import Pseudonyms
from scoring.records.measures import MEASURES
from scoring.records.order_facts import ALL_REFUNDS, OrderFacts
from scoring.records.order_life import OrderState, merge, stage_events
from scoring.records.report_row import Period, ReportRow
from streams.collector.intake import EventIntake
from streams.kafka.topics import DEADLETTERS, EVENTS, ORDER_FACTS, REPORTS
from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.layout import known_layouts
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.sending import ImportReport, send
from tests.fixtures.workbook import CellValue, sheet_xml, write_workbook

HEADER = ["Mã đơn hàng", "Mã Kiện Hàng", "Ngày đặt hàng", "Trạng Thái Đơn Hàng", "Thời gian giao hàng", "Số lượng", "Tổng giá trị đơn hàng (VND)", "Thời gian hoàn thành đơn hàng", "Thời gian đơn hàng được thanh toán", "Phương thức thanh toán", "Người Mua"]  # fmt: skip
COD = "Thanh toán khi nhận hàng"


class Log:
    """Takes what a publisher would send, and answers which facts it holds."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.orders: list[OrderFacts] = []
        self.reports: list[ReportRow] = []
        self.letters: list[DeadLetter] = []

    async def publish(self, records: Sequence[Any]) -> None:
        kinds: dict[str, tuple[list[Any], type]] = {
            EVENTS: (self.events, Event),
            ORDER_FACTS: (self.orders, OrderFacts),
            REPORTS: (self.reports, ReportRow),
            DEADLETTERS: (self.letters, DeadLetter),
        }
        for one in records:
            found, kind = kinds[one.topic]
            found.append(msgspec.json.decode(one.value, type=kind))

    def known(self, store: str, order_ids: Sequence[str]) -> set[tuple[str, str]]:
        return {(one.type.value, one.order_id) for one in self.events if one.order_id in set(order_ids)}


async def imported(
    log: Log,
    folder: Path,
    *rows: Sequence[CellValue],
    header: Sequence[CellValue] = HEADER,
    exported_at_ms: int = 0,
) -> ImportReport:
    path = write_workbook(folder / "a.xlsx", {"s": sheet_xml([header, *rows])})
    with opened(path) as files:
        (summary,) = summarize(files[0], ImportChoices(zone="Asia/Ho_Chi_Minh", store="vn", currency="VND"))
    assert summary.questions == []
    summary.import_id = "imp-1"
    terms = StoreDefaults("shopee", "VND")
    intake = EventIntake(log, {"vn": terms}, Pseudonyms("a key"))  # type: ignore[arg-type]
    return await send(summary, intake, terms, log.known, exported_at_ms=exported_at_ms)


def line(
    order: str,
    status: str,
    *,
    paid: str = "-",
    method: str = "SPayLater",
    shipped: str = "",
    done: str = "",
    parcel: str = "P1",
) -> list[CellValue]:
    return [order, parcel, "2026-02-01 01:38", status, shipped, "1", "1000.00", done, paid, method, "buyer-7"]  # fmt: skip


async def test_an_order_is_one_event_a_fact_however_many_lines_and_parcels_it_has(tmp_path: Path) -> None:
    log = Log()
    rows = [
        line(
            "A1",
            "Hoàn thành",
            paid="2026-02-01 02:08",
            shipped="2026-02-02 10:00",
            done="2026-02-05 10:00",
            parcel=f"P{n}",
        )
        for n in range(3)
    ]
    report = await imported(log, tmp_path, *rows)
    assert [event.type.value for event in log.events] == ["order", "payment", "fulfilment", "delivered"]
    assert report.by_type == {"order": 1, "payment": 1, "fulfilment": 1, "delivered": 1}
    order = log.events[0]
    assert (order.order_id, order.amount, order.currency, order.quantity) == ("A1", "1000.00", "VND", 3)
    assert order.event_time_ms == 1769884680000  # 01:38 in Vietnam is 18:38 UTC the day before
    assert order.buyer not in ("", "buyer-7")


async def test_an_order_of_shopify_s_export_was_another_than_the_api_s(tmp_path: Path) -> None:
    """The export's name is #1001; the API and its webhooks know the order by the column Id, which only its first line has."""
    header = ["Name", "Paid at", "Fulfillment Status", "Currency", "Total", "Created at", "Lineitem quantity", "Lineitem name", "Id"]  # fmt: skip
    at = "2026-03-07 10:00:00 +0000"
    rows = [
        ["#1001", at, "unfulfilled", "VND", "10000", at, "1", "Hat", "5866835329585"],
        ["#1001", "", "", "", "", "", "1", "Cap", ""],
        ["#1002", at, "unfulfilled", "VND", "10000", at, "1", "Hat", "5.86684E+12"],
    ]
    log = Log()
    await imported(log, tmp_path, *rows, header=header)
    assert [one.order_id for one in log.orders] == ["5866835329585", "#1002"]
    assert [one.order_id for one in log.events] == ["5866835329585"] * 2 + ["#1002"] * 2
    with opened(tmp_path / "a.xlsx") as files:
        (summary,) = summarize(files[0], ImportChoices(store="vn"))
    assert [note for note in summary.notes if "known by their name" in str(note)] != []


async def test_cash_on_delivery_is_paid_when_it_arrives_and_a_cancelled_one_never(tmp_path: Path) -> None:
    log = Log()
    report = await imported(
        log,
        tmp_path,
        line("A1", "Đang giao", paid="2026-02-01 02:08", method=COD, shipped="2026-02-02 10:00"),
        line(
            "A2",
            "Hoàn thành",
            paid="2026-02-01 02:08",
            method=COD,
            shipped="2026-02-02 10:00",
            done="2026-02-05 10:00",
        ),
        line("A3", "Đã hủy", paid="2026-02-01 02:08", method=COD),
    )
    payments = {event.order_id: event.event_time_ms for event in log.events if event.type == "payment"}
    assert payments == {"A2": 1770260400000}
    assert report.without_time == {"cancel": 1}


async def test_the_same_file_again_and_a_later_one_that_overlaps_add_only_what_is_new(tmp_path: Path) -> None:
    log = Log()
    first = [line("A1", "Chờ lấy hàng", paid="2026-02-01 02:08"), line("A2", "Chưa thanh toán")]
    assert (await imported(log, tmp_path, *first)).repeats == 0
    assert (await imported(log, tmp_path, *first)).repeats == 3
    later = [
        line("A1", "Đang giao", paid="2026-02-01 02:08", shipped="2026-02-03 10:00"),
        line("A2", "Chờ lấy hàng", paid="2026-02-01 09:00"),
    ]
    report = await imported(log, tmp_path, *later)
    assert (report.accepted, report.repeats) == (5, 3)
    assert len({event.event_id for event in log.events}) == 5


async def test_the_facts_of_an_order_are_kept_next_to_its_events_and_give_the_same_ones(
    tmp_path: Path,
) -> None:
    log = Log()
    report = await imported(
        log,
        tmp_path,
        line(
            "A1", "Hoàn thành", paid="2026-02-01 02:08", shipped="2026-02-02 10:00", done="2026-02-05 10:00"
        ),
        line("A2", "Đang giao", paid="2026-02-01 02:08", method=COD, shipped="2026-02-02 10:00"),
        line("A3", "Đã hủy"),
    )
    assert (report.orders, report.left_out) == (3, {"cod_waiting": 1})
    assert {one.source for one in log.orders} == {"shopee"}
    assert {one.import_id for one in log.orders} == {"imp-1"}
    assert {one.buyer for one in log.orders} == {one.buyer for one in log.events}
    lives = {one.order_id: life for one in log.orders if (life := merge([one]))}
    assert [lives[one].state for one in ("A1", "A2", "A3")] == [
        OrderState.DELIVERED,
        OrderState.SHIPPED,
        OrderState.CANCELLED_UNPAID,
    ]
    assert all(life.history for life in lives.values())
    again = {event.event_id for life in lives.values() for event in stage_events(life).events}
    assert again == {event.event_id for event in log.events}


async def test_a_later_file_is_newer_by_the_times_in_it_not_by_when_it_is_imported(tmp_path: Path) -> None:
    log = Log()
    await imported(log, tmp_path, line("A1", "Hoàn thành", done="2026-02-05 10:00"))
    await imported(log, tmp_path, line("A1", "Chờ lấy hàng"))
    newer, older = log.orders
    assert newer.as_of_ms == 1770260400000 > older.as_of_ms == 1769884680000
    life = merge(log.orders)
    assert life is not None
    assert life.state is OrderState.DELIVERED


async def test_an_order_of_no_price_is_kept_and_makes_no_event(tmp_path: Path) -> None:
    log = Log()
    sample = line("A1", "Hoàn thành", paid="2026-02-01 02:08")
    sample[HEADER.index("Tổng giá trị đơn hàng (VND)")] = "0"
    report = await imported(log, tmp_path, sample)
    assert (report.orders, log.events, report.left_out) == (1, [], {"zero_price": 1})
    assert [one.order_id for one in log.orders] == ["A1"]


REPORT_HEADER = ["Ngày", "Lượt xem", "Lượt truy cập", "Số lượt xem trung bình", "Số khách truy cập mới"]
JANUARY_9_MS = 1767891600000  # 2026-01-09T00:00 in Vietnam


async def test_a_report_s_figures_are_report_rows_and_never_events(tmp_path: Path) -> None:
    log = Log()
    rows = [["09-01-2026", "1204", "310", "3,9", "12"], ["10-01-2026", "98", "41", "2,4", "3"]]
    exported = JANUARY_9_MS + 2 * 86_400_000 + 3_600_000  # an hour into the 11th: the 10th may still change
    report = await imported(log, tmp_path, *rows, header=REPORT_HEADER, exported_at_ms=exported)
    assert (report.report_rows, report.accepted, log.events) == (6, 0, [])
    first = next(row for row in log.reports if row.measure == "visitors")
    assert (first.source, first.period, first.period_start_ms, first.zone, first.value) == (
        "shopee",
        Period.DAY,
        JANUARY_9_MS,
        "Asia/Ho_Chi_Minh",
        "310",
    )
    assert {row.complete for row in log.reports if row.period_start_ms == JANUARY_9_MS} == {True}
    assert {row.complete for row in log.reports if row.period_start_ms > JANUARY_9_MS} == {False}
    assert {row.import_id for row in log.reports} == {"imp-1"}


async def test_a_figure_that_a_file_holds_twice_is_taken_once(tmp_path: Path) -> None:
    log = Log()
    row = ["09-01-2026", "1204", "310", "3,9", "12"]
    report = await imported(
        log, tmp_path, row, ["10-01-2026", "98", "41", "2,4", "3"], row, header=REPORT_HEADER
    )
    assert (report.report_rows, report.repeats, len(log.reports)) == (6, 3, 6)


async def test_refunds_that_a_file_does_not_list_are_their_sum(tmp_path: Path) -> None:
    log = Log()
    header = ["Name", "Financial Status", "Paid at", "Fulfillment Status", "Currency", "Total", "Created at", "Lineitem quantity", "Lineitem name", "Refunded Amount"]  # fmt: skip
    row = ["#1001", "partially_refunded", "2026-02-01 02:08:00 +0000", "fulfilled", "VND", "50.00", "2026-02-01 02:00:00 +0000", "1", "Cup", "10.60"]  # fmt: skip
    await imported(log, tmp_path, row, header=header)
    assert log.orders[0].refunds == {ALL_REFUNDS: "10.60"}


def test_every_measure_of_a_layout_is_a_known_one_with_the_same_unit() -> None:
    imported = {
        (name, spec.unit, spec.unique) for layout in known_layouts() for name, spec in layout.measures.items()
    }
    known = {(one.name, one.unit.value, one.is_unique) for one in MEASURES}
    assert imported - known == set()


async def test_orders_known_by_their_buyers_mail_were_never_said_to_be_there_before(tmp_path: Path) -> None:
    """They are kept as pseudonyms, and the file's own ids were looked for."""
    log = Log()
    rows = [line("joe@example.com", "Chờ lấy hàng", paid="2026-02-01 02:08"), line("A2", "Chưa thanh toán")]
    await imported(log, tmp_path, *rows)
    assert "joe@example.com" not in {event.order_id for event in log.events}
    assert (await imported(log, tmp_path, *rows)).repeats == 3
