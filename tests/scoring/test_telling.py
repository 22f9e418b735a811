"""When a group of alerts is told: each decision with its reason."""

import itertools
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scoring.routing import Inhibition, MuteTiming, Route, Silence, parse_matcher
from scoring.telling import Action, Candidate, Decision, GroupState, Reason, Surroundings, after, decide

ROUTE = Route(
    name="r", receiver="ops", group_wait_s=10, group_interval_s=300, repeat_interval_s=3600, most_repeats=2
)
OPEN = Surroundings()
S = 1000


def firing(alert_id: str = "a", level: str = "page", severity: str = "warning", **more: bool) -> Candidate:
    labels = {"alert_id": alert_id, "store_id": "us", "level": level, "severity": severity}
    return Candidate(alert_id, labels, True, 0, **more)


def resolved(alert_id: str = "a") -> Candidate:
    return replace(firing(alert_id), is_firing=False)


def tell(
    group: GroupState, candidates: list[Candidate], now_ms: int, around: Surroundings = OPEN
) -> GroupState:
    return after(decide(group, candidates, ROUTE, around, now_ms), group, candidates, now_ms)


TOLD = tell(GroupState(0), [firing()], 10 * S)


def test_the_first_message_waits_for_its_group() -> None:
    assert decide(GroupState(0), [firing()], ROUTE, OPEN, 9 * S) == Decision(
        Action.WAIT, Reason.GROUP_WAIT, ("a",), 10 * S
    )
    assert decide(GroupState(0), [firing()], ROUTE, OPEN, 10 * S) == Decision(Action.SEND, Reason.NEW, ("a",))


def test_the_same_alert_is_not_told_again() -> None:
    later = decide(TOLD, [firing()], ROUTE, OPEN, 60 * S)
    assert (later.action, later.reason) == (Action.WAIT, Reason.REPEAT_LATER)


def test_a_resolution_is_told_at_once_if_its_firing_was_told() -> None:
    assert decide(TOLD, [resolved()], ROUTE, OPEN, 11 * S) == Decision(Action.SEND, Reason.RESOLVED, ("a",))


def test_what_resolved_before_anyone_was_told_is_never_told() -> None:
    assert decide(GroupState(0), [resolved()], ROUTE, OPEN, 60 * S).reason is Reason.NEVER_TOLD


def test_a_raised_level_is_told_at_once_even_when_acknowledged() -> None:
    group = tell(GroupState(0), [firing(level="notice", severity="info")], 10 * S)
    raised = decide(group, [firing(acknowledged=True)], ROUTE, OPEN, 12 * S)
    assert (raised.action, raised.reason) == (Action.SEND, Reason.RAISED)


def test_a_second_alert_of_the_group_waits_for_the_interval() -> None:
    both = [firing(), firing("b")]
    assert decide(TOLD, both, ROUTE, OPEN, 20 * S) == Decision(
        Action.WAIT, Reason.GROUP_INTERVAL, ("b",), 310 * S
    )
    assert decide(TOLD, both, ROUTE, OPEN, 310 * S) == Decision(Action.SEND, Reason.ADDED, ("b",))


def test_repeats_are_capped() -> None:
    group, sent = TOLD, 0
    for hour in range(1, 12):
        decision = decide(group, [firing()], ROUTE, OPEN, (10 + hour * 3600) * S)
        sent += decision.action is Action.SEND
        group = after(decision, group, [firing()], (10 + hour * 3600) * S)
    assert sent == 2
    assert decide(group, [firing()], ROUTE, OPEN, 10**9).reason is Reason.REPEATS_SPENT


def test_an_acknowledged_alert_is_not_repeated() -> None:
    assert decide(TOLD, [firing(acknowledged=True)], ROUTE, OPEN, 10**9).reason is Reason.ACKNOWLEDGED


SILENCE = Silence("s", (parse_matcher("store_id=us"),), 0, 600 * S, "planned", "li")


def test_what_a_silence_held_is_told_when_it_ends_and_says_so() -> None:
    around = Surroundings(silences=(SILENCE,))
    during = decide(GroupState(0), [firing()], ROUTE, around, 60 * S)
    assert (during.action, during.reason, during.until_ms) == (Action.WAIT, Reason.SILENCED, 600 * S)
    group = after(during, GroupState(0), [firing()], 60 * S)
    assert decide(group, [firing()], ROUTE, around, 600 * S) == Decision(
        Action.SEND, Reason.HOLD_ENDED, ("a",)
    )


def test_what_resolved_under_a_silence_is_never_told() -> None:
    group = tell(GroupState(0), [firing()], 60 * S, Surroundings(silences=(SILENCE,)))
    assert decide(group, [resolved()], ROUTE, OPEN, 700 * S).action is Action.NOTHING


def test_a_muted_route_waits_for_the_morning() -> None:
    route = replace(ROUTE, mute_timings=("night",))
    around = Surroundings(mute_timings={"night": MuteTiming("night", "UTC", 0, 60)})
    assert decide(GroupState(0), [firing()], route, around, 30 * S).until_ms == 3600 * S


def test_a_pooled_alert_inhibits_its_members() -> None:
    pool = Candidate("p", {"alert_id": "p", "kind": "pooled"}, True, 0)
    around = Surroundings(inhibitions=(Inhibition((parse_matcher("kind=pooled"),), ()),), firing=(pool,))
    waits = decide(GroupState(0), [firing()], ROUTE, around, 60 * S)
    assert (waits.reason, waits.detail) == (Reason.INHIBITED, "p")


def test_an_alert_that_fires_again_in_a_told_group_is_told_again() -> None:
    group = tell(TOLD, [resolved()], 60 * S)
    assert decide(group, [firing()], ROUTE, OPEN, 4000 * S).action is Action.SEND


@given(st.lists(st.tuples(st.integers(1, 500), st.booleans(), st.booleans()), max_size=40))
def test_firing_and_resolved_alternate_whatever_happens(steps: list[tuple[int, bool, bool]]) -> None:
    """Nothing is told twice: between two tellings of a firing (repeats apart) its resolution was told."""
    group, now, told = GroupState(0), 0, []
    for seconds, is_firing, silenced in steps:
        now += seconds * S
        candidate = firing() if is_firing else resolved()
        around = Surroundings(silences=(replace(SILENCE, ends_ms=now + 1),)) if silenced else OPEN
        decision = decide(group, [candidate], ROUTE, around, now)
        if decision.action is Action.SEND and decision.reason is not Reason.REPEAT:
            told.append(is_firing)
        group = after(decision, group, [candidate], now)
    assert all(a != b for a, b in itertools.pairwise(told))
    assert told[:1] in ([], [True])
