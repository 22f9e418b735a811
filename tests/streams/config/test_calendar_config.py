"""The calendar as it is written in funnelwatch.yaml."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from scoring.calendar.effects import DayEffect
from streams.config.core import day_rules
from streams.config.loading import load_config
from streams.schema import ConfigError

WRITTEN = """
stores: [{id: de-1, zone: Europe/Berlin, country: DE}, {id: x}]
calendar:
  holidays: suppress
  commerce: ignore
  entries:
    - {name: Founders' day, first: 2026-03-02, effect: suppress, stores: [x]}
    - {name: Flash sale, first: "2026-03-03T20:00", last: "2026-03-03T22:00", countries: [DE]}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "funnelwatch.yaml"
    path.write_text(text)
    return path


def test_entries_hold_for_their_stores_and_built_in_days_do_what_is_asked(tmp_path: Path) -> None:
    rules = day_rules(load_config(written(tmp_path, WRITTEN)))
    (day,) = rules.spans("x", date(2026, 1, 1), date(2026, 12, 31))
    assert (day.name, day.effect, day.last - day.first) == ("Founders' day", DayEffect.SUPPRESS, 1440)
    found = rules.spans("de-1", date(2026, 3, 1), date(2026, 4, 30))
    sale = found[0]
    assert (sale.name, sale.effect, sale.last - sale.first) == ("Flash sale", DayEffect.WIDEN, 120)
    easter = [span for span in found if "Good Friday" in span.name]
    assert [span.effect for span in easter] == [DayEffect.SUPPRESS]
    assert rules.spans("de-1", date(2026, 11, 27), date(2026, 11, 27)) == ()
    assert rules.own[1].first == datetime.fromisoformat("2026-03-03T20:00")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{name: A, first: 2026-03-02, last: 2026-03-01}", "last must not be before first"),
        ('{name: A, first: "2026-03-02T20:00+01:00"}', "own clock"),
        ("{name: A, first: 2026-03-02, effect: mute}", "suppress, widen, compare"),
    ],
)
def test_an_impossible_entry_is_rejected_with_its_reason(tmp_path: Path, entry: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_config(written(tmp_path, f"calendar:\n  entries:\n    - {entry}\n"))


def test_single_days_are_chosen_by_name_and_a_day_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    chosen = "stores: [{id: us-1, country: US}, {id: de-1, country: DE}]\ncalendar: {holidays: ignore, days: [{day: 黑五, effect: suppress, countries: [US]}, {day: Labor Day, effect: compare, countries: [US]}]}\n"
    rules = day_rules(load_config(written(tmp_path, chosen)))
    friday, labor = date(2026, 11, 27), date(2026, 9, 7)
    assert [span.effect for span in rules.spans("us-1", friday, friday)] == [DayEffect.SUPPRESS]
    assert [span.effect for span in rules.spans("de-1", friday, friday)] == [DayEffect.WIDEN]
    assert [span.effect for span in rules.spans("us-1", labor, labor)] == [DayEffect.COMPARE]
    with pytest.raises(ConfigError, match="unknown day 'Blakc Friday'"):
        load_config(written(tmp_path, "calendar: {days: [{day: Blakc Friday, effect: suppress}]}\n"))
