"""Pools: what many small stores show together, what they must not show, and that a restart changes nothing.

::

    day      0 ............ 8 .......... 8.5 ..... 8.55 ..... 9
             training         calm        a drop     calm again
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from scoring.alerts.alert import AlertKind, AlertState, AlertTransition
from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.calendar.effects import DayEffect, DayRules, OwnEntry
from scoring.detection.pool_minutes import PoolMinutes
from scoring.funnel.pools import PoolDimension, parse_pool, pool_id
from scoring.funnel.scores import ScoreRow
from tests.scoring.detection.shops import (
    BREAKS,
    COUNTS,
    FIXED,
    LIVE,
    MINUTE_MS,
    POOL,
    RULES,
    SEGMENTS,
    START,
    STORES,
    TRAIN,
    UNREACHABLE,
    broken,
    feed,
    judge_stores,
    pools_of,
    score_rows,
)


@pytest.fixture(scope="module")
def baselines() -> list[StoreBaseline]:
    return fit_baselines(
        [
            StoreHistory(store, "UTC", START, SEGMENTS, counts[:, :, :TRAIN])
            for store, counts in COUNTS.items()
        ],
        1,
        pools=RULES,
    )


@pytest.fixture(scope="module")
def common(baselines: list[StoreBaseline]) -> tuple[list[list[ScoreRow]], list[AlertTransition]]:
    return judge_stores(baselines, broken(0.45))


@pytest.fixture
def common_drop(common: tuple[list[list[ScoreRow]], list[AlertTransition]]) -> list[list[ScoreRow]]:
    return common[0]


@pytest.mark.slow
def test_a_drop_that_no_store_can_show_alone_is_shown_by_their_pool(
    baselines: list[StoreBaseline], common: tuple[list[list[ScoreRow]], list[AlertTransition]]
) -> None:
    rows, of_stores = common
    reported = feed(PoolMinutes(pools_of(baselines), (0, 1)), rows)
    fired = next(t for t in reported if t.store_id == POOL)
    assert [t for t in of_stores if t.kind is AlertKind.CONVERSION] == []
    assert (fired.kind, fired.state, fired.step) == (AlertKind.POOLED, AlertState.FIRING, "order_to_payment")
    assert sorted(fired.members) == list(STORES)
    assert fired.members[0] == fired.contributions[0].segment
    assert BREAKS < fired.opened_at_ms // MINUTE_MS - START - TRAIN <= FIXED
    assert 0.05 <= fired.contributions[0].share < 0.3
    resolved = [t for t in reported if t.store_id == POOL][-1]
    missing = 24 * 0.15 * 60 * 0.8 * 0.45
    assert resolved.state is AlertState.RESOLVED
    assert resolved.lost_low < missing < resolved.lost_high
    assert resolved.at_end is not None
    assert resolved.at_end.observed >= resolved.at_end.low


def test_pools_with_the_very_same_stores_are_one_pool(baselines: list[StoreBaseline]) -> None:
    pooled = {baseline.store_id: len(baseline.members) for baseline in baselines if baseline.members}
    assert pooled == {POOL: 24, "pool:payment_method=paypal": 24, "pool:payment_method=card": 24}


def test_the_pool_wobbles_less_than_its_members(baselines: list[StoreBaseline]) -> None:
    """Members' own wobbles average out; the floor of the population would hide a pool's strength."""
    pool = next(baseline for baseline in baselines if baseline.store_id == POOL)
    stores = [baseline.steps["order_to_payment"] for baseline in baselines if not baseline.members]
    step = pool.steps["order_to_payment"]
    assert step.sigma < np.median([store.sigma for store in stores])
    assert step.arrivals_per_hour == pytest.approx(sum(s.arrivals_per_hour for s in stores), rel=0.02)


@pytest.mark.slow
def test_a_drop_of_one_payment_method_is_named_by_the_pool_of_that_method(
    baselines: list[StoreBaseline],
) -> None:
    rows = score_rows(baselines, broken(0.6, segments=slice(0, 1)))
    fired = {
        t.store_id for t in feed(PoolMinutes(pools_of(baselines), (0, 1)), rows) if t.fired_at_ms is not None
    }
    assert "pool:payment_method=paypal" in fired
    assert "pool:payment_method=card" not in fired


def test_a_drop_in_one_store_is_not_reported_for_its_pool_until_the_others_show_it_too(
    baselines: list[StoreBaseline],
) -> None:
    detector = pools_of(baselines)
    numbers = np.array([detector.part(store, "order_to_payment", "") for store in STORES])
    expected = np.full(len(STORES), 0.12)
    expected[0] = 6.0  # one store as large as all others together, twice
    rng = np.random.default_rng(9)
    reported: list[AlertTransition] = []
    for minute in range(700):
        arrived = rng.poisson(4 * expected) / 4  # four of five orders are paid: less than Poisson's variance
        arrived[0] *= 0 if minute > 600 else 1
        reported += detector.advance(START + minute, numbers, arrived, expected, np.full(len(STORES), 0.01))
    assert reported == []
    for minute in range(700, 760):  # now the others fail as well
        arrived = rng.poisson(4 * expected) / 4 * 0.2
        reported += detector.advance(START + minute, numbers, arrived, expected, np.full(len(STORES), 0.01))
    first = reported[0]
    assert (first.store_id, first.state, first.sequence) == (POOL, AlertState.FIRING, 0)
    assert 700 < first.at_ms // MINUTE_MS - START <= 745
    over = reported[-1]
    for minute in range(760, 900):  # all are well again, then the large one fails alone
        arrived = rng.poisson(4 * expected) / 4
        arrived[0] *= 0 if minute > 820 else 1
        made = detector.advance(START + minute, numbers, arrived, expected, np.full(len(STORES), 0.01))
        over = [over, *made][-1]
    assert (over.alert_id, over.state) == (first.alert_id, AlertState.RESOLVED)


@pytest.mark.slow
def test_a_pool_killed_in_mid_incident_reports_what_it_would_have_reported(
    baselines: list[StoreBaseline], common_drop: list[list[ScoreRow]]
) -> None:
    expected = feed(PoolMinutes(pools_of(baselines), (0, 1)), common_drop)
    first = pools_of(baselines)
    until = BREAKS + 50
    minutes = PoolMinutes(first, (0, 1))
    reported = feed(minutes, common_drop[:until])
    assert minutes.scored is not None
    snapshots = {pool: first.snapshot(pool) for pool in first.pools}
    reported += feed(PoolMinutes(pools_of(baselines), (0, 1), minutes.scored, snapshots), common_drop)
    assert [(t.alert_id, t.sequence, t.state, t.at_ms) for t in reported] == [
        (t.alert_id, t.sequence, t.state, t.at_ms) for t in expected
    ]
    assert [t.lost for t in reported] == pytest.approx([t.lost for t in expected], rel=0.02)


@pytest.mark.slow
def test_rows_that_come_after_their_minute_count_all_the_same(baselines: list[StoreBaseline]) -> None:
    """A partition that was missing for a while gives its rows later: nothing of it may look like a drop."""
    calm = score_rows(baselines, COUNTS)
    minutes = PoolMinutes(pools_of(baselines), (0, 1))
    held: list[ScoreRow] = []
    reported: list[AlertTransition] = []
    for number, minute in enumerate(calm):
        for row in (row for row in minute if STORES.index(row.store_id) % 2 == 0):
            minutes.take(0, row)
        held += [row for row in minute if STORES.index(row.store_id) % 2]
        arriving = () if number in UNREACHABLE else tuple(held)
        for row in arriving:
            minutes.take(1, row)
        held = held[len(arriving) :]
        minutes.at_end(0)
        minutes.at_end(1)
        reported += minutes.close()
    assert reported == []
    assert minutes.scored == START + TRAIN + LIVE - 1


def test_a_member_on_a_day_that_suppresses_counts_no_more(
    baselines: list[StoreBaseline], common_drop: list[list[ScoreRow]]
) -> None:
    midnight = datetime.fromtimestamp((START + TRAIN) * 60, UTC).replace(tzinfo=None)
    entry = OwnEntry("stock-taking", DayEffect.SUPPRESS, midnight, midnight + timedelta(days=2))
    reported = feed(PoolMinutes(pools_of(baselines, DayRules({}, {}, (entry,))), (0, 1)), common_drop)
    assert reported == []


def test_the_id_of_a_pool_says_what_its_members_share() -> None:
    assert parse_pool(pool_id(PoolDimension.COUNTRY, "DE")) == (PoolDimension.COUNTRY, "DE")
    assert parse_pool("us-shop") is None


def test_stores_without_traits_and_segments_without_a_method_are_in_no_pool() -> None:
    assert RULES.pools_of("unknown", "") == ()
    assert RULES.pools_of("shop-00", "ios/-") == ()
    assert RULES.pools_of("shop-00", "other") == ()
    assert RULES.pools_of("shop-00", "ios/paypal") == ("pool:payment_method=paypal",)


def test_a_partition_that_is_still_being_read_is_waited_for(baselines: list[StoreBaseline]) -> None:
    """After a restart one partition's hours may come before another's first minute: none of it may be left out."""
    calm = score_rows(baselines, COUNTS)[:240]
    detector = pools_of(baselines)
    minutes = PoolMinutes(detector, (0, 1))
    for half in (0, 1):
        assert minutes.close() == []
        assert detector.minute is None
        for rows in calm:
            for row in (row for row in rows if STORES.index(row.store_id) % 2 == half):
                minutes.take(half, row)
        minutes.at_end(half)
    assert minutes.close() == []
    assert detector.minute == START + TRAIN + 239
