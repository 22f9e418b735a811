"""When many stores are off at once, people get one message and programs get each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scoring.alerts.alert import AlertContribution, most_of
from scoring.alerts.deciding import Candidate, Decision, GroupAction, Reason
from scoring.alerts.routing import Route
from streams.channels.registry import channel_spec
from streams.incidents.groups import AlertGroup
from streams.notifier.storm import STORM_STORES, batched, stores_of

Item = tuple[AlertGroup, Decision]


def due(store: str, reason: Reason = Reason.NEW, members: tuple[str, ...] = ()) -> Item:
    candidate = Candidate(store, {"alert_id": store, "store_id": store}, True, 0, members=frozenset(members))
    return AlertGroup(store, Route("r", "ops"), [candidate]), Decision(GroupAction.SEND, reason, (store,))


def sizes(work: list[Item], channel: str = "feishu") -> list[int]:
    return [len(batch.items) for batch in batched(work, channel_spec(channel))]


def test_a_storm_was_a_card_for_every_store() -> None:
    work = [due(f"s{number}") for number in range(30)]
    (batch,) = batched(work, channel_spec("feishu"))
    assert batch.is_storm
    group, decision = batch.as_one()
    assert [c.alert_id for c in group.candidates] == [f"s{n}" for n in range(30)] == list(decision.alert_ids)
    assert decision.reason is Reason.NEW


@pytest.mark.parametrize("channel", ["webhook", "pagerduty"])
def test_programs_and_pagers_get_each_incident(channel: str) -> None:
    assert sizes([due(f"s{number}") for number in range(30)], channel) == [1] * 30


def test_a_few_stores_do_not_make_a_storm_and_a_pool_counts_its_members() -> None:
    few = [due(f"s{number}") for number in range(STORM_STORES - 1)]
    assert sizes(few) == [1] * len(few)
    pool = due("pool:platform=shopify", members=tuple("abcdef"))
    assert sizes([pool]) == [1]
    assert stores_of([pool, few[0]]) == {*"abcdef", "s0"}
    assert sizes([pool, *few[:1]]) == [2]


def test_a_storm_counted_the_stores_of_a_pool_that_were_as_usual() -> None:
    """Twenty stores were off, and thirty were said to be: one payment method is that of all."""
    shares = [("b", 0.3), ("a", 0.4), ("c", 0.15), ("d", 0.1), ("e", 0.05)]
    worst = most_of(AlertContribution(*share) for share in shares)
    assert worst == ("a", "b", "c")
    pool = due("pool:payment_method=card", members=tuple("abcdefgh"))
    candidate = replace(pool[0].candidates[0], missing_in=frozenset(worst))
    narrowed = AlertGroup("pool:payment_method=card", pool[0].route, [candidate]), pool[1]
    assert stores_of([narrowed, due("s0")]) == {*"abc", "s0"}


def test_what_is_over_has_its_own_summary_and_what_is_raised_is_said_alone() -> None:
    begun = [due(f"a{n}", Reason.ADDED if n % 2 else Reason.HOLD_ENDED) for n in range(6)]
    over = [due(f"b{n}", Reason.RESOLVED) for n in range(7)]
    raised = [due("c", Reason.RAISED), due("d", Reason.TAKEN_ON)]
    assert sizes([*raised, *begun, *over]) == [6, 7, 1, 1]
    first, second, *_ = batched([*raised, *begun, *over], channel_spec("feishu"))
    assert (first.as_one()[1].reason, second.as_one()[1].reason) == (Reason.NEW, Reason.RESOLVED)
