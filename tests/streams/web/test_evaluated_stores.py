"""The table of stores of the page Evaluation."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from html import unescape

from scoring.digest.values import PeriodScores, StoreHealth
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.score import Score, TargetResult
from scoring.evaluation.steps import Loss
from scoring.funnel.units import Z90
from streams.config.model import StoreConfig
from streams.evaluation.wording import EvaluationReader
from streams.web.evaluation.store_answers import stores_of
from streams.web.evaluation.store_table import store_lines
from tests.fixtures.page import RunningPage

STORES = tuple(StoreConfig(id=one, platform="shopify") for one in ("good", "poor", "unknown", "unscored", "alerting"))  # fmt: skip


def health(store: str, points: float | None, before: float | None = None) -> StoreHealth:
    now, then = (
        PeriodScores(date(2026, month, 1), date(2026, month, 28), score, 0.7, {"price": score} if score else {}, 1)
        for month, score in ((10, _score(points)), (9, _score(before)))
    )  # fmt: skip
    late = TargetResult(20, 33.1, False, True, 13.1, "Li", IndicatorKind.DURATION)
    loss = Loss(Decimal("35.7"), 9.0, 62.4, Decimal(1700), {}, None)
    return StoreHealth(
        store,
        "month",
        ComparatorKind.OWN,
        now,
        then,
        {"logistics.time_to_ship": late},
        "order_to_payment",
        loss,
        "EUR",
    )


def _score(points: float | None) -> Score | None:
    return None if points is None else Score(points, points - 5, points + 5, 5 / Z90)


def test_stores_with_alerts_come_first_then_the_lowest_health_and_those_never_evaluated_last() -> None:
    known = {one.store_id: one for one in (health("good", 70), health("poor", 30), health("unscored", None), health("alerting", 90))}  # fmt: skip
    lines = store_lines(STORES, known, {"alerting": 2}, EvaluationReader("en"))
    assert [one.store.id for one in lines] == ["alerting", "poor", "good", "unscored", "unknown"]
    assert [one.firing for one in lines] == [2, 0, 0, 0, 0]


def test_a_line_says_health_change_the_worst_step_and_the_missed_targets() -> None:
    (line,) = store_lines(STORES[:1], {"good": health("good", 30, 70)}, {}, EvaluationReader("en"))
    assert (line.health, line.against, line.coverage) == (
        "30 points (25–35)",
        "against its own past",
        "70% of the weights are measured",
    )
    assert line.change.startswith("40 points below the period before (33–47)")
    assert line.tone == "bad"
    assert (line.step, line.loss) == (
        "Orders → Payments",
        "about 35.7 fewer than usual (9–62.4), about €1,700",
    )
    assert line.targets == "1 of 1 targets missed: Time to ship by 13.1 h"


def test_by_api_a_store_has_what_its_line_of_the_table_has() -> None:
    known = {one.store_id: one for one in (health("good", 30, 70), health("unscored", None))}
    answers = {one.store_id: one for one in stores_of(STORES, known, {"alerting": 2})}
    assert list(answers) == [one.store.id for one in store_lines(STORES, known, {"alerting": 2}, EvaluationReader("en"))]  # fmt: skip
    good = answers["good"]
    assert (good.health and good.health.value, good.change and good.change.value) == (30, -40)
    assert (good.worst_step, good.lost, good.money, good.currency) == ("order_to_payment", "35.7", "1700", "EUR")  # fmt: skip
    assert [(one.of, one.gap, one.met) for one in good.targets] == [("logistics.time_to_ship", 13.1, False)]
    assert (answers["unscored"].health, answers["unscored"].coverage) == (None, 0.7)
    assert (answers["unknown"].first, answers["alerting"].firing) == (None, 2)


def test_every_store_has_a_row_and_the_one_with_an_alert_is_the_first(page: RunningPage) -> None:
    text = page.get("/evaluation?lang=en").text
    rows = re.findall(r'<tr data-key="([^"]+)">(.*?)</tr>', text, re.DOTALL)
    assert (rows[0][0], len(rows)) == ("us-own", 8)
    assert "/alerts?state=firing&store=us-own" in unescape(rows[0][1])
    past = page.get(f"/evaluation?lang=en&at={page.now_ms}")
    assert (past.status_code, "Alerts firing: 1" in past.text) == (200, True)


def test_the_api_lists_the_stores_in_the_order_of_the_page(page: RunningPage) -> None:
    rows = re.findall(r'<tr data-key="([^"]+)">', page.get("/evaluation?lang=en").text)
    assert [one["store_id"] for one in page.get("/api/v1/evaluations").json()["stores"]] == rows
