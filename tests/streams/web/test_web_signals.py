"""A store's signals on its page and by API: by kind, with their objects, on the line of the step where they are felt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from tests.deadlines import within
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage

COLUMNS = ["store_id", "kind", "object", "since", "until", "source", "details", "told_at", "connection", "import_id", "withdrawn", "digest"]  # fmt: skip
STORE, EPOCH = "us-own", datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def signalled(page: RunningPage, clickhouse: Store) -> RunningPage:
    """Seven payments declined by one code and two by another, a product out of stock, one that was a week ago, and a quota."""
    now = datetime.fromtimestamp(page.now_ms / 1000, UTC)

    def row(kind: str, about: str, back_h: float, lasts: bool = False) -> list[Any]:
        since = now - timedelta(hours=back_h)
        return [
            STORE,
            kind,
            about,
            since,
            EPOCH if lasts else since,
            "shopify",
            {},
            since,
            "",
            "",
            0,
            hash((kind, about, back_h)) % 2**31,
        ]

    rows = [row("payment_declined", "card_declined", 1 + n / 10) for n in range(7)]
    rows += [row("payment_declined", "expired_card", 2 + n / 10) for n in range(2)]
    rows += [
        row("stock_out", "SKU-9", 90, lasts=True),
        row("stock_out", "SKU-1", 24 * 7 + 3),
        row("quota_low", "api", 1),
    ]
    clickhouse.client(PAGE_DATABASE).insert("signal_versions_raw", rows, column_names=COLUMNS)
    return page


def test_signals_are_counted_by_kind_and_object_within_the_hours(signalled: RunningPage) -> None:
    found = {one["kind"]: one for one in signalled.json(f"/stores/{STORE}/signals?hours=24")["signals"]}
    assert list(found) == ["stock_out", "payment_declined"]
    declined, sold_out = found["payment_declined"], found["stock_out"]
    assert (declined["count"], declined["most"], declined["lasting"]) == (
        9,
        [["card_declined", 7], ["expired_card", 2]],
        0,
    )
    assert (sold_out["count"], sold_out["most"], sold_out["lasting"]) == (1, [["SKU-9", 1]], 1)
    assert (declined["step"], sold_out["step"]) == ("order_to_payment", "click_to_add_to_cart")
    month = signalled.json(f"/stores/{STORE}/signals?hours=720&lang=zh")["signals"]
    assert [(one["name"], one["count"]) for one in month] == [("缺货", 2), ("支付被拒", 9)]
    assert signalled.json("/stores/jp-amazon/signals")["signals"] == []


@pytest.mark.parametrize(
    ("language", "chip", "words"),
    [
        ("zh", "支付被拒 9", ("card_declined", "不等于原因")),
        ("en", "Payment declined: 9", ("SKU-9", "none of them the cause")),
    ],
)
def test_the_store_s_page_shows_them_on_the_line_of_the_step(
    signalled: RunningPage, language: str, chip: str, words: tuple[str, ...]
) -> None:
    text = " ".join(
        unescape(signalled.get(f"/stores/{STORE}?lang={language}&hours=6&against=expectation").text).split()
    )
    line = text[text.index('data-key="signals-order_to_payment"') :]
    assert text.index('data-key="order_to_payment"') < text.index('data-key="signals-order_to_payment"')
    assert chip in line[: line.index("</tr>")]
    assert [word for word in words if word not in text] == []
    none = signalled.get(f"/stores/jp-amazon?lang={language}").text
    assert ("没有来源报来信号" in none) or ("No source reported" in none)


@pytest.mark.parametrize(
    ("store", "body", "status", "why"),
    [
        (STORE, {"name": " "}, 400, "name"),
        (STORE, {"name": "theme 4.2", "at_ms": 4_102_444_800_000}, 400, "still to come"),
        (STORE, {"name": "theme 4.2", "when": 1}, 400, "when"),
        ("nobody", {"name": "theme 4.2"}, 404, "nobody"),
    ],
)
def test_a_release_that_makes_no_sense_is_rejected_in_words(
    page: RunningPage, store: str, body: dict[str, Any], status: int, why: str
) -> None:
    answer = httpx.post(f"{page.url}/api/v1/stores/{store}/releases", json=body, timeout=within(20))
    assert answer.status_code == status, answer.text
    assert why in answer.text


def test_a_release_that_no_broker_took_is_not_said_to_be_marked(page: RunningPage) -> None:
    body = {"name": "theme 4.2"}
    answer = httpx.post(f"{page.url}/api/v1/stores/{STORE}/releases", json=body, timeout=within(20))
    assert (answer.status_code, "name" in answer.json()) == (503, False)
