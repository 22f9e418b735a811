"""What a digest says of a store's last evaluation."""

from dataclasses import replace
from datetime import date

import pytest

from scoring.digest.values import PeriodScores, StoreHealth
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.score import Score, TargetResult
from scoring.funnel.units import Z90
from scoring.wording.text import Language
from tests.fixtures.digest_facts import facts, shop
from tests.fixtures.digest_facts import said as say


def health(points: float, **parts: float) -> PeriodScores:
    scored = {name: Score(value, value - 5, value + 5, 5 / Z90) for name, value in parts.items()}
    whole = Score(points, points - 4, points + 4, 4 / Z90)
    return PeriodScores(date(2026, 10, 1), date(2026, 10, 31), whole, 0.8, scored, 1)


@pytest.mark.parametrize(
    ("now", "then", "said"),
    [
        (health(52, logistics=52), health(50, logistics=50), "no more than noise apart from the period before"),
        (health(50, logistics=20, price=80), health(50, logistics=50, price=50), "no more than noise apart from the period before; the largest change: Logistics, −30 points"),
        (health(30, logistics=30), health(50, logistics=50), "20 points below the period before (13–27); the largest change: Logistics, −20 points"),
        (health(30, logistics=30), None, "no score of the period before to compare with"),
        (health(30, logistics=30), health(50, price=50), "no score of the period before to compare with"),
        (health(30, logistics=30), replace(health(50, logistics=50), weights_version=2), "no score of the period before to compare with"),
    ],
)  # fmt: skip
def test_a_change_of_health_is_said_where_it_is_more_than_noise(
    now: PeriodScores, then: PeriodScores | None, said: str
) -> None:
    one = StoreHealth("a", "month", ComparatorKind.OWN, now, then)
    (item,) = say(replace(facts(shop("a")), health=(one,)), "en").health
    assert item.lines == (said,)


def target(
    value: float, asked: float, kind: IndicatorKind, *, is_met: bool, is_sure: bool = True
) -> TargetResult:
    return TargetResult(asked, value, is_met, is_sure, value - asked, "Li", kind)


SHIP = target(41.2, 20, IndicatorKind.DURATION, is_met=False)
ANSWER = target(0.502, 0.8, IndicatorKind.RATE, is_met=False)
PAID = target(0.89, 0.9, IndicatorKind.RATE, is_met=False, is_sure=False)
KEPT = target(0.03, 0.05, IndicatorKind.RATE, is_met=True)


@pytest.mark.parametrize(
    ("targets", "language", "said"),
    [
        ({}, "en", ()),
        ({"returns.refunds": KEPT}, "en", ("all targets met (1)",)),
        (
            {"step:order_to_payment": PAID, "logistics.time_to_ship": SHIP, "returns.refunds": KEPT},
            "en",
            ("2 of 3 targets missed: Time to ship by 21.2 h, Orders → Payments by 1 pp (too few cases to be sure)",),
        ),
        ({"service.answered_in_time": ANSWER}, "zh", ("目标 1 项，未达标 1 项：按时首次回复差 29.8 个百分点",)),
        (
            dict.fromkeys(("a", "b", "c", "d", "e"), ANSWER),
            "en",
            ("5 of 5 targets missed: a by 29.8 pp, b by 29.8 pp, c by 29.8 pp, 2 more",),
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_scored", [True, False])
def test_a_line_of_health_says_which_targets_were_missed_and_by_how_much(
    targets: dict[str, TargetResult], language: Language, said: tuple[str, ...], is_scored: bool
) -> None:
    now = health(50, logistics=50) if is_scored else replace(health(50), health=None)
    one = StoreHealth("a", "month", ComparatorKind.OWN, now, None, targets)
    (item,) = say(replace(facts(shop("a")), health=(one,)), language).health
    assert item.lines[int(is_scored) :] == said


@pytest.mark.parametrize(
    ("stores", "language", "said"),
    [
        (1, "zh", ["A0：测到的只占权重 0%，不给健康分（10月1日至10月31日）"]),
        (3, "zh", ["3 家店测到的指标太少，没有健康分：A0、A1、A2"]),
        (3, "en", ["No score for 3 stores, too little is measured: A0, A1, A2"]),
        (9, "en", ["No score for 9 stores, too little is measured: A0, A1, A2, A3, A4, A5, A6, A7, …"]),
    ],
)
def test_stores_without_a_score_had_a_paragraph_each(
    stores: int, language: Language, said: list[str]
) -> None:
    none = replace(health(0), health=None, coverage=0.0)
    names = [f"a{number}" for number in range(stores)]
    unscored = tuple(StoreHealth(name, "month", ComparatorKind.OWN, none, None) for name in names)
    scored = StoreHealth("b", "month", ComparatorKind.OWN, health(52), None)
    one = facts(*map(shop, [*names, "b"]))
    first, *rest = say(replace(one, health=(*unscored, scored)), language).health
    assert "52" in first.title
    assert [item.title for item in rest] == said
