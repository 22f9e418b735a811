"""Report rows and signals: what identifies one, which version holds, what cannot be kept."""

import itertools
from typing import Any

import msgspec
import pytest

from scoring.records.measures import MEASURES, UNIT_NAMES, Unit, UnknownMeasureError, measure_of
from scoring.records.merging import holding
from scoring.records.report_row import (
    BadRecordError,
    Period,
    ReportRow,
    check_report_row,
    is_restated,
    newest,
)
from scoring.records.signal import SIGNAL_NAMES, Signal, SignalKind, check_signal
from scoring.wording.text import LANGUAGES

DAY = 86_400_000
START = 1_764_547_200_000


def row(value: str, told_at: int, **more: Any) -> ReportRow:
    known: dict[str, Any] = {
        "store_id": "s1",
        "source": "shopee",
        "measure": "visitors",
        "period": Period.DAY,
        "period_start_ms": START,
        "period_end_ms": START + DAY,
        "zone": "Asia/Ho_Chi_Minh",
        "import_id": "i1",
    }
    return ReportRow(**{**known, **more}, value=value, told_at_ms=START + told_at)


def held(rows: Any) -> str:
    found = newest(rows)
    return next(iter(found.values())).value if found else ""


def test_the_newest_version_holds_in_whatever_order_they_come() -> None:
    rows = [row("100", 1), row("120", 3, import_id="i2"), row("110", 2, connection="main", import_id="")]
    for order in itertools.permutations([*rows, rows[0]]):
        assert held(order) == "120"
        assert is_restated(order)


def test_undoing_the_newest_import_brings_the_figure_before_it_back() -> None:
    rows = [row("100", 1), row("120", 3, import_id="i2"), row("120", 4, import_id="i2", withdrawn=True)]
    for order in itertools.permutations(rows):
        assert held(order) == "100"
        assert not is_restated(order)
    assert held([*rows, row("120", 5, import_id="i2")]) == "120"
    assert held([row("1", 1), row("1", 2, withdrawn=True)]) == ""


def test_the_same_figure_written_in_another_way_is_not_restated() -> None:
    assert not is_restated([row("100", 1), row("100.00", 2)])


def test_figures_of_other_periods_zones_and_parts_are_other_figures() -> None:
    rows = [
        row("1", 1),
        row("2", 2, zone="UTC"),
        row("3", 3, period=Period.HOUR),
        row("4", 4, dimensions={"product": "A", "ad": "1"}),
        row("5", 5, dimensions={"ad": "1", "product": "A"}),
        row("6", 6, source="ga4"),
    ]
    assert sorted(one.value for one in newest(rows).values()) == ["1", "2", "3", "5", "6"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"value": "1.204,5"}, "value"),
        ({"value": "1e3"}, "value"),
        ({"period_end_ms": START}, "period_end_ms"),
        ({"zone": "Vietnam time"}, "zone"),
        ({"currency": "RMB"}, "currency"),
        ({"measure": "revenue"}, "needs its `currency`"),
        ({"measure": "luck"}, "unknown measure"),
        ({"store_id": ""}, "store_id"),
        ({"dimensions": {"": "x"}}, "dimensions"),
    ],
)
def test_a_row_that_cannot_be_kept_says_why(changes: dict[str, Any], text: str) -> None:
    with pytest.raises((BadRecordError, UnknownMeasureError), match=text):
        check_report_row(msgspec.structs.replace(row("1", 1), **changes))


def test_a_row_survives_being_written_and_read() -> None:
    one = row("12.50", 7, dimensions={"ad": "1"}, complete=False)
    assert msgspec.json.decode(msgspec.json.encode(one), type=ReportRow) == one
    check_report_row(one)


def test_people_and_shares_are_never_added_and_every_measure_has_words() -> None:
    unadded = {measure.unit for measure in MEASURES if measure.is_unique}
    assert {measure.name for measure in MEASURES if measure.unit in (Unit.VISITORS, Unit.SHARE)} <= {
        measure.name for measure in MEASURES if measure.is_unique
    }
    assert not unadded & {Unit.EVENTS, Unit.MONEY, Unit.SESSIONS}
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    assert (set(UNIT_NAMES), set(SIGNAL_NAMES)) == (set(Unit), set(SignalKind))
    texts = [*(measure.words for measure in MEASURES), *UNIT_NAMES.values(), *SIGNAL_NAMES.values()]
    assert all(text(language) for text in texts for language in LANGUAGES)
    assert measure_of("sessions").unit is Unit.SESSIONS


def test_a_signal_reported_again_with_its_end_is_the_same_signal() -> None:
    began = Signal(
        store_id="s1",
        kind=SignalKind.STOCK_OUT,
        object="SKU-1",
        since_ms=START,
        source="shopify",
        told_at_ms=START + 1,
    )
    ended = msgspec.structs.replace(began, until_ms=START + DAY, told_at_ms=START + 2)
    for order in itertools.permutations((began, ended, began)):
        assert holding(order) == ended
    check_signal(ended)
    with pytest.raises(BadRecordError, match="until_ms"):
        check_signal(msgspec.structs.replace(began, until_ms=1))
