"""An export through the collector's own intake: each fact of an order is one event, whatever file tells it, however often."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from scoring.events.delivery import StoreDefaults
from scoring.events.event import Event
from scoring.events.pseudonyms import Pseudonyms
from streams.collector.intake import EventIntake
from streams.kafka.topics import EVENTS
from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.sending import ImportReport, send
from tests.fixtures.workbook import CellValue, sheet_xml, write_workbook

HEADER = ["Mã đơn hàng", "Mã Kiện Hàng", "Ngày đặt hàng", "Trạng Thái Đơn Hàng", "Thời gian giao hàng", "Số lượng", "Tổng giá trị đơn hàng (VND)", "Thời gian hoàn thành đơn hàng", "Thời gian đơn hàng được thanh toán", "Phương thức thanh toán", "Người Mua"]  # fmt: skip
COD = "Thanh toán khi nhận hàng"


class Log:
    """Takes what a publisher would send, and answers which facts it holds."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def publish(self, records: Sequence[Any]) -> None:
        self.events += [msgspec.json.decode(one.value, type=Event) for one in records if one.topic == EVENTS]

    def known(self, store: str, order_ids: Sequence[str]) -> set[tuple[str, str]]:
        return {(one.type.value, one.order_id) for one in self.events if one.order_id in set(order_ids)}


async def imported(log: Log, folder: Path, *rows: Sequence[CellValue]) -> ImportReport:
    path = write_workbook(folder / "a.xlsx", {"s": sheet_xml([HEADER, *rows])})
    with opened(path) as files:
        (summary,) = summarize(files[0], ImportChoices(zone="Asia/Ho_Chi_Minh", store="vn"))
    assert summary.questions == []
    terms = StoreDefaults("shopee", "VND")
    intake = EventIntake(log, {"vn": terms}, Pseudonyms("a key"))  # type: ignore[arg-type]
    return await send(summary, intake, terms, log.known)


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
