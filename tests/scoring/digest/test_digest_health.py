"""What a digest says of a store's last evaluation."""

from dataclasses import replace
from datetime import date

import pytest

from scoring.digest.values import PeriodScores, StoreHealth
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.score import Score
from scoring.funnel.units import Z90
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
