"""When a group of alerts is sent: each decision with its reason."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from scoring.alerts.deciding import (
    INHIBITION_LINGERS_MS,
    AcknowledgementNews,
    Candidate,
    Decision,
    GroupAction,
    GroupState,
    Holds,
    Reason,
    decide,
    held,
)
from scoring.alerts.routing import Inhibition, Matcher, MuteTiming, Route, Silence, parse_matcher
from scoring.alerts.settling import after

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


def test_a_place_that_failed_after_the_first_is_notified_once_in_the_same_message_thread() -> None:
    spread = firing(spread=1)
    group = notify(NOTIFIED, [spread], 12 * S)
    assert decide(NOTIFIED, [spread], ROUTE, OPEN, 12 * S).reason is Reason.SPREAD
    assert decide(group, [spread], ROUTE, OPEN, 13 * S).reason is not Reason.SPREAD
    assert decide(group, [firing(spread=2)], ROUTE, OPEN, 14 * S).reason is Reason.SPREAD


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


def test_the_members_of_a_pool_paged_for_a_minute_when_its_alert_was_over() -> None:
    """Their own alerts are a minute behind. One that goes on is sent once the others had time to end."""
    pool = Candidate("p", {"alert_id": "p", "kind": "pooled"}, True, 0, members=frozenset({"us"}))
    rules = (Inhibition((parse_matcher("kind=pooled"),), ()),)
    group = notify(GroupState(0), [firing()], 60 * S, Holds(inhibitions=rules, firing=(pool,)))
    ended = Holds(inhibitions=rules, ended=(replace(pool, is_firing=False, ended_ms=100 * S),))
    until_ms = 100 * S + INHIBITION_LINGERS_MS
    waits = decide(group, [firing()], ROUTE, ended, 160 * S)
    assert (waits.action, waits.reason, waits.until_ms) == (GroupAction.WAIT, Reason.INHIBITED, until_ms)
    assert decide(group, [resolved()], ROUTE, ended, 160 * S).action is GroupAction.NOTHING
    assert decide(group, [firing()], ROUTE, ended, until_ms).reason is Reason.HOLD_ENDED
    # what begins to fire only now was never held back
    assert decide(group, [firing("b")], ROUTE, ended, 160 * S).reason is Reason.NEW


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
    return decide(group, candidates, ROUTE, OPEN, now_ms, acknowledgements=AcknowledgementNews.INCIDENT)


def test_who_hears_of_acknowledgements_hears_once_and_the_others_never() -> None:
    mine = firing(acknowledged=True)
    decision = decided_and_sent(NOTIFIED, [mine], 20 * S)
    assert decision == Decision(GroupAction.SEND, Reason.TAKEN_ON, ("a",))
    group = after(decision, NOTIFIED, [mine], 20 * S)
    assert (group.last_sent_ms, group.repeats) == (NOTIFIED.last_sent_ms, NOTIFIED.repeats)
    assert decided_and_sent(group, [mine], 30 * S).reason is Reason.ACKNOWLEDGED
    assert decide(NOTIFIED, [mine], ROUTE, OPEN, 20 * S).action is GroupAction.NOTHING


def test_four_of_five_people_in_a_chat_went_on_looking_for_what_somebody_had() -> None:
    """A chat hears of each alert once, also while others of the group are nobody's; a pager only of the whole incident."""
    both = [firing(), firing("b")]
    group = notify(GroupState(0), both, 10 * S)
    one = [firing(acknowledged=True), firing("b")]

    def heard(state: GroupState, candidates: list[Candidate]) -> Decision:
        return decide(state, candidates, ROUTE, OPEN, 20 * S, acknowledgements=AcknowledgementNews.ALERT)

    decision = heard(group, one)
    assert (decision.action, decision.reason, decision.alert_ids) == (
        GroupAction.SEND,
        Reason.TAKEN_ON,
        ("a",),
    )
    later = after(decision, group, one, 20 * S)
    assert heard(later, one).action is not GroupAction.SEND
    assert heard(later, [firing(acknowledged=True), firing("b", acknowledged=True)]).alert_ids == ("b",)
    assert decide(group, one, ROUTE, OPEN, 20 * S).action is not GroupAction.SEND
    assert later.last_sent_ms == group.last_sent_ms


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


@pytest.mark.parametrize(
    ("was", "now", "is_raised"),
    [
        (("page", "info"), ("page", "warning"), True),
        (("page", "warning"), ("page", "critical"), True),
        (("page", "warning"), ("page", "info"), False),
        (("page", ""), ("page", "info"), False),
        (("page", "info"), ("page", ""), False),
        (("page", ""), ("page", "warning"), True),
        (("notice", "warning"), ("page", "warning"), True),
        (("page", "warning"), ("notice", "warning"), False),
        (("", "warning"), ("page", "warning"), False),
        (("notice", "critical"), ("page", "warning"), True),
    ],
)
def test_what_matters_more_than_it_did_is_raised(
    was: tuple[str, str], now: tuple[str, str], is_raised: bool
) -> None:
    group = notify(GroupState(0), [firing("a", *was)], 10 * S)
    decision = decide(group, [firing("a", *now)], ROUTE, OPEN, 11 * S)
    assert decision.reason is (Reason.RAISED if is_raised else Reason.REPEAT_LATER)


def flapped(times: int, every_s: int = 60, route: Route = ROUTE) -> tuple[GroupState, int]:
    """A group that was sent this many openings and ends, each whatever the waits, and when the last was over."""
    group, now = GroupState(0), 10 * S
    for number in range(times):
        for candidate in (firing(f"a{number}"), resolved(f"a{number}")):
            sent = Decision(GroupAction.SEND, Reason.NEW, (candidate.alert_id,))
            group = after(sent, group, [candidate], now)
            now += every_s // 2 * S
    return group, now - every_s // 2 * S


@pytest.mark.parametrize(
    ("times", "waits_s"), [(1, 300), (2, 600), (3, 1200), (4, 2400), (5, 3600), (40, 3600)]
)
def test_each_return_doubles_the_wait_up_to_an_hour(times: int, waits_s: int) -> None:
    group, over = flapped(times)
    due = over + waits_s * S
    assert decide(group, [firing("z")], ROUTE, OPEN, due - 1) == Decision(
        GroupAction.WAIT, Reason.FLAPPING, ("z",), due
    )
    assert decide(group, [firing("z")], ROUTE, OPEN, due).action is GroupAction.SEND


def test_a_route_that_waits_longer_than_an_hour_between_messages_waits_as_long_for_what_flaps() -> None:
    slow = replace(ROUTE, group_interval_s=5400.0)
    group, over = flapped(3, route=slow)
    assert decide(group, [firing("z")], slow, OPEN, over + 5400 * S - 1).reason is Reason.FLAPPING
    assert decide(group, [firing("z")], slow, OPEN, over + 5400 * S).action is GroupAction.SEND


def test_what_flapped_is_new_again_after_two_hours_without_it() -> None:
    for gap_s, waits_s in ((7200, 600), (7201, 300)):
        group, over = flapped(1)
        again = Decision(GroupAction.SEND, Reason.NEW, ("z",))
        now = over + gap_s * S
        group = after(again, group, [firing("z")], now)
        group = after(again, group, [resolved("z")], now)
        assert decide(group, [firing("y")], ROUTE, OPEN, now).until_ms == now + waits_s * S
    slow = replace(ROUTE, group_interval_s=3 * 3600.0)
    group, over = flapped(1)
    assert decide(group, [firing("z")], slow, OPEN, over + 7200 * S).reason is Reason.FLAPPING
    assert decide(group, [firing("z")], slow, OPEN, over + 7201 * S).action is GroupAction.SEND


def test_a_return_that_matters_more_than_the_last_does_not_wait_and_one_that_matters_less_does() -> None:
    group, over = flapped(2)
    for severity, waits in (("critical", False), ("warning", True), ("info", True), ("", True)):
        decision = decide(group, [firing("z", severity=severity)], ROUTE, OPEN, over + S)
        assert (decision.reason is Reason.FLAPPING) == waits
    silent = structs.replace(
        group, flaps={name: replace(flap, severity="") for name, flap in (group.flaps or {}).items()}
    )
    assert decide(silent, [firing("z", severity="info")], ROUTE, OPEN, over + S).reason is Reason.FLAPPING
    assert decide(silent, [firing("z", severity="warning")], ROUTE, OPEN, over + S).action is GroupAction.SEND


@pytest.mark.parametrize("what", ["acknowledged", "closed", "moved"])
def test_the_end_of_a_silence_is_not_sent_for_what_somebody_handles(what: str) -> None:
    mine, around = firing(**{what: True}), Holds(silences=(SILENCE,))
    decision = decide(NOTIFIED, [mine], ROUTE, around, 60 * S)
    assert decision.held_ids == ()
    assert decide(NOTIFIED, [firing()], ROUTE, around, 60 * S).held_ids == ("a",)
    assert decide(NOTIFIED, [resolved()], ROUTE, around, 60 * S).held_ids == ()


def test_a_mute_or_an_inhibition_of_a_sent_alert_announces_no_end() -> None:
    route = replace(ROUTE, mute_timings=("unknown", "night"))
    muted = Holds(mute_timings={"night": MuteTiming("night", "UTC", 0, 60)})
    decision = decide(NOTIFIED, [firing()], route, muted, 60 * S)
    assert (decision.reason, decision.detail, decision.held_ids) == (Reason.MUTED, "night", ())
    source = firing("b")
    around = Holds(inhibitions=(Inhibition((parse_matcher("alert_id=b"),), ()),), firing=(source,))
    decision = decide(NOTIFIED, [firing()], ROUTE, around, 60 * S)
    assert (decision.reason, decision.detail, decision.held_ids) == (Reason.INHIBITED, "b", ())
    over = replace(around, firing=(replace(source, is_firing=False),))
    assert decide(NOTIFIED, [firing()], ROUTE, over, 60 * S).reason is Reason.REPEAT_LATER


def test_several_that_wait_are_looked_at_again_when_the_first_of_them_can_go() -> None:
    both = [firing(), firing("b"), firing("c")]
    holds = Holds(
        silences=tuple(
            replace(SILENCE, silence_id=name, matchers=(parse_matcher(f"alert_id={name}"),), ends_ms=ends * S)
            for name, ends in (("a", 900), ("b", 700))
        ),
        inhibitions=(Inhibition((parse_matcher("alert_id=d"),), (parse_matcher("alert_id=c"),)),),
        firing=(firing("d"),),
    )
    decision = decide(GroupState(0), both, ROUTE, holds, 60 * S)
    assert decision == Decision(
        GroupAction.WAIT, Reason.SILENCED, ("a", "b", "c"), 700 * S, "a", ("a", "b", "c")
    )
    only = replace(holds, silences=())
    assert decide(GroupState(0), [firing("c")], ROUTE, only, 60 * S).until_ms is None


@pytest.mark.parametrize(
    ("candidates", "reason", "ids"),
    [
        ([resolved("b")], Reason.NOTHING_NEW, ()),
        ([resolved("a"), resolved("b")], Reason.NOTHING_NEW, ()),
        ([firing("b", closed=True)], Reason.CLOSED, ("b",)),
        ([replace(resolved("b"), closed=True)], Reason.NOTHING_NEW, ()),
        ([], Reason.NOTHING_NEW, ()),
    ],
)
def test_nothing_to_do_has_its_reason(
    candidates: list[Candidate], reason: Reason, ids: tuple[str, ...]
) -> None:
    over = notify(NOTIFIED, [resolved()], 60 * S)
    decision = decide(over, candidates, ROUTE, OPEN, 70 * S)
    assert (decision.action, decision.reason, decision.alert_ids) == (GroupAction.NOTHING, reason, ids)


def test_what_nobody_heard_of_is_named_and_what_still_fires_is_not() -> None:
    fresh = GroupState(0)
    both = [resolved("b"), resolved("c")]
    decision = decide(fresh, both, ROUTE, OPEN, 5 * S)
    assert (decision.reason, decision.alert_ids) == (Reason.NEVER_SENT, ("b", "c"))
    moved = [resolved("b"), firing("c", moved=True)]
    decision = decide(fresh, moved, ROUTE, OPEN, 5 * S)
    assert (decision.reason, decision.alert_ids) == (Reason.NEVER_SENT, ("b",))


def test_repeats_begin_again_with_news_and_go_on_after_a_silence() -> None:
    group = NOTIFIED
    for hour in (1, 2):
        group = notify(group, [firing()], (hour * 3600 + 10) * S)
    assert group.repeats == 2
    silenced = Holds(silences=(replace(SILENCE, ends_ms=8000 * S),))
    after_silence = notify(notify(group, [firing()], 7900 * S, silenced), [firing()], 8000 * S)
    assert after_silence.repeats == 2
    raised = notify(group, [firing(severity="critical")], 7900 * S)
    assert (raised.repeats, raised.first_seen_ms, raised.last_sent_ms) == (0, 0, 7900 * S)


def test_some_who_moved_and_some_who_are_acknowledged_are_acknowledged() -> None:
    group = notify(GroupState(0), [firing(), firing("b")], 10 * S)
    mixed = [firing(moved=True), firing("b", acknowledged=True)]
    decision = decide(group, mixed, ROUTE, OPEN, 10**8)
    assert (decision.reason, decision.alert_ids) == (Reason.ACKNOWLEDGED, ("a", "b"))
    one_left = [firing(moved=True), firing("b")]
    assert decide(group, one_left, ROUTE, OPEN, 10**8).alert_ids == ("b",)


def test_a_repeat_waits_while_all_of_it_is_held() -> None:
    group = notify(GroupState(0), [firing(), firing("b")], 10 * S)
    around = Holds(silences=(replace(SILENCE, ends_ms=10**9),))
    decision = decide(group, [firing(), firing("b")], ROUTE, around, 10**8)
    assert (decision.action, decision.reason, decision.alert_ids) == (
        GroupAction.WAIT,
        Reason.SILENCED,
        ("a", "b"),
    )


def test_a_group_that_was_sent_nothing_that_fires_now_adds_without_waiting() -> None:
    over = notify(NOTIFIED, [resolved()], 60 * S)
    other = replace(firing("b"), labels={**firing("b").labels, "step": "order_to_payment"})
    decision = decide(over, [other], ROUTE, OPEN, 61 * S)
    assert (decision.action, decision.reason) == (GroupAction.SEND, Reason.NEW)
    both = decide(NOTIFIED, [firing(), other], ROUTE, OPEN, 310 * S)
    assert (both.action, both.reason, both.alert_ids) == (GroupAction.SEND, Reason.ADDED, ("b",))


def test_twenty_ends_are_remembered_and_the_oldest_is_forgotten_first() -> None:
    group = GroupState(0)
    names = [f"a{number:02}" for number in range(25)]
    for name in names:
        for candidate in (firing(name), resolved(name)):
            group = after(Decision(GroupAction.SEND, Reason.NEW, (name,)), group, [candidate], S)
    assert list(group.sent or {}) == names[5:]
    still = after(Decision(GroupAction.SEND, Reason.NEW, ("x",)), group, [firing("x")], S)
    assert list(still.sent or {}) == [*names[5:], "x"]


def test_what_is_held_is_remembered_while_it_fires_and_forgotten_when_it_is_sent() -> None:
    hold = Decision(GroupAction.WAIT, Reason.SILENCED, ("a",), held_ids=("a", "b"))
    group = after(hold, GroupState(0, was_held=("z",)), [firing(), firing("b")], S)
    assert group.was_held == ("a", "b")
    assert after(hold, group, [firing(), firing("b")], S) is group
    assert after(hold, group, [firing(), resolved("b")], S).was_held == ("a",)
    sent = after(Decision(GroupAction.SEND, Reason.HOLD_ENDED, ("a",)), group, [firing(), firing("b")], S)
    assert (sent.was_held, sent.flaps) == (("b",), None)


def test_an_alert_never_inhibits_itself() -> None:
    rule = Inhibition((parse_matcher("kind=pooled"),), (), ("platform",))
    pooled = Candidate("1", {"kind": "pooled", "platform": "shopify"}, True, 0)
    around = Holds(inhibitions=(rule,), firing=(pooled,))
    assert held(pooled, ROUTE, around, 0) is None
    assert held(replace(pooled, alert_id="2"), ROUTE, around, 0) is not None
    assert held(Candidate("2", {"platform": "amazon"}, True, 0), ROUTE, around, 0) is None


@pytest.mark.parametrize(
    ("source", "target", "holds"),
    [
        ({"kind": "a", "x": "1"}, {"kind": "b", "x": "1"}, True),
        ({"kind": "a", "x": "1"}, {"kind": "b", "x": "2"}, False),
        ({"kind": "a"}, {"kind": "b"}, True),
        ({"kind": "a", "x": "1"}, {"kind": "b"}, False),
        ({"kind": "b", "x": "1"}, {"kind": "b", "x": "1"}, False),
        ({"kind": "a", "x": "1"}, {"kind": "a", "x": "1"}, False),
    ],
)
def test_an_inhibition_holds_what_agrees_with_its_source_on_every_label(
    source: dict[str, str], target: dict[str, str], holds: bool
) -> None:
    rule = Inhibition((parse_matcher("kind=a"),), (parse_matcher("kind=b"),), ("x",))
    around = Holds(inhibitions=(rule,), firing=(Candidate("1", source, True, 0),))
    found = held(Candidate("2", target, True, 0), ROUTE, around, 0)
    assert (found is not None) is holds


def test_a_storm_looked_at_every_pair_of_its_alerts_in_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    matches = Matcher.matches
    monkeypatch.setattr(Matcher, "matches", lambda one, labels: looked.append(one) or matches(one, labels))
    storm = tuple(firing(f"s{number}") for number in range(300))
    rule = Inhibition((parse_matcher("kind=pooled"),), (parse_matcher("level=page"),), ("store_id",))
    around = Holds(inhibitions=(rule,), firing=storm)
    assert [held(one, ROUTE, around, 0) for one in storm] == [None] * len(storm)
    assert len(looked) == 2 * len(storm)
