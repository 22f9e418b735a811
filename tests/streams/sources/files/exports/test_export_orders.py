"""Orders of large files: their lines far apart, more rows than memory holds, and each order once all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from streams.sources.files.exports.columns import KeptChunks, TableChunk
from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.open_orders import ExportOrder, OpenOrders
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.order_life import OrderBook

HEADER = "Name,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Payment Method\n"
AT = "2026-03-07 10:00:00 +0000"


def test_lines_of_an_order_that_lie_far_apart_are_one_order(tmp_path: Path) -> None:
    count = 12_000
    first = "".join(f"#{number},paid,{AT},,,USD,10.00,{AT},1,Hat,5,x\n" for number in range(count))
    again = "".join(f"#{number},,,,,,,{AT},2,Cap,5,\n" for number in reversed(range(count)))
    path = tmp_path / "a.csv"
    path.write_text(HEADER + first + again)
    with opened(path) as files:
        (summary,) = summarize(files[0], ImportChoices())
        assert (summary.tally.rows, summary.orders, summary.units, summary.paid) == (
            2 * count,
            count,
            3 * count,
            count,
        )
        assert summary.money == {"USD": Decimal(10 * count)}
        assert isinstance(summary.content, OrderBook)
        assert (
            len({order.order_id for order in summary.content.orders()}) == count
        )  # and as often as they are asked for


@pytest.mark.parametrize("at_hand", [1, 2, 100])
def test_an_open_order_comes_back_from_disk_as_it_was(at_hand: int) -> None:
    opened_orders = OpenOrders(at_hand)
    made = []
    for number in range(20):
        order = ExportOrder(
            f"A{number}", number, {
                "placed": Moment(datetime(2026, 2, 1, 1, 38, 5)),  # noqa: DTZ001
                "paid": Moment(datetime(2026, 2, 1, 2), timezone(timedelta(hours=-3, minutes=-30)), False),  # noqa: DTZ001
            },
            frozenset({"shipped"}), 2, 1, 1, Decimal("2.5"), Decimal("1000.10"), "VND", Decimal(3), Decimal("0.1"), "RUB", "COD",
            True, True, "VN", "somebody", "sku", "shop", frozenset({"P1", "P2"}),
        )  # fmt: skip
        made.append(order)
        opened_orders.add(order)
    again = opened_orders.get("A0")
    assert again == made[0]
    assert again is not None
    again.rows = 9
    assert opened_orders.close("A0") == again
    assert opened_orders.close("A0") is None
    assert sorted(opened_orders.close_all(), key=lambda order: order.line) == made[1:]


def test_an_open_order_keeps_the_instant_of_its_times() -> None:
    at = Moment(datetime(2026, 2, 1, 2), timezone(timedelta(hours=7)))  # noqa: DTZ001
    orders = OpenOrders(1)
    for number in range(3):
        orders.add(ExportOrder(str(number), number, {"placed": at}))
    (order, *_) = orders.close_all()
    assert order.times["placed"].at(UTC) == datetime(2026, 1, 31, 19, tzinfo=UTC)


def test_chunks_beyond_memory_come_back_in_order_for_several_readers() -> None:
    kept = KeptChunks()
    for number in range(10):
        kept.add(TableChunk([number] * 5000, {0: [f"row {number}"] * 5000, 3: [1.5] * 5000}))
    first, second = iter(kept), iter(kept)
    for number in range(10):
        for reader in (first, second):
            chunk = next(reader)
            assert (chunk.lines[0], chunk.columns[0][0], chunk.columns[3][-1]) == (
                number,
                f"row {number}",
                1.5,
            )
    assert kept.rows == 50_000
