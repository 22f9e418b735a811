"""Next to an alert: what the platforms said of the shop meanwhile, in both languages, and nothing of other times or shops."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage
from tests.fixtures.web_seed import MINUTE_MS, insert_foreign_alert, moment

HOUR_MS = 60 * MINUTE_MS
ALERT, STORE = "al-signals", "th-lazada"
COLUMNS = ["store_id", "kind", "object", "since", "until", "source", "details", "told_at", "connection", "import_id", "withdrawn"]  # fmt: skip


@pytest.fixture(scope="module")
def signalled(page: RunningPage, clickhouse: Store) -> RunningPage:
    client = clickhouse.client(PAGE_DATABASE)
    # long ago: other tests of this page count what was lately
    insert_foreign_alert(
        client, ALERT, STORE, page.now_ms - 200 * 24 * HOUR_MS, "conversion", "page", "unknown"
    )
    opened_ms = page.json(f"/alerts/{ALERT}")["alert"]["opened_at_ms"]

    def row(
        kind: str, about: str, since_ms: int, until_ms: int = 0, store: str = STORE, **details: str
    ) -> list[object]:
        known: Mapping[str, str] = details
        at, until = moment(opened_ms + since_ms), moment(opened_ms + until_ms) if until_ms else moment(0)
        return [store, kind, about, at, until, "shopify", dict(known), at, "main", "", 0]

    declined = "processing_error"
    rows = [
        *(row("payment_declined", declined, -at, -at, gateway="paypal", code=declined) for at in (1000, 60_000, 91_000)),
        row("listing_suppressed", "SKU-<1>", -5 * 24 * HOUR_MS, reason="missing image"),
        row("stock_out", "over", -9 * HOUR_MS, -8 * HOUR_MS),
        row("stock_out", "elsewhere", -5, -5, store="de-shopify"),
        row("stock_out", "years ago", -400 * 24 * HOUR_MS),
    ]  # fmt: skip
    client.insert("signal_versions_raw", rows, column_names=COLUMNS)
    return page


def test_signals_of_the_shop_and_the_time_are_next_to_the_alert(signalled: RunningPage) -> None:
    found = signalled.json(f"/alerts/{ALERT}?lang=en")["signals"]
    assert [(one["kind"], one["object"], one["times"]) for one in found] == [
        ("payment_declined", "processing_error", 3),
        ("listing_suppressed", "SKU-<1>", 1),
    ]
    declined, suppressed = found
    assert declined["last_ms"] - declined["first_ms"] == 90_000
    assert declined["details"] == {"gateway": "paypal"}
    assert suppressed["last_ms"] is None


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("What platforms reported meanwhile", "Not a proof of the cause", "3 times", "still so")),
        ("zh", ("同期平台信号", "支付被拒", "3 次", "仍在持续")),
    ],
)
def test_the_page_of_an_alert_shows_them_in_words(
    signalled: RunningPage, language: str, words: tuple[str, ...]
) -> None:
    text = signalled.get(f"/alerts/{ALERT}?lang={language}").text
    assert [word for word in words if word not in text] == []
    assert "SKU-&lt;1&gt;" in text
    assert "elsewhere" not in text
