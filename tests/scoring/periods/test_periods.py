"""Days that only reports give: judged once complete, again when restated, and never against what is unlike."""

from __future__ import annotations

import itertools
from datetime import date, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.alerts.alert import AlertState, AlertTransition, Level
from scoring.calendar.effects import DayEffect, DayRules, OwnEntry
from scoring.detection.policy import DetectionPolicy
from scoring.funnel.period_notes import PeriodChange, PeriodNote, parse_period_note
from scoring.funnel.period_steps import PERIOD_STEPS
from scoring.funnel.units import DAY_MS
from scoring.periods.book import PeriodBook, judge_history
from scoring.periods.series import SeriesKey
from scoring.records.measures import MEASURE_BY_NAME
from scoring.records.report_row import Period, ReportRow
from tests.scoring.periods.reports import START_MS, STEP, day_rows, row, shop

KEY = SeriesKey("shop", STEP, "day", "UTC")


def book(rules: DayRules | None = None) -> PeriodBook:
    return PeriodBook(DetectionPolicy(), rules)


def published(made: PeriodBook, days: list[list[ReportRow]]) -> list[AlertTransition]:
    """The transitions of days that are reported one after the other."""
    found = []
    for rows in days:
        for one in rows:
            made.take(one)
        found += made.judge().transitions
    return found


def changes(transitions: list[AlertTransition]) -> list[tuple[AlertState, PeriodChange]]:
    notes = [parse_period_note(one.note) for one in transitions]
    assert all(notes)
    return [(one.state, note.change) for one, note in zip(transitions, notes, strict=True) if note]


# ---------------------------------------------------------------- the list


def test_a_step_s_measures_are_on_the_list_and_what_is_added_counts_no_people() -> None:
    for step in PERIOD_STEPS:
        assert MEASURE_BY_NAME[step.upstream].stage is not None
        assert MEASURE_BY_NAME[step.downstream].stage is step.stage
        assert not MEASURE_BY_NAME[step.downstream].is_unique


def test_a_note_is_read_back_as_it_was_written() -> None:
    for change in PeriodChange:
        note = PeriodNote(
            date(2026, 3, 1), date(2026, 3, 3), "America/Los_Angeles", change, "黑色星期五 / Black Friday"
        )
        assert parse_period_note(note.text()) == note
    assert parse_period_note("held back by the calendar: x") is None
    assert parse_period_note("report 2026-03-01/never UTC restated") is None


# ---------------------------------------------------------------- the life of an alert


def test_a_fall_of_days_is_reported_and_resolved_when_it_is_over() -> None:
    transitions = published(book(), shop(50, 30, 34))
    assert transitions[0].state is AlertState.FIRING
    assert transitions[0].opened_at_ms == START_MS + 30 * DAY_MS
    assert transitions[0].level is Level.PAGE
    assert transitions[0].window_minutes == 1440
    assert transitions[-1].state is AlertState.RESOLVED
    assert len({one.alert_id for one in transitions}) == 1
    assert [one.sequence for one in transitions] == list(range(len(transitions)))
    assert transitions[-1].lost > 3 * 0.8 * 2000 * 0.08 * 0.8
    note = parse_period_note(transitions[0].note)
    assert note is not None
    assert (note.first, note.last, note.zone) == (date(2025, 12, 31), date(2025, 12, 31), "UTC")


def test_nothing_is_reported_of_a_usual_store() -> None:
    assert published(book(), shop(60)) == []


def test_before_two_weeks_are_known_nothing_is_judged() -> None:
    assert published(book(), shop(14, 10, 14)) == []


def test_a_window_of_several_days_does_not_add_people() -> None:
    small = shop(45, 30, 40, rate=0.02, per_day=300)
    (first, *_) = published(book(), small)
    assert first.window_minutes > 1440
    assert first.sample == 0
    (first, *_) = published(book(), shop(45, 30, 40))
    assert first.sample > 0


def test_an_import_of_old_months_reports_nothing_that_is_over_or_long_ago() -> None:
    for days in (shop(60, 30, 34), shop(60, 55, 60)):
        late = [
            msgspec.structs.replace(r, told_at_ms=START_MS + 90 * DAY_MS, import_id="one")
            for rows in days
            for r in rows
        ]
        assert published(book(), [late]) == []
    now = START_MS + 64 * DAY_MS
    fresh = [
        msgspec.structs.replace(r, told_at_ms=now, import_id="one") for rows in shop(60, 57, 60) for r in rows
    ]
    (alert,) = published(book(), [fresh])
    assert alert.state is AlertState.FIRING
    assert alert.at_ms == now


def test_a_restated_day_takes_its_alert_back_and_says_so() -> None:
    days = shop(34, 33, 34)
    made = book()
    assert changes(published(made, days)) == [(AlertState.FIRING, PeriodChange.NONE)]
    later = [msgspec.structs.replace(r, told_at_ms=r.told_at_ms + DAY_MS) for r in days[33]]
    restated = [later[0], msgspec.structs.replace(later[1], value="190")]
    found = published(made, [restated])
    assert changes(found) == [(AlertState.RESOLVED, PeriodChange.TAKEN_BACK)]
    assert (found[0].lost, found[0].observed) == (0, 190)


def test_an_alert_that_was_taken_back_fires_again_when_the_figures_fall_again() -> None:
    days = shop(34, 33, 34)
    made = book()
    (first,) = published(made, days)
    found = []
    for later, value in ((1, "190"), (2, "20"), (3, "195")):
        again = [msgspec.structs.replace(r, told_at_ms=r.told_at_ms + later * DAY_MS) for r in days[33]]
        found += published(made, [[again[0], msgspec.structs.replace(again[1], value=value)]])
    assert changes(found) == [
        (AlertState.RESOLVED, PeriodChange.TAKEN_BACK),
        (AlertState.FIRING, PeriodChange.RESTATED),
        (AlertState.RESOLVED, PeriodChange.TAKEN_BACK),
    ]
    assert {one.alert_id for one in found} == {first.alert_id}
    assert [one.sequence for one in found] == [1, 2, 3]
    assert found[1].resolved_at_ms is None
    assert found[1].observed == 20


def test_a_restated_day_that_holds_is_judged_again_in_words() -> None:
    days = shop(34, 33, 34)
    made = book()
    (first,) = published(made, days)
    later = msgspec.structs.replace(
        days[33][1], told_at_ms=days[33][1].told_at_ms + DAY_MS, value=str(int(days[33][1].value) + 3)
    )
    found = published(made, [[later]])
    assert changes(found) == [(AlertState.FIRING, PeriodChange.RESTATED)]
    assert found[0].alert_id == first.alert_id
    assert found[0].observed == first.observed + 3


def test_an_undone_import_takes_its_alert_back() -> None:
    days = shop(34, 33, 34)
    made = book()
    published(made, days)
    gone = [msgspec.structs.replace(r, told_at_ms=r.told_at_ms + DAY_MS, withdrawn=True) for r in days[33]]
    assert changes(published(made, [gone])) == [(AlertState.RESOLVED, PeriodChange.WITHDRAWN)]
    assert published(made, [gone]) == []


def test_a_fall_that_lasts_is_the_new_normal() -> None:
    transitions = published(book(), shop(70, 30, 70))
    ended = [one for one in transitions if one.state is AlertState.RESOLVED]
    assert changes(ended) == [(AlertState.RESOLVED, PeriodChange.NEW_NORMAL)]
    assert transitions[-1] is ended[0]


def test_a_day_that_the_calendar_holds_back_fires_once_the_day_is_over() -> None:
    entry = OwnEntry(
        "stocktaking",
        DayEffect.SUPPRESS,
        datetime.fromisoformat("2025-12-31"),
        datetime.fromisoformat("2026-01-01"),
    )
    transitions = published(book(DayRules({}, {}, (entry,))), shop(36, 30, 34))
    assert changes(transitions)[:2] == [
        (AlertState.PENDING, PeriodChange.HELD),
        (AlertState.FIRING, PeriodChange.NONE),
    ]
    assert transitions[0].fired_at_ms is None
    assert transitions[1].fired_at_ms == transitions[1].at_ms


# ---------------------------------------------------------------- nothing unlike meets

UNLIKE = {
    "another report's measure": {"measure": "units"},
    "another zone": {"zone": "Asia/Tokyo"},
    "another kind of period": {"period": Period.RANGE},
    "another end": {"period_end_ms": START_MS + 32 * DAY_MS},
    "another import": {"import_id": "other"},
    "another source": {"source": "shopee"},
    "a part of the store": {"dimensions": {"product": "B1"}},
    "not complete": {"complete": False},
    "reported before it was complete": {"told_at_ms": START_MS + 31 * DAY_MS + 3_600_000},
    "withdrawn": {"withdrawn": True},
    "less than nothing": {"value": "-3"},
}


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("name", UNLIKE)
def test_a_figure_that_is_unlike_leaves_its_day_out(name: str, which: int) -> None:
    days = shop(31, 30, 31)
    days[30][which] = msgspec.structs.replace(days[30][which], **UNLIKE[name])
    made = book()
    assert published(made, days) == []
    assert all(point.start_ms < START_MS + 30 * DAY_MS for point in made.points(KEY))


def test_a_missing_day_is_missing_and_not_zero() -> None:
    days = shop(40)
    without = [rows if day != 35 else rows[:1] for day, rows in enumerate(days)]
    assert published(book(), without) == []
    assert published(book(), days[:35] + days[36:]) == []


# ---------------------------------------------------------------- order and repetition


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_versions_in_any_order_and_any_number_give_the_same(random: object, kind: int) -> None:
    days = shop(36, 33, 36)
    rows = list(itertools.chain.from_iterable(days))
    extra = [
        [],
        [msgspec.structs.replace(r, told_at_ms=r.told_at_ms + DAY_MS, value="170") for r in days[33][1:]],
        [msgspec.structs.replace(r, told_at_ms=r.told_at_ms + DAY_MS, withdrawn=True) for r in days[34]],
        day_rows(34, 100, 1, import_id="older", told_at_ms=START_MS + 30 * DAY_MS),
    ][kind]
    rows += extra
    expected = published(book(), [rows])
    mixed = rows + rows[:: 1 + kind]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert published(book(), [mixed]) == expected
    in_pieces = book()
    published(in_pieces, [[one] for one in mixed])
    whole = book()
    published(whole, [rows])
    assert in_pieces.points(KEY) == whole.points(KEY)
    assert in_pieces.incidents(KEY) == whole.incidents(KEY)
    is_open = [
        made.series[KEY].memory is not None and made.series[KEY].memory.is_open for made in (in_pieces, whole)
    ]
    assert is_open[0] == is_open[1]


def test_after_a_restart_nothing_is_reported_twice_and_the_alert_goes_on() -> None:
    days = shop(45, 30, 36)
    made = book()
    before = published(made, days[:32])
    again = book()
    for series in made.series.values():
        for version in series.versions.values():
            again.take(version)
    memory = made.series[KEY].memory
    assert memory is not None
    again.remember(KEY, msgspec.json.decode(msgspec.json.encode(memory), type=type(memory)))
    assert again.judge().transitions == []
    after = published(again, days[32:])
    assert before + after == published(book(), days)


def test_what_nothing_is_learned_from_any_more_is_forgotten() -> None:
    made = book()
    published(made, shop(40))
    assert len(made.expire(START_MS + 131 * DAY_MS)) == 40
    assert made.expire(START_MS + 131 * DAY_MS) == []
    assert len(made.expire(START_MS + 1000 * DAY_MS)) == 40
    assert made.series == {}


def test_history_is_judged_whole() -> None:
    rows = [r for rows in shop(60, 30, 34) for r in rows]
    found = judge_history(rows, DetectionPolicy())
    assert found.series == [KEY]
    assert found.store_weeks == pytest.approx(46 / 7)
    (alert,) = found.alerts
    assert alert.opened_at_ms == START_MS + 30 * DAY_MS
    assert alert.state is AlertState.RESOLVED
    assert alert.level is Level.PAGE


def test_hours_are_judged_by_the_hour_of_the_week() -> None:
    rows = []
    for hour in range(24 * 30):
        start = START_MS + hour * 3_600_000
        place = {
            "period": Period.HOUR,
            "period_start_ms": start,
            "period_end_ms": start + 3_600_000,
            "told_at_ms": start + 4 * DAY_MS,
        }
        busy = 10 if 8 <= hour % 24 < 22 else 1
        fall = 0.1 if 24 * 29 + 9 <= hour < 24 * 29 + 13 else 1.0
        rows += [
            row(0, "sessions", 300 * busy, **place),
            row(0, "order_items", round(24 * busy * fall), **place),
        ]
    found = judge_history(rows, DetectionPolicy())
    assert [key.period for key in found.series] == ["hour"]
    assert [one.opened_at_ms for one in found.alerts] == [START_MS + (24 * 29 + 9) * 3_600_000]
