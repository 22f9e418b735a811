"""Business time and the baseline of slow steps."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.baselines import KernelSource, StoreHistory, decode_baseline, encode_baseline, fit_baselines
from scoring.baselines.business import BusinessHours, in_business_hours, infer_hours, wall_hours
from scoring.baselines.localtime import local_minute
from scoring.baselines.slow import AttributedPairs, SlowInputs, exposure, gamma_kernel, pair_delays
from tests.scoring.detection.warehouse import DAY, HOURS, START, ZONE, draw_warehouse

DAYS = 28


def at(*moment: int) -> int:
    """The UTC minute of a moment."""
    return int(datetime(*moment, tzinfo=UTC).timestamp() // 60)  # type: ignore[misc, arg-type]


def test_an_order_paid_on_friday_evening_and_sent_on_monday_morning_took_one_business_hour() -> None:
    #  Fri 17-18 open | evening, Saturday 9-18 shut here | Mon 9-10: counts as paid | Mon 10-11: sent
    hours = BusinessHours("UTC", tuple(day * 24 + hour for day in range(5) for hour in range(9, 18)))
    paid, sent = at(2026, 1, 9, 20, 30), at(2026, 1, 12, 10, 15)
    delays, possible = pair_delays(
        hours, AttributedPairs(np.array([paid]), np.array([sent])), at(2026, 1, 12, 18)
    )
    assert delays.tolist() == [1]
    assert possible.tolist() == [8]


def test_a_public_holiday_and_a_day_named_closed_are_not_business_hours() -> None:
    hours = BusinessHours("Europe/Berlin", tuple(range(168)), "DE", closed=("2026-01-02",))
    noon = {day: local_minute("Europe/Berlin", at(2026, 1, day, 11)) // 60 for day in (1, 2, 5)}
    assert [hours.is_open(noon[day]) for day in (1, 2, 5)] == [False, False, True]
    assert hours.open_mask(np.array(list(noon.values()))).tolist() == [False, False, True]


def test_the_hour_that_is_lived_twice_is_given_twice_and_the_one_skipped_is_not_given() -> None:
    back, _ = wall_hours("Europe/Berlin", at(2026, 10, 24, 22), 25 * 60)
    forward, _ = wall_hours("Europe/Berlin", at(2026, 3, 28, 23), 23 * 60)
    assert (back % 24).tolist() == [0, 1, 2, 2, *range(3, 24)]
    assert (forward % 24).tolist() == [0, 1, *range(3, 24)]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=60),
)
def test_business_hours_lose_no_event_and_shut_hours_count_in_the_next_open_one(
    hours: list[tuple[int, bool]],
) -> None:
    values = np.array([[float(count)] for count, _ in hours])
    is_open = np.array([flag for _, flag in hours])
    business, left = in_business_hours(values, is_open)
    slow: list[float] = []
    waiting = 0.0
    for count, flag in hours:
        waiting += count
        slow += [waiting] * flag
        waiting *= not flag
    assert business[:, 0].tolist() == slow
    assert left[0] == waiting


def test_hours_are_inferred_from_shipments_and_say_so() -> None:
    counts, _, _ = draw_warehouse(21)
    local, bounds = wall_hours(ZONE, START, 21 * DAY)
    shipped = np.add.reduceat(counts[5].astype(float), bounds[:-1])
    inferred = infer_hours(ZONE, local, shipped, "DE")
    assert inferred.open_hours == HOURS.open_hours
    assert (inferred.country, inferred.is_inferred) == ("DE", True)


def test_the_kernel_from_pairs_does_not_take_the_young_orders_for_quick_ones() -> None:
    counts, paid, sent = draw_warehouse(10, mean=25.0)
    until = START + 10 * DAY
    delays, _ = pair_delays(HOURS, AttributedPairs(paid, sent), until)
    slow = fit_baselines(
        [StoreHistory("s", ZONE, START, ("",), np.tile(counts[None], (1, 1, 2))[:, :, : 15 * DAY])],
        1,
        slow=SlowInputs({"s": HOURS}, {"s": AttributedPairs(paid, sent)}),
    )[0].slow
    assert delays.mean() < 22
    assert slow is not None
    assert slow.kernel.source is KernelSource.PAIRS


def test_truncated_pairs_give_the_mean_delay_back_within_a_tenth() -> None:
    counts, paid, sent = draw_warehouse(21, mean=25.0)
    until = START + 21 * DAY
    slow = fit_baselines(
        [StoreHistory("s", ZONE, START, ("",), counts[None])],
        1,
        slow=SlowInputs({"s": HOURS}, {"s": AttributedPairs(paid, sent)}),
    )[0].slow
    assert slow is not None
    naive = pair_delays(HOURS, AttributedPairs(paid, sent), until)[0].mean()
    assert slow.kernel.mean_minutes == pytest.approx(25.0, rel=0.1)
    assert abs(naive - 25.0) > abs(slow.kernel.mean_minutes - 25.0)


def test_without_pairs_the_counts_give_the_delay_within_a_quarter() -> None:
    counts, _, _ = draw_warehouse(DAYS)
    slow = fit_baselines([StoreHistory("s", ZONE, START, ("",), counts[None])], 1)[0].slow
    assert slow is not None
    assert slow.kernel.source is KernelSource.COUNTS
    assert slow.kernel.mean_minutes == pytest.approx(12.0, rel=0.25)
    assert slow.rate == pytest.approx(0.97, abs=0.03)
    assert slow.hours.is_inferred


def test_exposure_is_the_sum_over_delays_of_what_happened_then() -> None:
    rng = np.random.default_rng(1)
    entered, pmf = rng.poisson(5, 40).astype(float), gamma_kernel(6.0, 2.0)
    by_formula = [
        sum(pmf[d] * entered[t - d] for d in range(min(t + 1, len(pmf)))) for t in range(len(entered))
    ]
    assert exposure(entered, pmf) == pytest.approx(by_formula)


@settings(max_examples=30, deadline=None)
@given(st.floats(1.0, 60.0), st.sampled_from((0.7, 1.0, 2.0, 4.0)))
def test_a_gamma_kernel_is_a_distribution_with_about_its_mean(mean: float, shape: float) -> None:
    pmf = np.array(gamma_kernel(mean, shape))
    assert pmf.min() >= 0
    assert pmf.sum() == pytest.approx(1.0)
    assert (pmf * np.arange(len(pmf))).sum() == pytest.approx(mean, rel=0.08, abs=0.3)


def test_a_store_with_less_than_two_weeks_has_no_slow_baseline() -> None:
    counts, _, _ = draw_warehouse(13)
    assert [
        baseline.slow for baseline in fit_baselines([StoreHistory("s", ZONE, START, ("",), counts[None])], 1)
    ] == [None]


def test_the_slow_baseline_survives_its_topic() -> None:
    counts, _, _ = draw_warehouse(DAYS)
    baseline = fit_baselines(
        [StoreHistory("s", ZONE, START, ("",), counts[None])],
        1,
        slow=SlowInputs({"s": BusinessHours(ZONE, HOURS.open_hours, "DE", (date(2026, 1, 6).isoformat(),))}),
    )[0]
    assert decode_baseline(encode_baseline(baseline)) == baseline
    assert baseline.slow is not None
    assert baseline.slow.hours.country == "DE"
