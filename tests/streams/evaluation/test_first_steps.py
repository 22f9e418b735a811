"""What to do first: each line with what, who and how it will be seen; what advice speaks of is not said twice."""

from __future__ import annotations

from scoring.evaluation.duties import Duty
from scoring.evaluation.figure import IndicatorKind, SourceRows
from scoring.evaluation.said_numbers import say_number, say_target
from scoring.evaluation.score import Score, TargetResult
from scoring.evaluation.spans import SpanLength, last_spans
from scoring.evaluation.weak_spots import WeakSpot
from scoring.wording.text import Text
from streams.evaluation.advice_lines import AdviceLine
from streams.evaluation.first_steps import MOST, first_steps
from streams.evaluation.said_values import said_gap
from streams.evaluation.wording import EvaluationReader

SPAN = last_spans(1_796_115_600_000, "Europe/Berlin", SpanLength.WEEK, 1)[0]
EN, ZH = EvaluationReader("en"), EvaluationReader("zh")
ROWS = (SourceRows("orders", "1", 1),)


def weak(of: str) -> WeakSpot:
    return WeakSpot(of, Score(7.0, 0.0, 24.0, 9.0), Duty.SUPPORT, (Text("看排班", "Look at shifts."),), ROWS)


def advised(of: str) -> AdviceLine:
    return AdviceLine(
        "k", 1, "text", "check on Monday", "no record", "open", of, "why", "does", "Logistics", "a few days"
    )


def test_each_line_says_what_who_and_how_it_will_be_known() -> None:
    found = first_steps([advised("logistics.time_to_ship")], [weak("service.time_to_answer")], SPAN, EN)
    one, two = found.steps
    assert (one.why, one.does, one.who, one.effort, one.known_by) == (
        "why",
        ("does",),
        "Logistics",
        "a few days",
        "check on Monday",
    )
    assert two.why == "Time to the first answer: 7 points (0–24)"
    assert (two.does, two.who) == (("Look at shifts.",), "Customer support")
    assert two.known_by == "Time to the first answer above 35 points in the next period, after 7 Dec 2026"
    (of_zh,) = first_steps([], [weak("service.time_to_answer")], SPAN, ZH).steps
    assert of_zh.known_by == "2026年12月7日 之后看下一期：首次回复用时回到 35 分以上"


def test_a_low_number_that_advice_speaks_of_is_one_line_with_its_score() -> None:
    (one,) = first_steps([advised("service.unanswered")], [weak("service.unanswered")], SPAN, EN).steps
    assert (one.why, one.does) == ("Unanswered: 7 points (0–24)", ("does",))


def test_more_than_a_week_s_work_is_named_and_not_listed() -> None:
    names = ["service.unanswered", "service.satisfaction"]
    spots = [weak(name) for name in names] * 5
    found = first_steps([], spots, SPAN, EN)
    assert (len(found.steps), len(found.others)) == (MOST, len(spots) - MOST)


def test_gaps_are_written_by_their_kind() -> None:
    assert said_gap(0.55, 0.5, IndicatorKind.RATE, EN) == "+5 pp"
    assert said_gap(0.45, 0.5, IndicatorKind.RATE, ZH) == "−5 个百分点"
    assert said_gap(90, 100, None, EN) == "−10%"
    assert said_gap(4.1, 4.3, IndicatorKind.RATING, EN) == "−0.2"
    assert said_gap(1, 0, None, EN) == "–"


def test_an_index_of_prices_is_not_rounded_to_a_tenth() -> None:
    assert say_number(0.947, IndicatorKind.INDEX, None, EN) == "0.95"


def test_a_missed_share_is_short_by_points_and_not_by_percent() -> None:
    missed = TargetResult(
        0.8, 0.502, is_met=False, is_sure=True, gap=-0.298, set_by="", kind=IndicatorKind.RATE
    )
    assert say_target("service.answered_in_time", missed, EN) == "missed: 50.2%, target 80%, 29.8 pp short"
    assert say_target("service.answered_in_time", missed, ZH) == "未达标：50.2%，目标 80%，差 29.8 个百分点"
