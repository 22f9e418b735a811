"""Findings: decoys first, conditions that hold, fail or cannot be judged, and advice that is judged on its date."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.decoys import DECOY_BY_KIND, DECOYS
from scoring.evaluation.duties import Duty
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.evaluating import evaluate_store
from scoring.evaluation.figure import count_figure
from scoring.evaluation.findings import DecoyEvidence, FunnelFinding, Standing, find_all
from scoring.evaluation.judging import AdviceOutcome, hit_rate, judge_action, persistence
from scoring.evaluation.readings import (
    DIFFER,
    GAPS,
    NO_BASIS,
    STEP,
    VOLUME,
    Reading,
    Readings,
    gap_facts,
    readings_of,
    target_facts,
)
from scoring.evaluation.rules import DecoyKind, ReadingLevel
from scoring.evaluation.scenarios import SCENARIO_BY_ID, SCENARIOS
from scoring.evaluation.score import Score
from scoring.evaluation.weak_spots import weak_spots
from scoring.funnel.stages import Stage
from scoring.funnel.units import DAY_MS
from tests.fixtures.evaluation import funnel, rows, store_of, usual

END = 1_767_139_200_000
LOW, FINE, HIGH = Score(2, 0, 10, 5), Score(50, 42, 58, 5), Score(98, 90, 100, 5)
WIDE = Score(30, 5, 55, 15)
LEVELS = {
    ReadingLevel.CLEARLY_LOW: LOW,
    ReadingLevel.FAR_LOW: LOW,
    ReadingLevel.CLEARLY_HIGH: HIGH,
    ReadingLevel.NOT_LOW: FINE,
    ReadingLevel.NOT_CLEARLY_LOW: FINE,
}
AGAINST = {
    ReadingLevel.CLEARLY_LOW: FINE,
    ReadingLevel.FAR_LOW: FINE,
    ReadingLevel.CLEARLY_HIGH: FINE,
    ReadingLevel.NOT_LOW: LOW,
    ReadingLevel.NOT_CLEARLY_LOW: LOW,
}


def readings(*scores: tuple[str, Score], facts: dict[str, bool] | None = None) -> Readings:
    found = {name: Reading(name, score, None, rows(name)) for name, score in scores}
    found |= {name: Reading(name, None, holds, rows(name)) for name, holds in (facts or {}).items()}
    return Readings(ComparatorKind.OWN, found)


def holding(scenario_id: str) -> Readings:
    """Readings in which all conditions of a scenario hold, by the first reading of each."""
    conditions = SCENARIO_BY_ID[scenario_id].conditions
    scores = [
        (one.readings[0], LEVELS[one.level]) for one in conditions if one.level is not ReadingLevel.TRUE
    ]
    facts = {one.readings[0]: True for one in conditions if one.level is ReadingLevel.TRUE}
    return readings(*scores, facts=facts)


def found(known: Readings, decoys: tuple[DecoyEvidence, ...] = ()) -> dict[str, FunnelFinding]:
    return {one.scenario.id: one for one in find_all("s1", known, decoys, frozenset(DecoyKind), END)}


def decoy(kind: DecoyKind, share: float) -> DecoyEvidence:
    return DecoyEvidence(kind, share, END - DAY_MS, END, "", rows("signals"))


@pytest.mark.parametrize("name", SCENARIO_BY_ID)
def test_a_rule_whose_conditions_hold_is_found_with_its_evidence_rows_and_actions(name: str) -> None:
    finding = found(holding(name))[name]
    assert finding.standing is Standing.FOUND
    assert len(finding.evidence) == len(finding.scenario.conditions)
    assert {row.relation for row in finding.rows} == {ground.reading for ground in finding.evidence}
    assert finding.strength > 0.9
    for action in finding.actions:
        assert action.judged_by in holding(name).by_id
        assert action.check_ms == END + action.advice.after_days * DAY_MS


@pytest.mark.parametrize("name", SCENARIO_BY_ID)
def test_one_condition_that_fails_is_enough_against_it_and_one_unknown_leaves_it_open(name: str) -> None:
    scenario, known = SCENARIO_BY_ID[name], holding(name)
    for condition in (one for one in scenario.conditions if one.otherwise is None):
        reading = condition.readings[0]
        fact = condition.level is ReadingLevel.TRUE
        failing = Reading(
            reading, None if fact else AGAINST[condition.level], False if fact else None, rows()
        )
        absent = found(Readings(known.against, {**known.by_id, reading: failing}))[name]
        assert (absent.standing, absent.actions) == (Standing.ABSENT, ())
        left = {key: one for key, one in known.by_id.items() if key != reading}
        silent = found(Readings(known.against, left))[name]
        assert (silent.standing, silent.actions, silent.strength) == (Standing.NOT_ENOUGH, (), 0.0)
        assert [ground.reading for ground in silent.unknown] == [""]


def test_a_score_that_reaches_over_the_line_is_neither_low_nor_fine() -> None:
    known = readings((STEP + "click_to_add_to_cart", FINE), (STEP + "order_to_payment", WIDE))
    carts = found(known)["carts_not_paid"]
    assert carts.standing is Standing.NOT_ENOUGH
    assert [ground.reading for ground in carts.unknown] == [STEP + "order_to_payment"]


def test_a_step_that_is_low_as_well_speaks_against_it_though_another_is_fine() -> None:
    steps = {"click_to_add_to_cart": FINE, "add_to_cart_to_order": LOW}
    known = readings((VOLUME + "order", LOW), *((STEP + step, score) for step, score in steps.items()))
    fewer = found(known)["fewer_orders_as_usual_rate"]
    assert fewer.standing is Standing.ABSENT
    assert [ground.reading for ground in fewer.against] == [STEP + "add_to_cart_to_order"]


def test_fewer_who_came_show_what_steps_counted_from_few_cannot() -> None:
    steps = [(STEP + "click_to_add_to_cart", WIDE), (STEP + "order_to_payment", WIDE)]
    unsure = found(readings((VOLUME + "order", LOW), *steps))["fewer_orders_as_usual_rate"]
    assert unsure.standing is Standing.NOT_ENOUGH
    sure = found(readings((VOLUME + "order", LOW), (VOLUME + "click", LOW), *steps))
    assert sure["fewer_orders_as_usual_rate"].standing is Standing.FOUND
    as_many = found(readings((VOLUME + "order", LOW), (VOLUME + "click", FINE), *steps))
    assert as_many["fewer_orders_as_usual_rate"].standing is Standing.NOT_ENOUGH


def test_what_is_far_below_usual_and_part_of_no_scenario_has_somewhere_to_look_and_a_day_to_be_judged() -> (
    None
):
    known = readings(("service.time_to_answer", LOW), ("price.price_index", FINE))
    (single,) = [one for name, one in found(known).items() if name.startswith("low:")]
    (action,) = single.actions
    assert (action.judged_by, action.advice.owner) == ("service.time_to_answer", Duty.SUPPORT)
    assert action.check_ms > END
    outage = decoy(DecoyKind.OUTAGE, 1.0)
    assert found(known, (outage,))["low:service.time_to_answer"].actions == ()


def test_how_sure_a_finding_is_does_not_end_where_the_scale_ends() -> None:
    beyond = readings(("service.time_to_answer", Score(0, 0, 6, 18)))
    assert found(beyond)["low:service.time_to_answer"].strength > 0.98


def test_what_a_scenario_that_is_seen_looks_at_is_not_said_again() -> None:
    assert not [name for name in found(holding("late_and_disliked")) if name.startswith("low:logistics")]


def test_nothing_that_is_as_usual_is_found() -> None:
    names = {
        reading
        for one in SCENARIOS
        for condition in one.conditions
        for reading in condition.readings
        if condition.level is not ReadingLevel.TRUE
    }
    facts = dict.fromkeys((DIFFER, NO_BASIS, GAPS), False)
    standings = {one.standing for one in found(readings(*((n, FINE) for n in names), facts=facts)).values()}
    assert standings == {Standing.ABSENT}


@pytest.mark.parametrize(
    ("name", "kind"), [(one.id, kind) for one in SCENARIOS for kind in one.may_be], ids=str
)
def test_a_large_decoy_takes_the_place_of_a_finding_and_a_small_one_is_named_with_it(
    name: str, kind: DecoyKind
) -> None:
    limits = DECOY_BY_KIND[kind]
    small = found(holding(name), (decoy(kind, limits.next_to),))[name]
    assert small.standing is Standing.FOUND
    assert [one.kind for one in small.also_possible] == [kind]
    tiny = found(holding(name), (decoy(kind, limits.next_to / 2),))[name]
    assert tiny.also_possible == ()
    large = found(holding(name), (decoy(kind, min(limits.instead, 1.0)),))[name]
    assert (large.standing is Standing.REPLACED) == math.isfinite(limits.instead)
    assert (large.actions == ()) == math.isfinite(limits.instead)


def test_decoys_are_named_in_the_order_in_which_they_are_checked_whatever_order_they_come_in() -> None:
    seen = [decoy(kind, DECOY_BY_KIND[kind].next_to) for kind in SCENARIO_BY_ID["carts_not_paid"].may_be]
    orders = {
        tuple(
            one.kind for one in found(holding("carts_not_paid"), tuple(order))["carts_not_paid"].also_possible
        )
        for order in itertools.islice(itertools.permutations(seen), 30)
    }
    assert orders == {tuple(one.kind for one in seen)}


def test_what_could_not_be_checked_is_said_with_the_finding() -> None:
    known = holding("late_and_disliked")
    checked = frozenset({DecoyKind.OUTAGE})
    finding = next(
        one for one in find_all("s1", known, (), checked, END) if one.scenario.id == "late_and_disliked"
    )
    assert set(finding.unchecked) == set(finding.scenario.may_be) - checked


def test_a_decoy_without_rows_or_with_an_impossible_share_is_rejected() -> None:
    with pytest.raises(EvaluationError, match="from which rows"):
        DecoyEvidence(DecoyKind.OUTAGE, 0.2, END, 0, "", ())
    with pytest.raises(EvaluationError, match="between 0 and 1"):
        DecoyEvidence(DecoyKind.OUTAGE, 1.2, END, 0, "", rows())
    assert {one.kind for one in DECOYS} == set(DecoyKind)


def test_readings_of_a_store_hold_its_scores_volumes_and_facts() -> None:
    evaluation = evaluate_store(store_of(4), (ComparatorKind.OWN,))
    many, few = count_figure(9000, 30.0, rows("events")), count_figure(3, 30.0, rows("events"))
    known = readings_of(
        evaluation,
        {Stage.IMPRESSION: (many, usual(5.0)), Stage.ORDER: (few, usual(-3.0))},
        (gap_facts(evaluation), target_facts(evaluation, [], rows("targets")[0])),
    )
    assert VOLUME + "impression" in known.by_id
    assert VOLUME + "order" not in known.by_id  # 3 orders are too few to say that it is few
    assert STEP + "order_to_payment" in known.by_id
    assert known.by_id[GAPS].holds is False
    assert all(reading.rows for reading in known.by_id.values())


def test_a_role_with_losses_and_no_target_is_named() -> None:
    weak = dataclasses.replace(store_of(4), steps=funnel(10_000_000, 0.02, 0.1, 0.3, 0.7))
    evaluation = evaluate_store(weak, (ComparatorKind.OWN,))
    losing = {step.step for step in evaluation.funnel[ComparatorKind.OWN].steps if step.loss is not None}
    nobody = target_facts(evaluation, [], rows("targets")[0])
    assert nobody.holds
    assert Duty.OPERATIONS in nobody.names
    assert not target_facts(evaluation, sorted(losing), rows("targets")[0]).holds


def test_what_is_clearly_low_is_listed_lowest_first_with_its_owner_and_where_to_look() -> None:
    weak = dataclasses.replace(store_of(4, -1.5), steps=funnel(10_000_000, 0.02, 0.1, 0.3, 0.7))
    spots = weak_spots(evaluate_store(weak), ComparatorKind.OWN)
    assert len(spots) > 10
    assert [spot.score.value for spot in spots] == sorted(spot.score.value for spot in spots)
    assert all(spot.score.high <= 35 and spot.rows and spot.checks for spot in spots)
    paying = next(spot for spot in spots if spot.reading == STEP + "order_to_payment")
    assert paying.owner is Duty.ENGINEERING
    assert weak_spots(evaluate_store(store_of(4, 1.5)), ComparatorKind.OWN) == ()


def test_a_dimension_without_data_is_a_gap_of_the_report() -> None:
    evaluation = evaluate_store(store_of(4, members=3), (ComparatorKind.OWN,))
    assert gap_facts(evaluation).holds
    assert len(gap_facts(evaluation).names) == 6


def test_a_low_month_that_comes_back_as_low_ones_do_did_not_show_that_advice_helped() -> None:
    """Without persistence half of a drop is gone by the next month, with or without advice."""
    before, after = Score(20, 15, 25, 3), Score(40, 35, 45, 3)
    assert judge_action(before, after, 0.5).outcome is AdviceOutcome.CANNOT_SAY
    assert judge_action(before, after, 1.0).outcome is AdviceOutcome.HELPED
    assert judge_action(before, before, 1.0).outcome is AdviceOutcome.DID_NOT
    assert judge_action(before, after, None).outcome is AdviceOutcome.CANNOT_SAY
    assert judge_action(None, after, 1.0).outcome is AdviceOutcome.CANNOT_SAY


def test_advice_that_does_nothing_is_said_to_help_in_five_of_a_hundred_at_most() -> None:
    """By selection: only low months are worked on."""
    random = np.random.default_rng(11)
    phi, helped, judged = 0.6, 0, 0
    while judged < 800:
        first = random.normal()
        if first > -1:
            continue
        second = phi * first + math.sqrt(1 - phi**2) * random.normal()
        noise = 0.2 * random.standard_normal(2)
        points = [50 + 15 * (value + more) for value, more in zip((first, second), noise, strict=True)]
        before, after = (Score(value, value, value, 3.0) for value in points)
        helped += judge_action(before, after, phi).outcome is AdviceOutcome.HELPED
        judged += 1
    assert helped / judged <= 0.065


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_a_hit_rate_counts_what_could_not_be_judged_apart(helped: int, did_not: int, unclear: int) -> None:
    better = judge_action(Score(20, 0, 0, 1), Score(60, 0, 0, 1), 1.0)
    same = judge_action(Score(20, 0, 0, 1), Score(20, 0, 0, 1), 1.0)
    open_ = judge_action(None, None, None)
    rate = hit_rate([better] * helped + [same] * did_not + [open_] * unclear)
    assert (rate.helped, rate.judged, rate.unclear) == (helped, helped + did_not, unclear)


def test_persistence_needs_eight_periods_and_is_known_of_simulated_ones() -> None:
    random = np.random.default_rng(2)
    assert persistence([1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0]) is None
    assert persistence([1.0] * 9) is None
    for phi in (0.0, 0.6):
        estimates = []
        for _ in range(400):
            values = [float(random.normal())]
            for _ in range(12):
                values.append(phi * values[-1] + math.sqrt(1 - phi**2) * float(random.normal()))
            estimates.append(persistence(values) or 0.0)
        assert np.mean(estimates) == pytest.approx(phi, abs=0.15)


def test_what_the_next_month_shows_is_not_looked_up_in_the_middle_of_it() -> None:
    name = next(iter(SCENARIO_BY_ID))
    next_end = END + 31 * DAY_MS
    seen = find_all("s1", holding(name), (), frozenset(DecoyKind), END, next_end)
    checks = [action.check_ms for one in seen for action in one.actions]
    assert checks
    assert min(checks) >= next_end


def test_what_is_not_measured_is_named_after_what_fell_and_not_before_it() -> None:
    reading = "price.featured_offer"
    known = readings((reading, LEVELS[ReadingLevel.FAR_LOW]), facts={GAPS: True})
    seen = [one.scenario.id for one in found(known).values() if one.standing is Standing.FOUND]
    assert (seen[0], len(seen)) == (f"low:{reading}", 2)
