"""When a group of alerts is sent: each decision with its reason."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.alerts.deciding import (
    Candidate,
    Decision,
    GroupAction,
    GroupState,
    Holds,
    Reason,
    after,
    decide,
)
from scoring.alerts.routing import Inhibition, MuteTiming, Route, Silence, parse_matcher

ROUTE = Route(
    name="r", receiver="ops", group_wait_s=10, group_interval_s=300, repeat_interval_s=3600, most_repeats=2
)
OPEN = Holds()
S = 1000


def firing(alert_id: str = "a", level: str = "page", severity: str = "warning", **more: bool) -> Candidate:
    labels = {"alert_id": alert_id, "store_id": "us", "level": level, "severity": severity}
    return Candidate(alert_id, labels, True, 0, **more)


def resolved(alert_id: str = "a") -> Candidate:
    return replace(firing(alert_id), is_firing=False)


def notify(group: GroupState, candidates: list[Candidate], now_ms: int, around: Holds = OPEN) -> GroupState:
    return after(decide(group, candidates, ROUTE, around, now_ms), group, candidates, now_ms)


NOTIFIED = notify(GroupState(0), [firing()], 10 * S)


def test_the_first_message_waits_for_its_group() -> None:
    assert decide(GroupState(0), [firing()], ROUTE, OPEN, 9 * S) == Decision(
        GroupAction.WAIT, Reason.GROUP_WAIT, ("a",), 10 * S
    )
    assert decide(GroupState(0), [firing()], ROUTE, OPEN, 10 * S) == Decision(
        GroupAction.SEND, Reason.NEW, ("a",)
    )


def test_the_same_alert_is_not_sent_again() -> None:
    later = decide(NOTIFIED, [firing()], ROUTE, OPEN, 60 * S)
    assert (later.action, later.reason) == (GroupAction.WAIT, Reason.REPEAT_LATER)


def test_a_resolution_is_sent_at_once_if_its_firing_was_sent() -> None:
    assert decide(NOTIFIED, [resolved()], ROUTE, OPEN, 11 * S) == Decision(
        GroupAction.SEND, Reason.RESOLVED, ("a",)
    )


def test_what_resolved_before_anyone_was_notified_is_never_sent() -> None:
    assert decide(GroupState(0), [resolved()], ROUTE, OPEN, 60 * S).reason is Reason.NEVER_SENT


def test_a_raised_level_is_notified_at_once_even_when_acknowledged() -> None:
    group = notify(GroupState(0), [firing(level="notice", severity="info")], 10 * S)
    raised = decide(group, [firing(acknowledged=True)], ROUTE, OPEN, 12 * S)
    assert (raised.action, raised.reason) == (GroupAction.SEND, Reason.RAISED)


def test_a_second_alert_of_the_group_waits_for_the_interval() -> None:
    both = [firing(), firing("b")]
    assert decide(NOTIFIED, both, ROUTE, OPEN, 20 * S) == Decision(
        GroupAction.WAIT, Reason.GROUP_INTERVAL, ("b",), 310 * S
    )
    assert decide(NOTIFIED, both, ROUTE, OPEN, 310 * S) == Decision(GroupAction.SEND, Reason.ADDED, ("b",))


def test_repeats_are_capped() -> None:
    group, sent = NOTIFIED, 0
    for hour in range(1, 12):
        decision = decide(group, [firing()], ROUTE, OPEN, (10 + hour * 3600) * S)
        sent += decision.action is GroupAction.SEND
        group = after(decision, group, [firing()], (10 + hour * 3600) * S)
    assert sent == 2
    assert decide(group, [firing()], ROUTE, OPEN, 10**9).reason is Reason.REPEATS_SPENT


def test_an_acknowledged_alert_is_not_repeated() -> None:
    assert decide(NOTIFIED, [firing(acknowledged=True)], ROUTE, OPEN, 10**9).reason is Reason.ACKNOWLEDGED


SILENCE = Silence("s", (parse_matcher("store_id=us"),), 0, 600 * S, "planned", "li")


def test_what_a_silence_held_is_sent_when_it_ends_and_says_so() -> None:
    around = Holds(silences=(SILENCE,))
    during = decide(GroupState(0), [firing()], ROUTE, around, 60 * S)
    assert (during.action, during.reason, during.until_ms) == (GroupAction.WAIT, Reason.SILENCED, 600 * S)
    group = after(during, GroupState(0), [firing()], 60 * S)
    assert decide(group, [firing()], ROUTE, around, 600 * S) == Decision(
        GroupAction.SEND, Reason.HOLD_ENDED, ("a",)
    )


def test_what_resolved_under_a_silence_is_never_sent() -> None:
    group = notify(GroupState(0), [firing()], 60 * S, Holds(silences=(SILENCE,)))
    assert decide(group, [resolved()], ROUTE, OPEN, 700 * S).action is GroupAction.NOTHING


def test_a_muted_route_waits_for_the_morning() -> None:
    route = replace(ROUTE, mute_timings=("night",))
    around = Holds(mute_timings={"night": MuteTiming("night", "UTC", 0, 60)})
    assert decide(GroupState(0), [firing()], route, around, 30 * S).until_ms == 3600 * S


@pytest.mark.parametrize(("members", "reason"), [({"us", "de"}, Reason.INHIBITED), ({"de"}, Reason.NEW)])
def test_a_pooled_alert_inhibits_its_members_and_no_other_store(members: set[str], reason: Reason) -> None:
    pool = Candidate("p", {"alert_id": "p", "kind": "pooled"}, True, 0, members=frozenset(members))
    around = Holds(inhibitions=(Inhibition((parse_matcher("kind=pooled"),), ()),), firing=(pool,))
    assert decide(GroupState(0), [firing()], ROUTE, around, 60 * S).reason is reason


def test_an_alert_that_fires_again_in_a_notified_group_is_sent_again() -> None:
    group = notify(NOTIFIED, [resolved()], 60 * S)
    assert decide(group, [firing()], ROUTE, OPEN, 4000 * S).action is GroupAction.SEND


REMINDERS = (Reason.REPEAT, Reason.SILENCE_ENDED)


def test_a_closed_alert_that_still_fires_is_reported_closed_once_and_never_again() -> None:
    group, sent = NOTIFIED, []
    for second in range(11, 4000, 7):
        decision = decide(group, [firing(closed=True)], ROUTE, OPEN, second * S)
        sent += [decision.reason] if decision.action is GroupAction.SEND else []
        group = after(decision, group, [firing(closed=True)], second * S)
    assert sent == [Reason.RESOLVED]
    assert decide(group, [firing(closed=True)], ROUTE, OPEN, 10**9).reason is Reason.CLOSED


def test_an_alert_that_was_closed_before_anyone_was_notified_is_never_sent() -> None:
    assert decide(GroupState(0), [firing(closed=True)], ROUTE, OPEN, 60 * S).reason is Reason.CLOSED


def test_a_silence_of_a_sent_alert_announces_its_end_once() -> None:
    around = Holds(silences=(SILENCE,))
    during = decide(NOTIFIED, [firing()], ROUTE, around, 60 * S)
    assert (during.action, during.reason, during.until_ms) == (GroupAction.WAIT, Reason.SILENCED, 600 * S)
    group = after(during, NOTIFIED, [firing()], 60 * S)
    ended = decide(group, [firing()], ROUTE, around, 600 * S)
    assert (ended.action, ended.reason) == (GroupAction.SEND, Reason.SILENCE_ENDED)
    group = after(ended, group, [firing()], 600 * S)
    assert decide(group, [firing()], ROUTE, around, 601 * S).reason is Reason.REPEAT_LATER


def test_a_silence_that_ends_at_night_is_announced_when_the_mute_is_over() -> None:
    route = replace(ROUTE, mute_timings=("night",))
    around = Holds((SILENCE,), {"night": MuteTiming("night", "UTC", 0, 60)})
    group = after(decide(NOTIFIED, [firing()], route, around, 60 * S), NOTIFIED, [firing()], 60 * S)
    at_night = decide(group, [firing()], route, around, 700 * S)
    assert (at_night.action, at_night.reason, at_night.until_ms) == (GroupAction.WAIT, Reason.MUTED, 3600 * S)
    assert decide(group, [firing()], route, around, 3600 * S).reason is Reason.SILENCE_ENDED


def test_whoever_took_an_alert_on_hears_nothing_of_its_silence() -> None:
    mine = firing(acknowledged=True)
    group = after(
        decide(NOTIFIED, [mine], ROUTE, Holds(silences=(SILENCE,)), 60 * S), NOTIFIED, [mine], 60 * S
    )
    assert decide(group, [mine], ROUTE, OPEN, 700 * S).reason is Reason.ACKNOWLEDGED


def test_one_silenced_alert_of_a_group_does_not_hold_the_others_and_its_end_is_sent() -> None:
    """Sent together, then one is silenced: the reminder of the other goes out, and the silence still announces its end."""
    both = [firing(), firing("b")]
    group = notify(GroupState(0), both, 10 * S)
    only_b = Holds(silences=(replace(SILENCE, matchers=(parse_matcher("alert_id=b"),), ends_ms=5000 * S),))
    reminder = decide(group, both, ROUTE, only_b, 3700 * S)
    assert (reminder.reason, reminder.alert_ids, reminder.held_ids) == (Reason.REPEAT, ("a",), ("b",))
    group = after(reminder, group, both, 3700 * S)
    assert decide(group, both, ROUTE, only_b, 5000 * S).alert_ids == ("b",)


def test_what_moved_to_another_route_is_not_reminded_here_but_its_end_is_sent() -> None:
    assert decide(NOTIFIED, [firing(moved=True)], ROUTE, OPEN, 10**8).reason is Reason.MOVED
    over = replace(resolved(), moved=True)
    assert decide(NOTIFIED, [over], ROUTE, OPEN, 10**8).reason is Reason.RESOLVED
    assert decide(GroupState(0), [firing(moved=True)], ROUTE, OPEN, 10**8).action is GroupAction.NOTHING


def test_a_flapping_alert_is_sent_less_and_less_often() -> None:
    """On for a minute, off for a minute, all day: 2 messages for each of the few times that it is sent."""
    group, opened = GroupState(0), []
    for minute in range(1440):
        now_ms, alert_id = minute * 60 * S, f"a{minute // 2}"
        # a new opening has a new id; the one before is over
        candidates = [firing(alert_id) if minute % 2 == 0 else resolved(alert_id)]
        decision = decide(group, candidates, ROUTE, OPEN, now_ms)
        opened += [minute] if decision.action is GroupAction.SEND and candidates[0].is_firing else []
        group = after(decision, group, candidates, now_ms)
    gaps = [b - a for a, b in itertools.pairwise(opened)]
    assert gaps[:5] == sorted(gaps[:5])
    assert gaps[0] < 10
    assert 60 <= gaps[-1] <= 62
    assert len(opened) < 30


def test_flapping_holds_nothing_worse_and_nothing_else_back() -> None:
    group = notify(notify(NOTIFIED, [resolved()], 20 * S), [firing("a2")], 330 * S)
    group = notify(group, [resolved("a2")], 340 * S)
    again = decide(group, [firing("a3")], ROUTE, OPEN, 350 * S)
    assert (again.action, again.reason, again.until_ms) == (GroupAction.WAIT, Reason.FLAPPING, 940 * S)
    worse = firing("a3", severity="critical")
    assert decide(group, [worse], ROUTE, OPEN, 350 * S).action is GroupAction.SEND
    other = replace(firing("b"), labels={**firing("b").labels, "step": "order_to_payment"})
    assert decide(group, [firing("a3"), other], ROUTE, OPEN, 350 * S).alert_ids == ("b",)


def test_a_group_does_not_grow_with_every_alert_it_ever_sent() -> None:
    group = GroupState(0)
    for day in range(200):
        group = notify(group, [firing(f"a{day}")], day * 86_400 * S)
        group = notify(group, [resolved(f"a{day}")], (day * 86_400 + 600) * S)
    assert len(group.sent or {}) <= 21
    assert len(group.flaps or {}) == 1


@given(st.lists(st.tuples(st.integers(1, 500), st.booleans(), st.booleans()), max_size=40))
def test_firing_and_resolved_alternate_whatever_happens(steps: list[tuple[int, bool, bool]]) -> None:
    """Nothing is sent twice: between two messages about a firing (repeats apart) its resolution was sent."""
    group, now, notified = GroupState(0), 0, []
    for seconds, is_firing, silenced in steps:
        now += seconds * S
        candidate = firing() if is_firing else resolved()
        around = Holds(silences=(replace(SILENCE, ends_ms=now + 1),)) if silenced else OPEN
        decision = decide(group, [candidate], ROUTE, around, now)
        if decision.action is GroupAction.SEND and decision.reason not in REMINDERS:
            notified.append(is_firing)
        group = after(decision, group, [candidate], now)
    assert all(a != b for a, b in itertools.pairwise(notified))
    assert notified[:1] in ([], [True])


def decided_and_sent(group: GroupState, candidates: list[Candidate], now_ms: int) -> Decision:
    return decide(group, candidates, ROUTE, OPEN, now_ms, hears_acknowledgement=True)


def test_who_hears_of_acknowledgements_hears_once_and_the_others_never() -> None:
    mine = firing(acknowledged=True)
    decision = decided_and_sent(NOTIFIED, [mine], 20 * S)
    assert decision == Decision(GroupAction.SEND, Reason.TAKEN_ON, ("a",))
    group = after(decision, NOTIFIED, [mine], 20 * S)
    assert (group.last_sent_ms, group.repeats) == (NOTIFIED.last_sent_ms, NOTIFIED.repeats)
    assert decided_and_sent(group, [mine], 30 * S).reason is Reason.ACKNOWLEDGED
    assert decide(NOTIFIED, [mine], ROUTE, OPEN, 20 * S).action is GroupAction.NOTHING


def test_an_incident_is_taken_on_once_all_of_it_is() -> None:
    group = notify(GroupState(0), [firing(), firing("b")], 10 * S)
    half = [firing(acknowledged=True), firing("b")]
    assert decided_and_sent(group, half, 20 * S).action is not GroupAction.SEND
    both = [firing(acknowledged=True), firing("b", acknowledged=True)]
    assert decided_and_sent(group, both, 30 * S).alert_ids == ("a", "b")
    other_over = [firing(acknowledged=True), resolved("b")]
    decision = decided_and_sent(group, other_over, 30 * S)
    assert decision.reason is Reason.RESOLVED
    assert (
        decided_and_sent(after(decision, group, other_over, 30 * S), other_over, 31 * S).reason
        is Reason.TAKEN_ON
    )


def test_an_alert_that_joins_later_is_taken_on_again_and_a_raised_one_is_not() -> None:
    mine = firing(level="notice", severity="info", acknowledged=True)
    group = notify(GroupState(0), [mine], 10 * S)
    group = after(decided_and_sent(group, [mine], 20 * S), group, [mine], 20 * S)
    raised = firing(acknowledged=True)
    decision = decided_and_sent(group, [raised], 30 * S)
    assert decision.reason is Reason.RAISED
    group = after(decision, group, [raised], 30 * S)
    assert decided_and_sent(group, [raised], 31 * S).action is GroupAction.NOTHING
    joined = [raised, firing("b")]
    group = notify(group, joined, 400 * S)
    assert decided_and_sent(group, joined, 401 * S).action is not GroupAction.SEND
    taken = decided_and_sent(group, [raised, firing("b", acknowledged=True)], 402 * S)
    assert (taken.reason, taken.alert_ids) == (Reason.TAKEN_ON, ("b",))


def test_an_alert_acknowledged_before_it_was_sent_is_sent_and_then_taken_on() -> None:
    mine = firing(acknowledged=True)
    decision = decided_and_sent(GroupState(0), [mine], 10 * S)
    assert decision.reason is Reason.NEW
    assert (
        decided_and_sent(after(decision, GroupState(0), [mine], 10 * S), [mine], 11 * S).reason
        is Reason.TAKEN_ON
    )
