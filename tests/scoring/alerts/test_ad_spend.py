"""The guard of ad spend: money that runs into a broken step is an alert; a paused campaign and an ordinary low day are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from scoring.alerts.ad_spend import (
    ENDS_AFTER_MS,
    OPENS_AFTER_MS,
    SpendCause,
    SpendGuard,
    SpendRate,
    SpendRow,
    broken_by,
    guarded,
    spend_rate,
    worst,
)
from scoring.alerts.alert import AlertKind, AlertLabel, AlertState, AlertTransition
from scoring.alerts.spend_note import SpendInto, note_of_spend
from scoring.funnel.money import UNKNOWN_WORTH, Worth, price
from scoring.funnel.units import HOUR_MS, MINUTE_MS
from tests.fixtures.alert_card import ALERT

NOW = 1_772_000_000_000
LEAST = 5.0


def drop(**more: Any) -> AlertTransition:
    """Payments at a tenth of what was expected."""
    fields: dict[str, Any] = {
        "store_id": "shop", "step": "order_to_payment", "kind": AlertKind.CONVERSION, "state": AlertState.FIRING, "segment": "",
        "label": AlertLabel.REAL, "observed": 10.0, "expected": 100.0, "low": 80.0, "high": 125.0, "members": (),
        "opened_at_ms": NOW - HOUR_MS, "resolved_at_ms": None,
    }  # fmt: skip
    return msgspec.structs.replace(ALERT, **{**fields, **more})


def hour(back: int, value: float, parts: tuple[str, ...] = (), source: str = "meta") -> SpendRow:
    return SpendRow(source, True, NOW - (back + 1) * HOUR_MS, NOW - back * HOUR_MS, parts, value)


def day(back: int, value: float) -> SpendRow:
    return SpendRow("google", False, NOW - (back + 1) * 24 * HOUR_MS, NOW - back * 24 * HOUR_MS, (), value)


Look = tuple[SpendCause | None, SpendRate | None]


def looks(every: Sequence[Look], guard: SpendGuard | None = None) -> tuple[SpendGuard, list[AlertTransition]]:
    """What follows from a look a minute."""
    found, guard = [], guard or SpendGuard()
    for minute, (cause, rate) in enumerate(every):
        guard, transition = guarded(guard, "shop", "EUR", cause, rate, LEAST, NOW + minute * MINUTE_MS)
        found += [transition] if transition is not None else []
    return guard, found


BROKEN, ADS = broken_by(drop(), "shop"), SpendRate(40.0, is_about=False)
OPENS, ENDS = OPENS_AFTER_MS // MINUTE_MS, ENDS_AFTER_MS // MINUTE_MS


def test_ads_that_lead_into_a_broken_step_are_an_alert_that_says_what_an_hour_burns() -> None:
    guard, (opened,) = looks([(BROKEN, ADS)] * (OPENS + 1))
    note = note_of_spend(opened.kind, opened.note)
    assert note is not None
    assert (note.into, note.of, note.per_hour, note.share) == (SpendInto.STEP, "order_to_payment", 40.0, 0.9)
    burnt_hours = (HOUR_MS + OPENS_AFTER_MS) / HOUR_MS
    assert opened.lost == pytest.approx(40 * 0.9 * burnt_hours)
    assert opened.lost_low < opened.lost < opened.lost_high
    money = price(opened, Worth(currency="EUR", base_rate=1.1, base_currency="USD"))
    assert money is not None
    assert (money.lost, money.base) == (pytest.approx(opened.lost), pytest.approx(opened.lost * 1.1))
    assert price(opened, UNKNOWN_WORTH) is None
    _, more = looks([(BROKEN, ADS)] * 75, guard)
    assert [one.sequence for one in more] == [1]


def test_it_ends_some_time_after_the_step_is_whole_again_and_the_next_one_is_another_alert() -> None:
    guard, opened = looks([(BROKEN, ADS)] * (OPENS + 1))
    guard, ended = looks([(None, ADS)] * (ENDS + 1), guard)
    assert [one.state for one in (*opened, *ended)] == [AlertState.FIRING, AlertState.RESOLVED]
    _, again = looks([(BROKEN, ADS)] * (OPENS + 1), guard)
    assert again[0].alert_id != opened[0].alert_id


def test_it_does_not_flicker_with_a_spend_around_the_limit() -> None:
    at_limit, below = SpendRate(6.0, is_about=False), SpendRate(4.0, is_about=False)
    _, found = looks([(BROKEN, at_limit)] * (OPENS + 1) + [(BROKEN, below), (BROKEN, at_limit)] * 30)
    assert [one.state for one in found if one.sequence == 0 or one.state is AlertState.RESOLVED] == [
        AlertState.FIRING
    ]
    assert looks([(BROKEN, below)] * 60)[1] == []


def test_what_is_not_known_neither_opens_nor_ends_an_alert() -> None:
    assert looks([(BROKEN, None)] * 60)[1] == []
    guard, _ = looks([(BROKEN, ADS)] * (OPENS + 1))
    assert looks([(BROKEN, None)] * 60, guard)[1] == []


@pytest.mark.parametrize(
    "alert",
    [
        drop(observed=70.0),
        drop(state=AlertState.RESOLVED),
        drop(state=AlertState.PENDING),
        drop(kind=AlertKind.TRAFFIC),
        drop(kind=AlertKind.DRIFT),
        drop(label=AlertLabel.TRACKING),
        drop(label=AlertLabel.INFLATED),
        drop(label=AlertLabel.MIX),
        drop(step="payment_to_fulfilment"),
        drop(segment="ios/organic"),
        drop(store_id="other"),
    ],
    ids=[
        "a low day",
        "over",
        "held back",
        "no visitors",
        "slow",
        "tracking",
        "bots",
        "mix",
        "parcels",
        "organic",
        "other store",
    ],
)
def test_without_a_broken_step_spend_never_fires(alert: AlertTransition) -> None:
    assert broken_by(alert, "shop") is None
    assert looks([(worst([broken_by(alert, "shop")]), ADS)] * 7 * 1440)[1] == []


def test_paused_ads_burn_nothing() -> None:
    assert spend_rate([hour(0, 0.0), hour(1, 30.0), hour(2, 30.0)], NOW) == SpendRate(0.0, is_about=False)
    assert looks([(BROKEN, SpendRate(0.0, is_about=False))] * 60)[1] == []
    guard, _ = looks([(BROKEN, ADS)] * (OPENS + 1))
    _, after = looks([(BROKEN, SpendRate(0.0, is_about=False))] * (ENDS + 1), guard)
    assert [one.state for one in after] == [AlertState.RESOLVED]


def test_a_spend_by_hour_comes_before_one_by_day_and_the_whole_before_its_parts() -> None:
    hours = [hour(0, 30.0), hour(1, 60.0), hour(0, 29.0, ("campaign",)), hour(9, 900.0)]
    assert spend_rate(
        [*hours, SpendRow("meta", False, NOW - 48 * HOUR_MS, NOW - 24 * HOUR_MS, (), 240.0)], NOW
    ) == SpendRate(45.0, False)
    assert spend_rate([*hours, day(1, 240.0), day(2, 2400.0)], NOW) == SpendRate(55.0, is_about=True)
    assert spend_rate([hour(9, 900.0)], NOW) is None
    assert spend_rate([day(4, 240.0)], NOW) is None
