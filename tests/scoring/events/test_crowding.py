"""A share of a store's page events that suddenly comes from few sources is set apart; a crowd of visitors is not."""

from __future__ import annotations

import pytest

from scoring.events.crowding import CROWDED, TOO_FAST, Crowding
from scoring.events.event import Event, EventType

NOW = 1_790_000_000_000
MINUTE_MS = 60_000


def event(kind: str = "order", visitor: str = "", store: str = "s1") -> Event:
    return Event("pixel:e", store, EventType(kind), NOW, NOW, visitor=visitor, source="pixel")


@pytest.mark.parametrize("made_up", [True, False])
def test_a_strangers_orders_with_the_public_key_paged_people(made_up: bool) -> None:
    crowding = Crowding()
    for hour in range(24):
        assert crowding.of(event(visitor=f"buyer{hour}"), f"home{hour}", NOW + 60 * hour * MINUTE_MS) == ""
    attack = NOW + 24 * 60 * MINUTE_MS
    found = [
        crowding.of(
            event(visitor=f"fake{n}" if made_up else "fake"), "attacker" if made_up else "", attack + 400 * n
        )
        for n in range(24)
    ]
    assert found[:4] == [""] * 4
    assert found[4:] == [CROWDED] * 20


def test_a_flash_sale_of_many_visitors_is_not_set_apart_even_behind_one_unknown_proxy() -> None:
    crowding = Crowding()
    found = {
        crowding.of(event(kind, f"v{n}"), "", NOW + 10 * n)
        for n in range(2000)
        for kind in ("click", "order")
    }
    assert found == {""}


def test_a_shop_counter_that_always_orders_from_one_network_is_usual() -> None:
    crowding = Crowding()
    times = range(NOW, NOW + 48 * 60 * MINUTE_MS, MINUTE_MS // 2)
    found = [crowding.of(event(visitor=f"v{at}"), "counter", at) for at in times]
    assert set(found[len(found) // 2 :]) == {""}


def test_clicks_beyond_what_hands_can_do_are_set_apart_however_busy_the_store_is() -> None:
    crowding = Crowding()
    found = [
        crowding.of(event("click", visitor), "", NOW + n)
        for n in range(2000)
        for visitor in ("robot", f"v{n}", f"w{n}")
    ]
    assert found[::3][1600:] == [TOO_FAST] * 400
    assert set(found[1::3]) == {""}


def test_stores_do_not_crowd_each_other_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.events.crowding._HELD", 100)
    crowding = Crowding()
    assert {crowding.of(event(visitor="v", store=f"s{n}"), "", NOW + n) for n in range(500)} == {""}
    assert len(crowding) <= 101


def seen_for_a_day(crowding: Crowding, with_visitors: int, nameless: int) -> int:
    """A day of clicks, as many of each kind a minute; the moment after it."""
    for minute in range(24 * 60):
        at = NOW + minute * MINUTE_MS
        for n in range(with_visitors):
            assert crowding.of(event("click", f"v{minute}-{n}"), "", at) == ""
        for _ in range(nameless):
            assert crowding.of(event("click"), "", at) == ""
    return NOW + 24 * 60 * MINUTE_MS


def test_events_of_nobody_behind_an_untrusted_proxy_could_not_be_seen_as_crowding() -> None:
    crowding = Crowding()
    attack = seen_for_a_day(crowding, with_visitors=5, nameless=1)
    found = [crowding.of(event("click"), "", attack + 20 * n) for n in range(3000)]
    assert set(found[250:]) == {CROWDED}
    assert crowding.of(event("click", "somebody"), "", attack + 60_000) == ""


def test_a_store_whose_visitors_all_ask_for_privacy_behind_such_a_proxy_may_have_a_sale() -> None:
    for with_visitors, nameless in ((0, 5), (2, 3), (4, 2)):
        crowding = Crowding()
        sale = seen_for_a_day(crowding, with_visitors, nameless)
        found = {
            crowding.of(event("click", f"s{n}" if n % 6 < with_visitors else ""), "", sale + 20 * n)
            for n in range(3000)
        }
        assert found == {""}


def test_what_is_usual_of_nobody_is_not_known_right_after_a_start() -> None:
    crowding = Crowding()
    assert {crowding.of(event("click"), "", NOW + 20 * n) for n in range(3000)} == {""}
