"""An order's life follows from all versions of it, whatever their order; each stage event is there once."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.events.event import EventType
from scoring.records.order_facts import ALL_REFUNDS, OrderFacts, OrderKind
from scoring.records.order_life import LeftOut, OrderLife, OrderState, merge, stage_event_id, stage_events

START = 1_764_547_200_000
HOUR = 3_600_000


def version(hour: int, **known: Any) -> OrderFacts:
    """What a source says of the order at an hour of its life."""
    known_facts = {"as_of_ms": START + hour * HOUR, "told_at_ms": START + 100 * HOUR, "source": "shopify"}
    return OrderFacts(store_id="s1", order_id="1001", **{**known_facts, **known})


def life(*versions: OrderFacts) -> OrderLife:
    found = merge(versions)
    assert found is not None
    return found


def types(one: OrderLife) -> list[str]:
    return [event.type.value for event in stage_events(one).events]


PLACED = version(0, placed_ms=START, amount="50", currency="USD", units=2)
#: a life as a platform reports it, push by push
WHOLE = (
    PLACED,
    version(1, placed_ms=START, authorised_ms=START + HOUR),
    version(2, placed_ms=START, paid_ms=START + 2 * HOUR, is_paid=True, amount="50", currency="USD"),
    version(3, shipped_ms=START + 3 * HOUR, parcels=1),
    version(9, delivered_ms=START + 9 * HOUR),
    version(12, amount="45", refunds={"r1": "5"}, refund_times={"r1": START + 12 * HOUR}),
)


def test_every_permutation_of_the_versions_gives_the_same_life() -> None:
    lives = {
        repr(merge((*one, one[0]))) for one in itertools.permutations(WHOLE)
    }  # the first one also comes twice
    assert len(lives) == 1
    whole = life(*WHOLE)
    assert (whole.state, whole.amount, whole.refunded) == (OrderState.DELIVERED, "45", 5)
    assert types(whole) == ["order", "payment", "fulfilment", "delivered", "refund"]


@st.composite
def versions(draw: st.DrawFn) -> list[OrderFacts]:
    times = st.one_of(st.just(0), st.integers(START, START + 50 * HOUR))
    answers = st.sampled_from([None, True, False])
    one = st.builds(
        OrderFacts,
        store_id=st.just("s1"),
        order_id=st.just("1001"),
        source=st.sampled_from(["shopify", "files"]),
        import_id=st.sampled_from(["", "i1"]),
        as_of_ms=st.sampled_from([0, START, START + HOUR]),
        told_at_ms=st.integers(START, START + 3),
        placed_ms=times,
        paid_ms=times,
        shipped_ms=times,
        cancelled_ms=times,
        on_hold=answers,
        is_paid=answers,
        is_cancelled=answers,
        cod=answers,
        test=answers,
        amount=st.sampled_from(["", "0", "10", "12.5"]),
        refunds=st.dictionaries(
            st.sampled_from(["a", "b", ALL_REFUNDS]), st.sampled_from(["1", "2"]), max_size=2
        ),
        history=st.booleans(),
        withdrawn=st.sampled_from([False, False, False, True]),
    )
    return draw(st.lists(one, min_size=1, max_size=6))


@given(versions(), st.randoms(use_true_random=False))
def test_a_life_depends_neither_on_the_order_of_versions_nor_on_repeats(
    known_facts: list[OrderFacts], random: Any
) -> None:
    mixed = [*known_facts, *random.choices(known_facts, k=2)]
    random.shuffle(mixed)
    assert merge(mixed) == merge(known_facts)


@given(versions())
def test_each_stage_event_is_there_once_and_has_a_known_time(known_facts: list[OrderFacts]) -> None:
    found = merge(known_facts)
    events = stage_events(found).events if found else ()
    assert len({event.event_id for event in events}) == len(events)
    assert all(event.event_time_ms >= START for event in events)


def test_cash_on_delivery_is_paid_when_it_is_delivered_not_when_it_may_ship() -> None:
    placed = version(0, placed_ms=START, cod=True, amount="50")
    may_ship = version(1, cod=True, paid_ms=START + HOUR)
    waiting = life(placed, may_ship)
    assert (types(waiting), waiting.state) == (["order"], OrderState.PAYMENT_ON_DELIVERY)
    assert (EventType.PAYMENT, LeftOut.COD_WAITING) in stage_events(waiting).left_out
    assert stage_events(waiting).events[0].incoming()["attributes"] == {"payment": "on_delivery"}
    delivered = life(
        placed, may_ship, version(2, shipped_ms=START + 2 * HOUR, delivered_ms=START + 30 * HOUR)
    )
    payment = stage_events(delivered).events[1]
    assert (payment.type, payment.event_time_ms) == (EventType.PAYMENT, START + 30 * HOUR)
    said = life(placed, version(3, is_paid=True, paid_ms=START + 3 * HOUR))
    assert said.paid_at_ms == START + 3 * HOUR


def test_an_order_on_hold_is_not_paid_before_the_platform_says_when() -> None:
    held = life(PLACED, version(1, on_hold=True, is_paid=True, authorised_ms=START + HOUR))
    assert (types(held), held.state) == (["order"], OrderState.ON_HOLD)
    assert (EventType.PAYMENT, LeftOut.ON_HOLD) in stage_events(held).left_out
    released = life(PLACED, version(1, on_hold=True), version(2, on_hold=False, paid_ms=START + 2 * HOUR))
    assert types(released) == ["order", "payment"]


def test_an_authorised_order_is_not_a_paid_one() -> None:
    authorised = life(PLACED, version(1, authorised_ms=START + HOUR))
    assert (types(authorised), authorised.state) == (["order"], OrderState.AUTHORISED)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"test": True}, LeftOut.TEST),
        ({"kind": OrderKind.DRAFT}, LeftOut.DRAFT),
        ({"kind": OrderKind.REPLACEMENT}, LeftOut.REPLACEMENT),
        ({"kind": OrderKind.EXCHANGE}, LeftOut.EXCHANGE),
        ({"kind": OrderKind.INTERNAL}, LeftOut.INTERNAL),
        ({"amount": "0.00"}, LeftOut.ZERO_PRICE),
    ],
)
def test_what_is_not_a_real_order_makes_no_event_and_says_why(known: dict[str, Any], reason: LeftOut) -> None:
    known_facts = stage_events(life(version(0, placed_ms=START), version(1, paid_ms=START + 1, **known)))
    assert known_facts.events == ()
    assert known_facts.left_out == ((EventType.ORDER, reason),)


def test_an_order_refunded_down_to_nothing_stays_an_order() -> None:
    refunded = life(PLACED, version(5, amount="0", refunds={ALL_REFUNDS: "50"}))
    assert (refunded.left_out, refunded.state, types(refunded)) == (None, OrderState.REFUNDED, ["order"])


def test_a_cancelled_order_whose_price_was_set_to_nothing_stays_an_order() -> None:
    emptied = life(version(0, placed_ms=START), version(5, amount="0", cancelled_ms=START + HOUR))
    assert (emptied.left_out, types(emptied)) == (None, ["order", "cancel"])


def test_refunds_that_are_listed_and_their_sum_are_not_added() -> None:
    listed = version(5, refunds={"a": "10", "b": "5"})
    assert life(PLACED, listed, version(6, source="files", refunds={ALL_REFUNDS: "15"})).refunded == 15


def test_a_cancelled_order_stays_one_and_a_newer_answer_takes_the_cancelling_back() -> None:
    cancelled = version(2, cancelled_ms=START + 2 * HOUR)
    assert types(life(PLACED, cancelled)) == ["order", "cancel"]
    assert life(PLACED, cancelled).state is OrderState.CANCELLED_UNPAID
    again = version(3, is_cancelled=False)
    for order in itertools.permutations((PLACED, cancelled, again)):
        assert (types(life(*order)), life(*order).cancelled_ms) == (["order"], 0)


def test_a_second_parcel_does_not_move_the_fulfilment() -> None:
    parcels: Sequence[OrderFacts] = (
        version(3, shipped_ms=START + 3 * HOUR, parcels=1),
        version(8, shipped_ms=START + 8 * HOUR, parcels=2),
    )
    for order in itertools.permutations((PLACED, *parcels)):
        fulfilment = stage_events(life(*order)).events[1]
        assert fulfilment.event_time_ms == START + 3 * HOUR
        assert fulfilment.incoming()["attributes"] == {"parcels": "2"}


@pytest.mark.parametrize(
    ("field", "known"),
    [("paid_at_ms", "paid_ms"), ("delivered_ms", "delivered_ms"), ("cancelled_ms", "cancelled_ms")],
)
def test_an_edit_moved_the_time_of_what_had_happened_before_it(field: str, known: str) -> None:
    """Of what a platform gives no time for, the time of the order's last change is taken, and any edit is one."""
    first = version(2, **{known: START + 2 * HOUR})
    edited = version(6, amount="57", **{known: START + 6 * HOUR})
    by_order = version(0, **{known: START})  # no earlier than it was placed: known of every order
    for order in itertools.permutations((PLACED, by_order, first, edited)):
        assert (getattr(life(*order), field), life(*order).amount) == (START + 2 * HOUR, "57")
    assert getattr(life(PLACED, by_order), field) == START


def test_a_time_that_the_platform_itself_gives_is_taken_as_it_says_it_last() -> None:
    said = version(6, paid_ms=START + 3 * HOUR)
    assert life(PLACED, version(2, paid_ms=START + 2 * HOUR), said).paid_at_ms == START + 3 * HOUR


def test_what_was_taken_back_and_happens_again_has_its_new_time() -> None:
    again = version(9, cancelled_ms=START + 9 * HOUR)
    taken_back = version(5, is_cancelled=False)
    cancelled = version(2, cancelled_ms=START + 2 * HOUR)
    for order in itertools.permutations((PLACED, cancelled, taken_back, again)):
        assert life(*order).cancelled_ms == START + 9 * HOUR


def test_an_import_that_was_undone_says_nothing_until_it_is_imported_again() -> None:
    imported = version(4, source="files", import_id="i1", is_cancelled=True, told_at_ms=START)
    undone = version(4, source="files", import_id="i1", withdrawn=True, told_at_ms=START + 1)
    again = version(4, source="files", import_id="i1", is_cancelled=True, told_at_ms=START + 2)
    for order in itertools.permutations((PLACED, imported, undone)):
        assert life(*order).is_cancelled is None
    for order in itertools.permutations((PLACED, imported, undone, again)):
        assert life(*order).is_cancelled is True
    assert merge([imported, undone]) is None


def test_an_order_is_history_only_where_nobody_reports_it_as_news() -> None:
    past = version(0, placed_ms=START, history=True)
    assert life(past).history
    assert not life(past, version(1, source="shopify")).history


def test_the_same_fact_has_one_id_whichever_source_reports_it() -> None:
    files = version(0, source="files", placed_ms=START)
    assert stage_events(life(files)).events[0].event_id == stage_events(life(PLACED)).events[0].event_id
    refunds = {stage_event_id("s1", EventType.REFUND, "1001", one) for one in ("", "a", "b")}
    assert len(refunds) == 3
