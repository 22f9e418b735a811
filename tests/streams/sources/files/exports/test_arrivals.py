"""How the buyer of an order came is read from the columns of its export; addresses are not kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.sources.arrival import Arrival
from streams.sources.files.exports.arrivals import arrival_of_order
from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.open_orders import ExportOrder
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.order_life import OrderBook


@pytest.mark.parametrize(
    ("columns", "arrival"),
    [
        ({"channel": "google", "medium": "cpc", "campaign": "spring"}, Arrival("paid", "spring")),
        ({"channel": "Newsletter"}, Arrival("newsletter", "")),
        ({"landing": "/hats?utm_source=xhs&utm_campaign=autumn"}, Arrival("xhs", "autumn")),
        (
            {"landing": "https://shop.test/?gclid=1", "referrer": "https://www.google.com/"},
            Arrival("paid", ""),
        ),
        ({"referrer": "www.google.co.jp"}, Arrival("search", "")),
        ({"referrer": "https://l.instagram.com/x"}, Arrival("social", "")),
        ({"referrer": "https://blog.test/a?mail=ann@b.test"}, Arrival("referral", "")),
        ({"referrer": "https://t.com/"}, Arrival("referral", "")),
        ({"channel": "ann@b.test", "campaign": "-"}, Arrival()),
        ({"channel": "(not set)", "landing": "http://[", "referrer": "direct"}, Arrival()),
    ],
)
def test_channel_and_campaign_of_an_order(columns: dict[str, str], arrival: Arrival) -> None:
    assert arrival_of_order(ExportOrder("1", 1, **columns)) == arrival  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header",
    [
        "Order ID,Created at,Status,Total,Currency,UTM Source,utm_campaign",
        # a known platform's, with columns that a plugin added
        "Order Number,Order Date,Order Status,Order Total Amount,Customer Note,_wc_order_attribution_utm_source,utm_campaign",
    ],
)
def test_utm_columns_were_not_read(header: str, tmp_path: Path) -> None:
    source = tmp_path / "orders.csv"
    width = header.count(",") - 4
    rest = ["EUR"] if width == 2 else [""]
    rows = [
        ",".join((f"10{n}", f"2026-03-0{n} 10:00:00", "completed", "9.90", *rest, "google", "spring"))
        for n in range(1, 4)
    ]
    source.write_text("\n".join((header, *rows)), encoding="utf-8")
    with opened(source) as files:
        (summary,) = summarize(files[0], ImportChoices())
        assert summary.table is not None
        assert {"channel", "campaign"} <= summary.table.columns.keys()
        assert isinstance(summary.content, OrderBook)
        assert {arrival_of_order(one) for one in summary.content.orders()} == {Arrival("google", "spring")}
