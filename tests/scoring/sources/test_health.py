"""The state of a connection follows from what is known of it; each trouble has words, and what to do."""

from __future__ import annotations

import msgspec
import pytest

from scoring.funnel.units import HOUR_MS, MINUTE_MS
from scoring.sources.ending_dates import Offer
from scoring.sources.endings import Use, endings_of
from scoring.sources.health import (
    ConnectionFacts,
    ConnectionState,
    DeliveryHealth,
    ResourceHealth,
    StateVerdict,
    expected_since,
    faded,
    hour_of_week,
    is_silent,
    state_of,
    with_delivery,
)
from scoring.sources.second_way import DayCheck, DayDifference
from scoring.wording.text import LANGUAGES
from scoring.wording.troubles import TROUBLES, Trouble

NOW_MS = 1_764_300_000_000
WEEK_MS = 168 * HOUR_MS
GOOD = ResourceHealth("orders", 300, asked_ms=NOW_MS, whole_ms=NOW_MS)
QUIET = ConnectionFacts(
    now_ms=NOW_MS, paused=False, paused_why="", pausing=Trouble.NONE, resources=(GOOD,),
    deliveries=DeliveryHealth(), check=DayCheck(), token_warning_days=None,
)  # fmt: skip


def state(**changes: object) -> StateVerdict:
    return state_of(msgspec.structs.replace(QUIET, **changes))


def resource(trouble: Trouble, without_ms: int) -> ResourceHealth:
    return ResourceHealth(
        "orders", 300, asked_ms=NOW_MS, whole_ms=NOW_MS - without_ms, failures=1, trouble=trouble, detail="x"
    )


def test_without_trouble_a_connection_is_connected() -> None:
    assert state() == StateVerdict(ConnectionState.CONNECTED)


@pytest.mark.parametrize(
    ("trouble", "without_ms", "expected"),
    [
        (Trouble.UNREACHABLE, 5 * MINUTE_MS, ConnectionState.CONNECTED),
        (Trouble.UNREACHABLE, 20 * MINUTE_MS, ConnectionState.LATE),
        (Trouble.THROTTLED, 3 * HOUR_MS, ConnectionState.BROKEN),
        (Trouble.INCOMPLETE, 0, ConnectionState.LATE),
        (Trouble.GARBLED, 0, ConnectionState.LATE),
        (Trouble.SCOPE_MISSING, 0, ConnectionState.BROKEN),
        (Trouble.VERSION_RETIRED, 0, ConnectionState.BROKEN),
    ],
)
def test_a_resource_that_fails_makes_it_late_then_broken(
    trouble: Trouble, without_ms: int, expected: ConnectionState
) -> None:
    assert state(resources=(GOOD, resource(trouble, without_ms))).state is expected


def test_a_pause_by_trouble_comes_before_a_person_s_and_both_before_the_rest() -> None:
    bad = (resource(Trouble.SCOPE_MISSING, 0),)
    assert state(paused=True, resources=bad).trouble is Trouble.PAUSED_BY_PERSON
    denied = state(paused=True, pausing=Trouble.ACCESS_DENIED, resources=bad)
    assert (denied.state, denied.trouble) == (ConnectionState.PAUSED, Trouble.ACCESS_DENIED)


def test_days_that_differ_are_named() -> None:
    lasting = tuple(DayDifference(day, "orders", "1", "2") for day in ("2026-11-01", "2026-11-03"))
    verdict = state(check=DayCheck(1, 1, 7, lasting))
    assert (verdict.state, verdict.detail) == (ConnectionState.BROKEN, "2026-11-01, 2026-11-03")


def test_one_fault_of_a_mapping_is_late_and_many_in_a_row_are_broken() -> None:
    assert state(deliveries=DeliveryHealth(faults=1, fault="no id")).state is ConnectionState.LATE
    assert state(deliveries=DeliveryHealth(faults=20)).state is ConnectionState.BROKEN


def test_a_token_that_ends_is_reported_while_all_goes_well() -> None:
    assert state(token_warning_days=7) == StateVerdict(ConnectionState.CONNECTED, Trouble.TOKEN_ENDS, "≤ 7 d")


def test_what_it_uses_and_ends_is_reported_and_hides_nothing_worse() -> None:
    uses = [Use(Offer.AMAZON_ORDERS_API, "v0")]
    ends = endings_of(uses, 1_803_513_600_000)  # 2027-02-25
    verdict = state(endings=ends)
    assert (verdict.state, verdict.trouble) == (ConnectionState.CONNECTED, Trouble.USE_ENDS)
    assert verdict.detail == "Amazon Orders API v0: 2027-03-27 (≤ 30 d)"
    over = endings_of(uses, 1_806_105_600_000)  # 2027-03-27
    assert state(endings=over).trouble is Trouble.USE_ENDED
    assert state(endings=over, deliveries=DeliveryHealth(faults=20)).trouble is Trouble.MAPPING_FAULTS


def test_more_than_a_window_to_read_is_catching_up() -> None:
    assert state(resources=(msgspec.structs.replace(GOOD, behind=True),)).state is ConnectionState.CATCHING_UP


def usual(per_hour: int, weeks: int) -> DeliveryHealth:
    """So many deliveries in each hour from 8 to 20 of each day."""
    health, at_ms = DeliveryHealth(), NOW_MS - weeks * WEEK_MS
    while at_ms < NOW_MS:
        if 8 <= hour_of_week(at_ms) % 24 < 20:
            health = with_delivery(health, at_ms, per_hour)
        health = faded(health, at_ms + HOUR_MS) if at_ms + HOUR_MS < NOW_MS else health
        at_ms += HOUR_MS
    return health


def test_silence_is_judged_by_what_is_usual_in_those_hours_of_the_week() -> None:
    busy = usual(6, 4)
    evening_ms = NOW_MS - NOW_MS % (24 * HOUR_MS) + 20 * HOUR_MS
    last = msgspec.structs.replace(busy, last_ms=evening_ms)
    assert expected_since(last, evening_ms, evening_ms + 12 * HOUR_MS) == pytest.approx(0, abs=1e-9)
    assert not is_silent(last, evening_ms + 13 * HOUR_MS)
    assert is_silent(last, evening_ms + 14 * HOUR_MS)


def test_nothing_is_usual_in_the_first_week() -> None:
    young = with_delivery(DeliveryHealth(), NOW_MS - 6 * 24 * HOUR_MS, 1000)
    assert not is_silent(young, NOW_MS)


def test_a_shop_that_never_delivered_is_not_silent() -> None:
    assert not is_silent(DeliveryHealth(), NOW_MS)


def test_each_trouble_has_a_name_and_what_to_do_in_both_languages() -> None:
    assert set(TROUBLES) == set(Trouble) - {Trouble.NONE}
    assert all(text(language) for pair in TROUBLES.values() for text in pair for language in LANGUAGES)


def test_monday_midnight_utc_begins_the_week() -> None:
    assert hour_of_week(1_764_547_200_000) == 0  # 2025-12-01, a Monday
    assert hour_of_week(1_764_547_200_000 - 1) == 167
