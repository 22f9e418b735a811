"""A day in one column and its time of day in the next one are one time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta
from pathlib import Path

import pytest

from streams.sources.files.exports.cells import Cell
from streams.sources.files.exports.clocks import read_clock
from streams.sources.files.exports.dry_run import ExportSummary, ImportChoices, summarize
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.order_life import OrderBook

_OTHERS = "Order Number,Order Status,Quantity,Order Total,Currency"


def summarized(tmp_path: Path, header: str, times: Sequence[str]) -> ExportSummary:
    rows = [f"A-1000{n},Paid,1,10.50,USD,{one}" for n, one in enumerate(times, 1)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([f"{_OTHERS},{header}", *rows]))
    with opened(path) as files:
        (found,) = summarize(files[0], ImportChoices(zone="UTC", currency="USD"))
    return found


def times_of(found: ExportSummary) -> list[dict[str, str]]:
    assert isinstance(found.content, OrderBook)
    return [
        {one: moment.local.isoformat(" ", "minutes") for one, moment in sorted(order.times.items())}
        for order in found.content.orders()
    ]


@pytest.mark.parametrize(
    "header",
    ["Date,Time", "Order Date,Order Time", "订单日期,时间", "下单日期,下单时间", "Fecha,Hora", "Date,Heure", "Datum,Uhrzeit",
     "Order Date,Time (UTC)", "Tanggal,Jam", "Дата,Время", "주문일,시간", "注文日,注文時刻", "Data,Ora", "Ngày đặt hàng,Giờ"],
)  # fmt: skip
def test_orders_with_date_and_time_in_two_columns_landed_at_midnight(tmp_path: Path, header: str) -> None:
    found = summarized(tmp_path, header, ["2026-03-14,14:05:09", "2026-03-15,9:30"])
    assert [one["placed"] for one in times_of(found)] == ["2026-03-14 14:05", "2026-03-15 09:30"]
    assert "clock" not in {one.about for one in found.questions}
    assert found.table is not None
    assert found.table.unused == []
    assert "are read as one time" in found.notes[0]


def test_each_event_gets_its_own_time_of_day(tmp_path: Path) -> None:
    header = "Order Date,Order Time,Payment Date,Payment Time,Ship Date,Ship Time"
    rows = ["2026-03-14,2:05 PM,2026-03-14,02:10 pm,2026-03-16,08:00 AM", "2026-03-14,12:01 AM,,,,"]
    assert times_of(summarized(tmp_path, header, rows)) == [
        {"placed": "2026-03-14 14:05", "paid": "2026-03-14 14:10", "shipped": "2026-03-16 08:00"},
        {"placed": "2026-03-14 00:01"},
    ]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("about noon", "(such as 'about noon')"),
        ("25:99", "(such as '25:99')"),
        ("", "no time of day in 1 rows"),
    ],
)
def test_a_time_of_day_that_cannot_be_read_is_asked_about(tmp_path: Path, second: str, said: str) -> None:
    found = summarized(tmp_path, "Date,Time", ["2026-03-14,14:05", f"2026-03-15,{second}"])
    (question,) = [one for one in found.questions if one.about == "clock"]
    assert said in question.text


def test_no_time_of_day_that_can_be_read_is_asked_about_too(tmp_path: Path) -> None:
    found = summarized(tmp_path, "Date,Time", ["2026-03-14,noon", "2026-03-15,night"])
    assert "clock" in {one.about for one in found.questions}


def test_a_span_or_the_time_of_something_else_is_left_alone(tmp_path: Path) -> None:
    found = summarized(tmp_path, "Order Date,Shipping Time,Ship Date", ["2026-03-14,2 days,2026-03-16"] * 2)
    assert times_of(found) == [{"placed": "2026-03-14 00:00", "shipped": "2026-03-16 00:00"}] * 2
    assert "clock" not in {one.about for one in found.questions}


@pytest.mark.parametrize(
    ("cell", "clock"),
    [
        (time(14, 5), (14, 5, 0)), (0.5, (12, 0, 0)), (timedelta(hours=9), (9, 0, 0)), ("下午2:05", (14, 5, 0)), ("14h05", (14, 5, 0)),
        ("14:05:09 Uhr", (14, 5, 9)), ("14時05分", (14, 5, 0)), ("２：０５ ｐ.ｍ.", (14, 5, 0)), ("2", None), ("14:05 tomorrow", None), (1.5, None),
    ],
)  # fmt: skip
def test_a_time_of_day_is_read_as_people_write_it(cell: Cell, clock: tuple[int, int, int] | None) -> None:
    found = read_clock(cell)
    assert (found and (found.hour, found.minute, found.second)) == clock
