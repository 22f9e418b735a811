"""Many stores that are off at once are one storm: it opens, goes on and ends."""

from __future__ import annotations

import pytest

from scoring.alerts.deciding import Reason
from scoring.alerts.storm import (
    BEGINS_WITHIN_MS,
    CHANGES_EVERY_MS,
    ENDS_AFTER_MS,
    GATHERS_MS,
    JOINS_WITHIN_MS,
    LONGEST_GATHERING_MS,
    REFRESHES_EVERY_MS,
    STORM_STORES,
    FiringGroup,
    GroupNews,
    StormPlan,
    StormState,
    StormStep,
    next_step,
)

START_MS = 1_772_600_000_000
MINUTE_MS = 60_000


def begun(*stores: str, reason: Reason = Reason.NEW) -> list[GroupNews]:
    return [GroupNews(store, reason, (f"{store}-alert",), frozenset({store})) for store in stores]


def firing(*stores: str, since_ms: int = START_MS) -> list[FiringGroup]:
    return [FiringGroup(store, (f"{store}-alert",), frozenset({store}), since_ms) for store in stores]


def said(*stores: str, at_ms: int = START_MS) -> StormState:
    members = {store: (f"{store}-alert",) for store in stores}
    return StormState(at_ms, at_ms, at_ms, at_ms, at_ms, members)


MANY = [f"s{number}" for number in range(30)]


def step(
    state: StormState | None,
    news: list[GroupNews],
    going_on: list[FiringGroup],
    now_ms: int,
    can_change: bool = True,
) -> StormPlan:
    return next_step(state, news, going_on, now_ms, can_change=can_change)


def test_a_storm_that_came_in_pieces_was_three_to_four_summaries() -> None:
    """Stores are judged minute by minute, so they never go off in one turn."""
    opened = step(None, begun(*MANY[:8]), [], START_MS)
    assert opened.step is StormStep.SAY
    later = START_MS + MINUTE_MS
    joined = step(opened.state, begun(*MANY[8:20]), firing(*MANY[:8]), later)
    assert (joined.step, len(joined.news)) == (StormStep.CHANGE, 12)
    grown = step(joined.state, begun(*MANY[20:]), firing(*MANY[:20]), later + MINUTE_MS)
    assert (grown.step, len(grown.state.members if grown.state else ())) == (StormStep.CHANGE, 30)
    over = step(grown.state, begun(*MANY, reason=Reason.RESOLVED), firing(*MANY), later + 20 * MINUTE_MS)
    assert (over.step, over.state, len(over.news)) == (StormStep.END, None, 30)


def test_what_cannot_be_changed_waits_for_the_stores_of_the_next_minutes_and_is_said_once() -> None:
    first = step(None, begun(*MANY[:6]), [], START_MS, can_change=False)
    assert (first.step, first.kept) == (StormStep.GATHER, frozenset(MANY[:6]))
    second = step(first.state, begun(*MANY[:20]), [], START_MS + MINUTE_MS, can_change=False)
    assert second.step is StormStep.GATHER
    whole = step(second.state, begun(*MANY[:20]), [], START_MS + MINUTE_MS + GATHERS_MS, can_change=False)
    assert (whole.step, len(whole.news)) == (StormStep.SAY, 20)


def test_a_storm_that_never_stops_growing_is_said_all_the_same() -> None:
    plan, now_ms = StormPlan(StormStep.NONE), START_MS
    for number in range(STORM_STORES, 30):
        plan = step(plan.state, begun(*MANY[:number]), [], now_ms, can_change=False)
        if plan.step is StormStep.SAY:
            break
        now_ms += 20_000
    assert plan.step is StormStep.SAY
    assert now_ms - START_MS <= LONGEST_GATHERING_MS + 20_000


def test_one_that_was_over_while_it_gathered_is_forgotten() -> None:
    first = step(None, begun(*MANY[:6]), [], START_MS, can_change=False)
    assert step(first.state, begun(*MANY[:2]), [], START_MS + 10_000, can_change=False) == StormPlan(
        StormStep.DROP
    )


def test_stores_that_were_said_alone_a_moment_ago_belong_to_the_storm() -> None:
    alone = firing(*MANY[:4])
    plan = step(None, begun(MANY[4]), alone, START_MS + 3 * MINUTE_MS)
    assert plan.step is StormStep.SAY
    assert plan.state is not None
    assert set(plan.state.members) == set(MANY[:5])
    too_old = step(None, begun(MANY[4]), alone, START_MS + BEGINS_WITHIN_MS + 1)
    assert too_old.step is StormStep.NONE


def test_a_few_stores_or_a_single_pool_do_not_make_a_storm() -> None:
    assert step(None, begun(*MANY[: STORM_STORES - 1]), [], START_MS).step is StormStep.NONE
    pool = GroupNews("pool", Reason.NEW, ("p",), frozenset(MANY[:9]))
    assert step(None, [pool], [], START_MS).step is StormStep.NONE
    assert step(None, [pool, *begun("other")], [], START_MS).step is StormStep.SAY


@pytest.mark.parametrize("reason", [Reason.RAISED, Reason.SPREAD, Reason.RESOLVED, Reason.HOLD_ENDED])
def test_what_becomes_of_its_alerts_gets_the_storm_s_message(reason: Reason) -> None:
    now_ms = START_MS + CHANGES_EVERY_MS
    plan = step(said(*MANY), begun(*MANY[:3], reason=reason), firing(*MANY), now_ms)
    assert (plan.step, set(plan.news)) == (StormStep.CHANGE, set(MANY[:3]))


def test_a_message_is_not_changed_every_second() -> None:
    plan = step(said(*MANY), begun("x"), firing(*MANY), START_MS + CHANGES_EVERY_MS - 1)
    assert (plan.step, plan.kept) == (StormStep.NONE, frozenset({"x"}))


def test_what_a_storm_costs_stayed_that_of_its_first_minutes() -> None:
    now_ms = START_MS + REFRESHES_EVERY_MS
    assert step(said(*MANY), [], firing(*MANY), now_ms).step is StormStep.CHANGE
    assert step(said(*MANY), [], firing(*MANY), now_ms - 1).step is StormStep.NONE
    assert step(said(*MANY), [], firing(*MANY), now_ms, can_change=False).step is StormStep.NONE


def test_acknowledging_thirty_alerts_is_one_line_and_so_is_the_reminder() -> None:
    for reason, wanted in ((Reason.TAKEN_ON, StormStep.ACKNOWLEDGED), (Reason.REPEAT, StormStep.REMIND)):
        plan = step(said(*MANY), begun(*MANY, reason=reason), firing(*MANY), START_MS + 1)
        assert (plan.step, len(plan.news)) == (wanted, 30)


def test_what_begins_half_an_hour_later_is_said_alone_unless_it_is_a_storm_again() -> None:
    late = START_MS + JOINS_WITHIN_MS + 1
    alone = step(said(*MANY), begun("x"), firing(*MANY), late)
    assert (alone.news, alone.kept) == ((), frozenset())
    again = step(said(*MANY), begun(*"abcde"), firing(*MANY), late)
    assert again.step is StormStep.SAY
    assert again.state is not None
    assert again.state.said_ms == late


def test_with_few_stores_left_it_ends_once_nothing_changes_and_they_go_on_alone() -> None:
    state = said(*MANY)
    left = firing(*MANY[:3])
    assert step(state, [], left, START_MS + ENDS_AFTER_MS - 1).step is not StormStep.END
    ended = step(state, [], left, START_MS + ENDS_AFTER_MS)
    assert (ended.step, ended.state) == (StormStep.END, None)
    assert step(state, [], firing(*MANY[:STORM_STORES]), START_MS + ENDS_AFTER_MS).step is not StormStep.END
