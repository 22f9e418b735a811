"""Dates as shops and spreadsheets of other countries write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from streams.sources.files.exports.dates import read_moment


@pytest.mark.parametrize(
    "text",
    ["Jan-05-26", "05-Jan-26", "5 Jan '26", "5 Jan 26", "Mon, 05 Jan 2026", "Mon Jan 05 2026", "Monday, January 5, 2026", "2026. 1. 5.",
     "2026년 1월 5일", "5 января 2026 г.", "5 ม.ค. 2569", "5 มกราคม 2569"],
)  # fmt: skip
def test_a_day_written_another_way_was_not_read(text: str) -> None:
    for is_day_first in (True, False):
        moment = read_moment(text, is_day_first)
        assert moment is not None
        assert (moment.local, moment.has_time) == (datetime(2026, 1, 5), False)  # noqa: DTZ001


@pytest.mark.parametrize(
    "text",
    ["2026/1/5 下午3:04", "2026/1/5 下午 3:04", "2026-01-05 午後3:04", "2026년 1월 5일 오후 3:04", "Jan-05-2026 15:04", "2026.01.05 15:04:00", "Mon, 05 Jan 2026 15:04:00"],
)  # fmt: skip
def test_half_of_the_day_in_another_script_was_not_read(text: str) -> None:
    moment = read_moment(text, True)
    assert moment is not None
    assert moment.local == datetime(2026, 1, 5, 15, 4)  # noqa: DTZ001


def test_a_clock_with_a_dot_was_not_read() -> None:
    assert read_moment("05/01/2026 15.04", True) == read_moment("05/01/2026 15:04", True)


def test_a_year_of_the_buddhist_era_was_taken_for_one_in_five_centuries() -> None:
    moment = read_moment("05/01/2569", True)
    assert moment is not None
    assert moment.local.year == 2026


@pytest.mark.parametrize(
    "text", ["AB-05-26", "Order 5 2026", "12-2026", "3 pcs 24", "Mon", "Lot 24-26", "5 boxes 2026"]
)
def test_what_is_not_a_date_is_not_read_as_one(text: str) -> None:
    assert read_moment(text, True) is None
