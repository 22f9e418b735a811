"""Stage algebra: the parts add up, and say which step carried a change and whether only the mix moved."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.funnel.algebra import decompose, kitagawa, logarithmic_mean

THEN = {
    "click": {"ios": 6000.0, "android": 4000.0},
    "add_to_cart": {"ios": 1800.0, "android": 400.0},
    "order": {"ios": 540.0, "android": 120.0},
    "payment": {"ios": 432.0, "android": 96.0},
}


def scaled(counts: dict[str, dict[str, float]], **factors: float) -> dict[str, dict[str, float]]:
    """The counts with some stages multiplied."""
    return {
        stage: {name: count * factors.get(stage, 1.0) for name, count in segments.items()}
        for stage, segments in counts.items()
    }


def test_a_payment_step_that_fell_by_half_carries_the_whole_fall_and_none_of_it_is_mix() -> None:
    found = decompose(scaled(THEN, payment=0.5), THEN)
    assert found is not None
    assert found.carried_by == "order_to_payment"
    assert found.log_ratio == pytest.approx(math.log(0.5))
    last = found.parts[-1]
    assert last.share == pytest.approx(1.0)
    assert last.events == pytest.approx(-264.0)
    assert found.mix_share == pytest.approx(0.0, abs=1e-9)


def test_other_visitors_with_the_same_rates_are_all_mix() -> None:
    # | ios 6000 of 10,000 at 30 % | -> | ios 2000 of 10,000 at 30 %, android 8000 at 10 % |
    now = {"click": {"ios": 2000.0, "android": 8000.0}, "add_to_cart": {"ios": 600.0, "android": 800.0}}
    found = decompose(now, {stage: THEN[stage] for stage in now}, last="add_to_cart")
    assert found is not None
    step = found.parts[-1]
    assert step.mix == pytest.approx(step.log_ratio)
    assert step.rate == pytest.approx(0.0, abs=1e-12)
    assert found.mix_share == pytest.approx(1.0)


def test_fewer_visitors_are_reported_as_traffic_and_no_step_carries_it() -> None:
    found = decompose(scaled(THEN, click=0.5, add_to_cart=0.5, order=0.5, payment=0.5), THEN)
    assert found is not None
    assert found.carried_by is None
    assert found.parts[0].share == pytest.approx(1.0)


def test_a_split_that_does_not_carry_over_the_step_has_no_mix() -> None:
    then = {"order": {"": 500.0}, "payment": {"paypal": 300.0, "card": 100.0}}
    found = decompose(scaled(then, payment=0.8), then)
    assert found is not None
    assert found.parts[-1].mix is None
    assert found.mix_share is None


def test_a_stage_that_the_reference_lacks_is_left_out_and_one_that_stopped_is_not() -> None:
    stopped = {**THEN, "payment": {"ios": 0.0}}
    found = decompose(stopped, THEN)
    assert found is not None
    assert found.parts[-1].step == "order_to_payment"
    assert found.parts[-1].log_ratio < -6
    without = decompose(THEN, {stage: THEN[stage] for stage in ("click", "order", "payment")})
    assert without is not None
    assert [part.step for part in without.parts] == ["", "click_to_order", "order_to_payment"]
    assert decompose({}, {}) is None


segments = st.lists(
    st.tuples(st.floats(25, 1e6), st.floats(0.001, 1.0), st.floats(25, 1e6), st.floats(0.001, 1.0)),
    min_size=2,
    max_size=6,
)


@given(segments)
def test_mix_and_rate_add_up_to_the_change_of_the_rate(
    drawn: list[tuple[float, float, float, float]],
) -> None:
    now = [(n, n * r) for n, r, _, _ in drawn]
    then = [(m, m * q) for _, _, m, q in drawn]
    mix, rate = kitagawa(now, then)
    overall = [sum(a for _, a in side) / sum(n for n, _ in side) for side in (now, then)]
    assert mix + rate == pytest.approx(overall[0] - overall[1], abs=1e-9)


@given(segments)
def test_parts_add_up_to_the_whole_in_logs_and_in_events(
    drawn: list[tuple[float, float, float, float]],
) -> None:
    now, then = (
        {
            "click": {str(g): row[2 * side] for g, row in enumerate(drawn)},
            "add_to_cart": {str(g): row[2 * side] * row[2 * side + 1] for g, row in enumerate(drawn)},
        }
        for side in (0, 1)
    )
    found = decompose(now, then, last="add_to_cart")
    assert found is not None
    assert sum(part.log_ratio for part in found.parts) == pytest.approx(found.log_ratio, abs=1e-9)
    assert sum(part.events for part in found.parts) == pytest.approx(
        found.now - found.then, rel=1e-6, abs=1e-6
    )


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6))
def test_the_logarithmic_mean_lies_between_geometric_and_arithmetic_mean(a: float, b: float) -> None:
    mean = logarithmic_mean(a, b)
    assert math.sqrt(a * b) * (1 - 1e-6) <= mean <= (a + b) / 2 * (1 + 1e-6)
