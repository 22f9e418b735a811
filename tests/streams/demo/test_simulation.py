"""The demo's shops: history and live traffic follow the same curves, and the incident takes what it says."""

from __future__ import annotations

import collections
from datetime import UTC, datetime

import numpy as np

from scoring.baselines import KernelSource, StoreHistory, fit_baselines
from scoring.funnel.stages import STAGE_INDEX
from streams.demo.history import MINUTES, draw_history, expected_fulfilments, minute_rows
from streams.demo.shops import INCIDENT, demo_shops
from streams.demo.traffic import Visitors
from streams.demo.world import make_curve

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
START_MINUTE = int(NOW.timestamp()) // 60
SHOPS = demo_shops(NOW)


def test_eight_shops_from_sixty_to_fifty_thousand_clicks_an_hour_on_many_platforms() -> None:
    assert len(SHOPS) == 8
    assert sorted(shop.clicks_per_hour for shop in SHOPS)[0] == 60
    assert max(shop.clicks_per_hour for shop in SHOPS) == 50_000
    assert len({shop.platform for shop in SHOPS}) >= 6
    assert len({shop.currency for shop in SHOPS}) >= 6
    for shop in SHOPS:
        assert abs(sum(shop.devices.values()) - 1) < 1e-9
        assert abs(sum(shop.methods.values()) - 1) < 1e-9


def test_the_largest_shop_is_where_it_is_daytime() -> None:
    for hour in range(0, 24, 3):
        shops = demo_shops(NOW.replace(hour=hour))
        curve = make_curve(shops[0], int(NOW.replace(hour=hour).timestamp()) // 60, 60, seed=1)
        assert curve.clicks.mean() > 0.85 * shops[0].clicks_per_hour / 60


def test_a_fit_finds_in_the_history_what_the_shops_were_made_of() -> None:
    shops = SHOPS[1:4]
    histories = []
    for shop in shops:
        drawn = draw_history(make_curve(shop, START_MINUTE - MINUTES, MINUTES, seed=3), MINUTES, seed=3)
        counts = np.stack(list(drawn.values()))
        histories.append(StoreHistory(shop.id, shop.zone, START_MINUTE - MINUTES, tuple(drawn), counts))
    for shop, baseline in zip(shops, fit_baselines(histories, 0), strict=True):
        paid = baseline.steps["order_to_payment"]
        assert abs(paid.rate / shop.payment_rate - 1) < 0.05
        assert paid.kernel.source is not KernelSource.DEFAULT
        ordered = baseline.steps["add_to_cart_to_order"]
        assert abs(ordered.rate / shop.order_rate - 1) < 0.05
        assert max(abs(value) for value in ordered.profile) < 0.5


def test_the_same_seed_draws_the_same_history_and_another_does_not() -> None:
    def total(seed: int) -> list[int]:
        curve = make_curve(SHOPS[5], START_MINUTE, 1440, seed)
        return sum(counts.sum(1) for counts in draw_history(curve, 1440, seed).values()).tolist()  # type: ignore[union-attr]

    assert total(4) == total(4)
    assert total(4) != total(5)


def test_history_rows_hold_every_count_and_no_empty_minute() -> None:
    drawn = draw_history(make_curve(SHOPS[7], START_MINUTE, 2880, seed=2), 2880, seed=2)
    tables = list(minute_rows("kominka", START_MINUTE, drawn))
    rows = [row for table in tables for row in table.to_pylist()]
    assert all(sum(row["counts"]) == row["version"] > 0 for row in rows)
    assert sum(row["version"] for row in rows) == sum(int(counts.sum()) for counts in drawn.values())
    assert min(row["minute"] for row in rows) >= START_MINUTE * 60


def visitors(seed: int = 6) -> Visitors:
    curve = make_curve(SHOPS[0], START_MINUTE - 120, 240, seed)
    return Visitors(curve, seed, START_MINUTE * 60_000, np.full(60, 3.0))


def test_live_traffic_goes_on_where_history_ends_with_conversions_from_its_first_minute() -> None:
    events = visitors().take((START_MINUTE + 10) * 60_000)
    times = [event["event_time_ms"] for event in events]
    assert times == sorted(times)
    assert times[0] >= START_MINUTE * 60_000
    paid = collections.Counter((t["event_time_ms"] // 60_000) for t in events if t["type"] == "payment")
    mean = sum(paid.values()) / 10
    assert paid[START_MINUTE] > 0.75 * mean
    assert len({event.get("event_id") or (event["type"], event["order_id"]) for event in events}) == len(
        events
    )


def test_the_incident_takes_its_share_of_its_segment_and_of_no_other() -> None:
    healthy, broken = visitors(), visitors()
    broken.break_payments(INCIDENT)
    until = (START_MINUTE + 5) * 60_000

    def paid(source: Visitors) -> collections.Counter[tuple[str, str]]:
        return collections.Counter(
            (event["device_class"], event["payment_method"])
            for event in source.take(until)
            if event["type"] == "payment"
        )

    before, during = paid(healthy), paid(broken)
    hit = (INCIDENT.device, INCIDENT.method)
    assert 0.2 < during[hit] / before[hit] < 0.4
    assert broken.lost + during[hit] == before[hit]
    assert {key: count for key, count in during.items() if key != hit} == {
        key: count for key, count in before.items() if key != hit
    }
    assert before[hit] > 50 * 5


def test_fulfilments_of_paid_orders_go_on_after_the_history() -> None:
    due = expected_fulfilments(np.full(2880, 10.0))
    assert abs(due[2000:2880].mean() - 9.8) < 0.5
    assert due[2880:].sum() > 1000
    assert STAGE_INDEX["fulfilment"] == 5
