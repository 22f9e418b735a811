"""The page and the API of one store: what carried a change, and cohorts, against the real engine."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage

DAY_S = 86_400


@pytest.fixture(scope="module")
def week_before(page: RunningPage, clickhouse: Store) -> RunningPage:
    """The page with the seeded minutes also a week before, there with twice the payments."""
    client = clickhouse.client(PAGE_DATABASE)
    client.command(
        "INSERT INTO minutes_raw (store_id, minute, segment, counts, version) "
        "SELECT store_id, minute - INTERVAL 7 DAY, segment, "
        "arrayMap((n, place) -> place = 5 ? 2 * n : n, counts, arrayEnumerate(counts)), version FROM minutes_raw"
    )
    return page


@pytest.fixture(scope="module")
def with_orders(page: RunningPage, clickhouse: Store) -> RunningPage:
    """The page with twelve days of orders, nine of ten fulfilled after one to three days, one of five bought again."""
    rng = np.random.default_rng(3)
    rows: list[list[Any]] = []
    now_s = page.now_ms // 1000
    for number in range(1200):
        paid = now_s - int(rng.integers(0, 12 * DAY_S)) * (number > 0)  # one just now, even at midnight
        rows.append(event("payment", paid, number))
        sent = paid + int(rng.integers(1, 4)) * DAY_S
        rows += [event("fulfilment", sent, number)] * (sent < now_s and rng.random() < 0.9)
        again = paid + 4 * DAY_S
        rows += [event("order", again, number, "again-")] * (again < now_s and rng.random() < 0.2)
    names = ["store_id", "event_time", "type", "event_id", "received_at", "order_id", "buyer", "version"]
    clickhouse.client(PAGE_DATABASE).insert("events_raw", rows, column_names=names)
    return page


def event(kind: str, at_s: int, number: int, prefix: str = "") -> list[Any]:
    at = datetime.fromtimestamp(at_s, UTC)
    return [
        "uk-tiktok",
        at,
        kind,
        f"{prefix}{kind}-{number}",
        at,
        f"{prefix}order-{number}",
        f"buyer-{number}",
        1,
    ]


def test_half_the_payments_of_a_week_before_are_carried_by_the_payment_step(week_before: RunningPage) -> None:
    found = week_before.json("/stores/de-shopify/contributions?hours=24")
    assert found["carried_by"] == "order_to_payment"
    assert found["log_ratio"] == pytest.approx(math.log(0.5), abs=0.02)
    assert sum(part["log_ratio"] for part in found["parts"]) == pytest.approx(found["log_ratio"])
    assert sum(part["events"] for part in found["parts"]) == pytest.approx(found["now"] - found["then"])
    last = found["parts"][-1]
    assert last["step"] == "order_to_payment"
    assert last["share"] == pytest.approx(1.0, abs=0.02)
    assert last["mix"] == pytest.approx(0.0, abs=0.01)


def test_against_expectation_the_step_in_alert_carries_the_fall(page: RunningPage) -> None:
    found = page.json("/stores/us-own/contributions?hours=1&against=expectation")
    assert found["carried_by"] == "order_to_payment"
    assert found["log_ratio"] < -0.2
    assert found["mix_share"] is None


def test_the_view_of_contributions_adds_up_as_well(week_before: RunningPage, clickhouse: Store) -> None:
    rows = clickhouse.client(PAGE_DATABASE).query(
        "SELECT step, log_ratio FROM step_contributions WHERE store_id = 'de-shopify' AND day = toDate(now('UTC') - INTERVAL 1 HOUR)"
    )
    parts = dict(rows.result_rows)
    assert parts["order_to_payment"] == pytest.approx(math.log(0.5), abs=0.02)
    assert parts[""] == pytest.approx(0.0, abs=1e-9)
    assert set(parts) == {
        "", "impression_to_click", "click_to_add_to_cart", "add_to_cart_to_order", "order_to_payment",
        "payment_to_fulfilment", "fulfilment_to_repurchase",
    }  # fmt: skip


def test_cohorts_of_fulfilment_are_corrected_by_their_age(with_orders: RunningPage) -> None:
    found = with_orders.json("/stores/uk-tiktok/cohorts?step=payment_to_fulfilment")
    rows = found["rows"]
    assert [row["rate"] for row in rows[:1]] == [None]
    full = [row["rate"] for row in rows if row["completeness"] == 1.0 and row["entered"] > 50]
    assert np.mean(full) == pytest.approx(0.9, abs=0.05)
    young = [row for row in rows if row["advanced"] > 10 and 0.05 < row["completeness"] < 0.9]
    assert young
    assert all(row["rate"] > 1.2 * row["advanced"] / row["entered"] for row in young)
    assert found["median_days"] == 2


def test_cohorts_of_buyers_say_who_bought_again(with_orders: RunningPage) -> None:
    found = with_orders.json("/stores/uk-tiktok/cohorts?step=fulfilment_to_repurchase")
    assert found["span_days"] == 7
    assert sum(row["entered"] for row in found["rows"]) == 1200
    assert 60 < sum(row["advanced"] for row in found["rows"]) < 260


@pytest.mark.parametrize(
    ("language", "carried", "cohorts"),
    [("en", "Which step changed most", "Corrected rate"), ("zh", "变化主要来自哪一步", "折算完成率")],
)
def test_the_page_shows_waterfall_and_cohorts_in_both_languages(
    week_before: RunningPage, with_orders: RunningPage, language: str, carried: str, cohorts: str
) -> None:
    answer = week_before.get(f"/stores/uk-tiktok?hours=24&lang={language}")
    assert answer.status_code == 200
    assert carried in answer.text
    assert cohorts in answer.text
    assert "waterfall" in answer.text


def test_the_overview_leads_to_it_and_an_unknown_store_is_said_to_be_unknown(page: RunningPage) -> None:
    assert 'href="/stores/us-own"' in page.get("/?store=us-own").text
    assert page.get("/stores/nobody").status_code == 404
    assert page.get("/api/v1/stores/nobody/cohorts").status_code == 404
