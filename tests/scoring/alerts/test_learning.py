"""What people's reasons for closing alerts teach."""

from scoring.alerts.actions import CloseReason
from scoring.alerts.learning import (
    CalendarProposal,
    ClosedAlert,
    ThresholdRow,
    advice,
    calendar_proposals,
    threshold_report,
)

R = CloseReason


def closed(
    reason: CloseReason, surprise: float = 7.0, began: str = "2026-11-11T10:00", text: str = ""
) -> ClosedAlert:
    return ClosedAlert("us", "page", surprise, reason, began, began, text)


MIXED = [
    closed(R.FALSE_ALARM, 6.1),
    closed(R.FALSE_ALARM, 6.8),
    closed(R.REAL, 7.2),
    closed(R.TRACKING, 12.0),
]


def test_a_threshold_is_suggested_with_what_it_spares_and_what_it_misses() -> None:
    assert threshold_report(MIXED, [6.0, 6.5, 8.0]) == [
        ThresholdRow(6.0, 0, 0),
        ThresholdRow(6.5, 1, 0),
        ThresholdRow(8.0, 2, 1),
    ]


def test_the_advice_never_misses_what_was_real_and_moves_no_further_than_it_must() -> None:
    assert advice(MIXED, [6.0, 6.5, 7.0, 7.1, 8.0]) == ThresholdRow(7.0, 2, 0)
    assert advice([closed(R.REAL)], [6.0, 9.0]) is None


def test_what_was_expected_becomes_one_entry_a_store_and_day() -> None:
    twice = [
        closed(R.EXPECTED, began="2026-11-11T09:00", text="双11"),
        closed(R.EXPECTED, began="2026-11-11T20:00"),
    ]
    assert calendar_proposals([*twice, *MIXED]) == [
        CalendarProposal("双11", "2026-11-11", "2026-11-11", "us")
    ]


def test_days_are_proposed_by_store_and_day_with_the_last_end_and_the_first_name() -> None:
    def expected(store: str, began: str, ended: str, text: str = "") -> ClosedAlert:
        return ClosedAlert(store, "page", 7.0, R.EXPECTED, began, ended, text)

    found = calendar_proposals(
        [
            expected("us", "2026-11-12T01:00", "2026-11-12T02:00"),
            expected("us", "2026-11-11T20:00", "2026-11-11T23:00", "late"),
            expected("us", "2026-11-11T09:00", "2026-11-13T10:00", "sale"),
            expected("de", "2026-11-11T09:00", "2026-11-11T10:00"),
            closed(R.FALSE_ALARM, began="2026-11-10T00:00"),
            closed(R.REAL, began="2026-11-11T10:30"),
        ]
    )
    assert found == [
        CalendarProposal("late", "2026-11-11", "2026-11-13", "us"),
        CalendarProposal("expected 2026-11-11", "2026-11-11", "2026-11-11", "de"),
        CalendarProposal("expected 2026-11-12", "2026-11-12", "2026-11-12", "us"),
    ]


def test_of_thresholds_that_spare_as_many_the_lowest_is_advised() -> None:
    assert advice([closed(R.FALSE_ALARM, 6.0)], [9.0, 7.0, 8.0]) == ThresholdRow(7.0, 1, 0)
    assert threshold_report([closed(R.FALSE_ALARM, 6.0), closed(R.REAL, 6.0)], [6.0]) == [
        ThresholdRow(6.0, 0, 0)
    ]
    assert advice([closed(R.FALSE_ALARM, 6.0)], [6.0]) is None
