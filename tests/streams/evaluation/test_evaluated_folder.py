"""A folder of made-up exports, from files to figures and scores: what is slow shows, and every number names its file."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from scoring.evaluation.comparator import OWN_PERIODS, ComparatorKind
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.evaluating import evaluate_store
from scoring.evaluation.score import Unscored
from scoring.evaluation.sentences import say_score
from scoring.evaluation.spans import SpanLength, span_name
from scoring.evaluation.suppliers import StorePromises
from scoring.funnel.stages import Stage
from scoring.wording.text import LANGUAGES, Language, in_language
from streams.evaluation.folder import FROM_FILES, NothingToEvaluateError, ReadFile, ReadFolder, read_folder
from streams.evaluation.page import folder_page
from streams.evaluation.way_back import way_of_files
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS
from streams.sources.files.exports.dry_run import ImportChoices
from tests.fixtures.exports import written, written_year

ZONE = "Asia/Shanghai"
READ_AT = 1_798_000_000_000
CHOICES = ImportChoices(zone=ZONE, currency="USD", store="shop")


def page_of(read: ReadFolder, language: Language) -> str:
    return folder_page(read, way_of_files(read, ("store", "Asia/Shanghai", ""), StorePromises(), language))


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> ReadFolder:
    return read_folder([written(tmp_path_factory.mktemp("exports"))], CHOICES, SpanLength.MONTH, READ_AT)


def test_the_last_complete_month_is_evaluated_against_those_before_it(read: ReadFolder) -> None:
    assert span_name(read.figures.span) == "2026-07-01/2026-07-31"
    assert set(read.figures.own["logistics.time_to_ship"]) >= {
        "2026-06-01/2026-06-30",
        "2025-07-01/2025-07-31",
    }
    assert [(one.name, one.trouble) for one in read.files] == [("ga4.csv", ""), ("orders_export.csv", "")]


def test_slow_shipping_shows_and_leads_back_to_the_file_and_its_rows(read: ReadFolder) -> None:
    slow = evaluate_store(read.figures).indicator("logistics.time_to_ship")
    assert slow.scores[ComparatorKind.OWN].high < 35
    assert slow.figure is not None
    assert {row.relation for row in slow.figure.rows} == {"orders_export.csv"}
    assert slow.figure.rows[0].count == pytest.approx(620, abs=10)


def test_what_the_files_do_not_say_is_named_with_what_would_say_it(read: ReadFolder) -> None:
    answers = evaluate_store(read.figures).indicator("service.answered_in_time")
    assert answers.figure is None
    assert answers.lacks[ComparatorKind.OWN].reason is Unscored.NO_SOURCE
    assert "客服会话导出" in answers.indicator.closed_by.zh


def test_a_folder_in_which_nothing_can_be_used_says_why_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("remember the milk\n", "utf-8")
    with pytest.raises(NothingToEvaluateError, match=r"notes\.txt: "):
        read_folder([tmp_path], CHOICES, SpanLength.MONTH, READ_AT)


def test_a_file_whose_zone_nobody_gave_is_not_used_and_says_so(tmp_path: Path) -> None:
    written(tmp_path, days_long=60)
    with pytest.raises(NothingToEvaluateError, match=r"orders_export\.csv: .*zone"):
        read_folder([tmp_path / "orders_export.csv"], ImportChoices(store="shop"), SpanLength.MONTH, READ_AT)


def test_files_of_two_shops_and_files_left_out_are_said_before_any_score(tmp_path: Path) -> None:
    for shop, slow in (("a", 1.0), ("b", 9.0)):
        (tmp_path / shop).mkdir()
        written(tmp_path / shop, days_long=40, slow=slow)
    second = tmp_path / "b" / "orders_export.csv"
    second.write_text(second.read_text("utf-8").replace("40.00", "41.00").replace("-06-0", "-06-1"), "utf-8")
    (tmp_path / "ads.csv").write_text(
        "Reporting starts,Reporting ends,Campaign name,Amount spent,Impressions,Link clicks\n"
        "2025-06-01,2025-06-01,Spring,12.00,900,30\n",
        "utf-8",
    )
    choices = ImportChoices(zone=ZONE, store="shop")
    read = read_folder([tmp_path], choices, SpanLength.WEEK, READ_AT)
    english, chinese = ([in_language(one, language) for one in read.notices] for language in ("en", "zh"))
    assert "ads.csv" in english[0]
    assert "--currency" in english[0]
    assert "files of two shops" in english[1]
    assert "两家店的文件" in chinese[1]
    page = page_of(read, "zh")
    assert page.index(chinese[1]) < page.index(WORDS["health"].zh)


def test_what_has_no_orders_and_no_steps_is_said_in_words_and_not_as_nothing_of_nothing(
    tmp_path: Path,
) -> None:
    header = "Reporting starts,Reporting ends,Campaign name,Amount spent (USD),Impressions,Link clicks\n"
    days = [f"2025-{month:02}-{day:02}" for month in range(3, 9) for day in range(1, 29)]
    (tmp_path / "ads.csv").write_text(
        header + "".join(f"{day},{day},Spring,12.00,900,30\n" for day in days), "utf-8"
    )
    (tmp_path / "old.zip").write_bytes(b"not a zip")
    read = read_folder([tmp_path], ImportChoices(zone=ZONE, store="shop"), SpanLength.WEEK, READ_AT)
    page = page_of(read, "en")
    assert "No order of the period is known" in page
    assert "No step can be measured" in page
    assert ["old.zip" in one for one in read.notices] == [True]


def ads_of_weeks(path: Path, shown: Callable[[int], int], clicked: Callable[[int], int]) -> None:
    """Twenty weeks of an ads report by campaign; the last is judged."""
    first = date(2026, 3, 2)
    lines = ["Reporting starts,Reporting ends,Campaign name,Amount spent (USD),Impressions,Link clicks"]
    for at in range(7 * 20):
        day, week = first + timedelta(days=at), at // 7
        lines += [
            f"{day},{day},{campaign},12.00,{shown(week) // 2},{clicked(week) // 2}"
            for campaign in ("spring", "brand")
        ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def test_shown_and_not_clicked_found_nothing_though_the_ads_report_has_both(tmp_path: Path) -> None:
    usual = 40_000, 800
    ads_of_weeks(
        tmp_path / "ads.csv",
        lambda week: 120_000 if week == 19 else usual[0] + 2_000 * (week % 3),
        lambda week: 900 if week == 19 else usual[1] + 40 * (week % 3),
    )
    read = read_folder([tmp_path], CHOICES, SpanLength.WEEK, READ_AT)
    shown, comparator = read.volumes[Stage.IMPRESSION]
    assert (shown.value, len(comparator.members)) == (120_000, OWN_PERIODS)
    assert [row.counted_by for row in shown.rows] == ["meta: impressions by campaign"]
    page = page_of(read, "zh")
    assert "看到了：曝光明显多了，点击率明显低了" in page
    assert "曝光的量（Meta 报表）明显偏高" in page


def test_a_report_of_few_days_or_of_another_source_is_never_taken_for_the_usual(tmp_path: Path) -> None:
    ads_of_weeks(tmp_path / "ads.csv", lambda week: 40_000 + 2_000 * (week % 3), lambda week: 800)
    days = [date(2026, 7, 13) + timedelta(days=at) for at in range(7)]
    (tmp_path / "ga4.csv").write_text(
        "Date,Sessions,Engaged sessions\n" + "".join(f"{day},9000,5000\n" for day in days), "utf-8"
    )
    lines = (tmp_path / "ads.csv").read_text("utf-8").splitlines(keepends=True)
    sparse = [line for line in lines if not line.startswith(("2026-06-09", "2026-06-10"))]
    (tmp_path / "ads.csv").write_text("".join(sparse), "utf-8")
    read = read_folder([tmp_path], CHOICES, SpanLength.WEEK, READ_AT)
    clicked, comparator = read.volumes[Stage.CLICK]
    assert clicked.rows[0].counted_by == "meta: link_clicks by campaign"
    assert "2026-06-08/2026-06-14" not in comparator.members
    assert len(comparator.members) == OWN_PERIODS - 1


def test_files_too_short_for_the_period_say_to_take_a_shorter_one(tmp_path: Path) -> None:
    written(tmp_path, days_long=30)
    with pytest.raises(NothingToEvaluateError, match="take a shorter period"):
        read_folder([tmp_path], CHOICES, SpanLength.QUARTER, READ_AT)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_says_the_same_each_time_and_fetches_nothing(
    read: ReadFolder, language: Language
) -> None:
    page = page_of(read, language)
    assert page == page_of(read, language)
    assert WORDS["title"](language) in page
    assert "orders_export.csv" in page
    assert "<script" not in page
    assert "http" not in page
    parser = HTMLParser(convert_charrefs=True)
    parser.feed(page)
    assert not re.search(r"\{\w*\}|\bNone\b", page.partition("</style>")[2])


def test_the_name_of_a_file_cannot_write_into_the_page(read: ReadFolder) -> None:
    evil = dataclasses.replace(
        read, files=(ReadFile("<img src=x onerror=alert(1)>.csv", "", 1, "<b>no</b>"),)
    )
    page = page_of(evil, "en")
    assert "<img" not in page
    assert "<b>" not in page


def test_what_is_clearly_low_is_named_first_with_whose_it_is(read: ReadFolder) -> None:
    page = page_of(read, "zh")
    assert re.search(r"<strong>发货用时：\d+ 分（\d+–\d+）</strong></td><td><p>.+\s*<td>物流</td>", page)


def test_an_export_is_asked_for_where_it_would_be_read_and_not_where_it_would_not(read: ReadFolder) -> None:
    gaps = page_of(read, "zh").partition(WORDS["gaps"].zh)[2].partition(WORDS["files"].zh)[0]
    assert "补上评价导出" in gaps
    assert "接入会报告拒付的平台" not in gaps
    assert "纠纷与拒付" in gaps
    assert "点击率: 未测" in gaps


def test_every_indicator_that_files_give_is_one_of_the_registry() -> None:
    assert set(INDICATOR_BY_ID) >= FROM_FILES


def test_a_rate_that_may_pass_one_was_shown_as_nothing(read: ReadFolder) -> None:
    """Two orders per hundred sessions, rounded to one decimal."""
    page = page_of(read, "en")
    assert re.search(r"<td>2(\.\d)? per 100</td>", page)
    assert re.search(r"<td>\d+(\.\d)? h</td>", page)


def test_the_page_shows_the_score_that_was_worked_out(read: ReadFolder) -> None:
    score = evaluate_store(read.figures).indicator("logistics.time_to_ship").scores[ComparatorKind.OWN]
    assert say_score(score, EvaluationReader("zh")) in page_of(read, "zh")


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> ReadFolder:
    folder = written_year(tmp_path_factory.mktemp("year"), a_day=27)
    return read_folder([folder], CHOICES, SpanLength.MONTH, READ_AT, StorePromises(2, 1))


def test_a_year_of_all_a_shop_can_export_has_a_health(year: ReadFolder) -> None:
    """No real data reached one: what visits, conversations, reviews, refunds and prices say was not read from files."""
    assert all(not one.trouble for one in year.files), year.files
    evaluation = evaluate_store(year.figures)
    assert span_name(evaluation.span) == "2026-07-01/2026-07-31"
    health = evaluation.health[ComparatorKind.OWN]
    assert health.coverage >= 0.6
    assert health.score is not None
    slow = evaluation.indicator("service.time_to_answer").scores[ComparatorKind.OWN]
    assert slow.high < 35


def test_what_no_file_says_stays_missing_with_what_would_say_it(year: ReadFolder) -> None:
    evaluation = evaluate_store(year.figures)
    missing = {one.indicator.id for one in evaluation.indicators if one.figure is None}
    assert {"page_experience.checkout_errors", "price.featured_offer", "returns.disputes"} <= missing
    page = page_of(year, "en")
    assert "Checkout errors: not measured" in page
    assert "search, coupon and checkout" in page


def test_taking_one_export_away_moves_only_what_it_supplied(tmp_path: Path) -> None:
    folder = written_year(tmp_path, a_day=3)
    whole = read_folder([folder], CHOICES, SpanLength.MONTH, READ_AT, StorePromises(2, 1)).figures
    (folder / "reviews.csv").unlink()
    less = read_folder([folder], CHOICES, SpanLength.MONTH, READ_AT, StorePromises(2, 1)).figures
    assert set(whole.figures) - set(less.figures) == {"returns.negative_reviews", "returns.rating"}
    assert {name: one.inputs for name, one in less.figures.items()} == {
        name: whole.figures[name].inputs for name in less.figures
    }


def test_a_file_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    folder = written_year(tmp_path, months=1, a_day=12)
    once = read_folder([folder], CHOICES, SpanLength.WEEK, READ_AT).figures
    (folder / "again.csv").write_bytes((folder / "reviews.csv").read_bytes())
    twice = read_folder([folder], CHOICES, SpanLength.WEEK, READ_AT).figures
    assert once.figures["returns.rating"].inputs == twice.figures["returns.rating"].inputs
