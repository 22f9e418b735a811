"""Published figures: what is compared with them, and which rows are rejected in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.evaluation.benchmarks import DENOMINATORS, benchmark_comparators, benchmark_row
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.evaluating import evaluate_store
from scoring.evaluation.spans import SpanLength
from scoring.evaluation.suppliers import StorePromises
from streams.evaluation.benchmark_file import BadBenchmarkError, read_benchmarks, with_benchmarks
from streams.evaluation.checking import ReportFile, check_files
from streams.evaluation.folder import read_folder
from streams.evaluation.page import folder_page
from streams.evaluation.way_back import way_of_files
from streams.sources.files.exports.dry_run import ImportChoices
from tests.fixtures.exports import written

HEAD = "of,value,percentile,denominator,sample,publisher,licence,market,device,period\n"
GOOD = HEAD + (
    "logistics.time_to_ship,10,25%,paid orders,800,Some Institute,CC BY 4.0,DE,all,2026-Q1\n"
    "logistics.time_to_ship,30,0.75,已付款订单,800,Some Institute,CC BY 4.0,DE,,2026-Q1\n"
)
ROW = {"of": "price.cart_to_order", "value": "31%", "percentile": "0.5", "denominator": "sessions with an add to cart", "sample": "500",
       "publisher": "Some Institute", "licence": "CC BY 4.0"}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"denominator": ""}, "denominator is missing; without it a figure means nothing"),
        ({"denominator": "sessions"}, "is counted over sessions with an add to cart"),
        ({"of": "price.cheap"}, "unknown indicator 'price.cheap'"),
        ({"of": "logistics.shipped_in_time"}, "no published figure is counted like it"),
        ({"licence": ""}, "licence is missing"),
        ({"percentile": "100%"}, "percentile must lie between 0 and 1"),
        ({"value": "high"}, "value: expected a number, not 'high'"),
        ({"value": "31"}, "expected a value between 0 and 1"),
        ({"sample": "1"}, "a number of stores from 2 on"),
        ({"device": "mobile"}, "a figure of one device (mobile)"),
    ],
)
def test_a_row_that_cannot_be_compared_is_rejected_in_words(changed: dict[str, str], said: str) -> None:
    assert benchmark_row(ROW, 2).figure.value == pytest.approx(0.31)
    with pytest.raises(EvaluationError) as raised:
        benchmark_row({**ROW, **changed}, 2)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({}, "one percentile does not say how far stores lie apart"),
        ({"percentile": "0.9", "value": "40%", "publisher": "Others"}, "never mixed"),
        ({"percentile": "0.9", "value": "20%"}, "a higher percentile must have a higher value"),
    ],
)
def test_rows_that_make_no_yardstick_are_rejected_in_words(second: dict[str, str], said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        benchmark_comparators([benchmark_row(ROW, 2), benchmark_row({**ROW, **second}, 3)], "table.csv")


def test_every_denominator_is_of_an_indicator_and_has_a_name_in_both_languages() -> None:
    assert set(DENOMINATORS) <= set(INDICATOR_BY_ID)
    assert [of for of, text in DENOMINATORS.items() if not text.zh or not text.en] == []


def test_a_store_is_scored_against_a_table_its_page_names_the_source_and_a_check_finds_every_number(
    tmp_path: Path,
) -> None:
    (tmp_path / "exports").mkdir()
    exports = written(tmp_path / "exports")
    table = tmp_path / "table.csv"
    table.write_text(GOOD, "utf-8")
    choices = ImportChoices(zone="Asia/Shanghai", currency="USD", store="shop")
    rows = read_benchmarks(table)
    read = with_benchmarks(read_folder([exports], choices, SpanLength.MONTH, 1_798_000_000_000), rows)
    shipped = evaluate_store(read.figures).indicator("logistics.time_to_ship")
    comparator = shipped.comparators[ComparatorKind.BENCHMARK]
    assert comparator.members == ("Some Institute, DE, 2026-Q1, n = 800, CC BY 4.0",)
    assert shipped.figure is not None
    score = shipped.scores[ComparatorKind.BENCHMARK]
    assert score.value == pytest.approx(
        max(0, min(100, 50 - 15 * (shipped.figure.g - comparator.mu) / comparator.sigma))
    )
    way = way_of_files(read, ("shop", "Asia/Shanghai", "USD"), StorePromises(), "en", rows)
    page = folder_page(read, way)
    checked = check_files([exports], ReportFile(page), 1_798_000_000_000)
    assert (checked.is_right, checked.equal > 20) == (True, True)


def test_a_table_names_every_line_that_cannot_be_taken(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(GOOD.replace("paid orders", "").replace("0.75", "75"), "utf-8")
    with pytest.raises(BadBenchmarkError, match=r"line 2: .*denominator is missing") as raised:
        with_benchmarks(object(), read_benchmarks(table))  # type: ignore[arg-type]
    assert "line 3: logistics.time_to_ship: percentile" in str(raised.value)
    table.write_text("of,value\n", "utf-8")
    with pytest.raises(
        BadBenchmarkError, match="missing: percentile, denominator, sample, publisher, licence"
    ):
        read_benchmarks(table)
    with pytest.raises(BadBenchmarkError, match="cannot be read"):
        read_benchmarks(tmp_path / "none.csv")
