"""Orders that no page led to: they move no step that begins with what a page reports, and are in those from the order on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from scoring.baselines import StoreHistory, fit_baselines
from scoring.detection import DetectionPolicy, Detector
from scoring.funnel.scores import ScoreRow
from scoring.funnel.segment_names import AGENTS, NO_PAGE
from scoring.funnel.stages import STAGE_INDEX, Stage, supplied_stages

START = 29_459_520  # Monday 2026-01-05 00:00 UTC
TRAIN, END = 12 * 60, 12 * 60 + 40
#: until then what is due of the time before the detector ran is not known
RUN_IN = 20
CLICK, ORDER, PAYMENT = (STAGE_INDEX[stage] for stage in ("click", "order", "payment"))
WITHOUT = (NO_PAGE, AGENTS)


def counts_by_segment() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    found = {name: np.zeros((7, END), dtype=np.int64) for name in ("ios", *WITHOUT)}
    found["ios"][CLICK] = rng.poisson(30.0, END)
    found["ios"][ORDER, 1:] = rng.binomial(found["ios"][CLICK], 0.1)[:-1]
    for name in WITHOUT:  # as many as come by the page, and from the last minutes on many more
        found[name][ORDER] = rng.poisson(np.where(np.arange(END) < END - 20, 3.0, 30.0))
    for counts in found.values():
        counts[PAYMENT, 1:] = rng.binomial(counts[ORDER], 0.8)[:-1]
    return found


COUNTS = counts_by_segment()


def judged(
    segments: tuple[str, ...], amended: tuple[str, ...] = ()
) -> Mapping[tuple[int, str, str], ScoreRow]:
    """The score rows of the last minutes; what is ``amended`` comes after its minutes were closed."""
    known = (*segments, *amended)
    past = np.stack([COUNTS[name][:, :TRAIN] for name in known])
    (baseline,) = fit_baselines([StoreHistory("shop", "UTC", START, known, past)], 1)
    detector = Detector(DetectionPolicy())
    detector.set_baseline(baseline)
    rows: dict[tuple[int, str, str], ScoreRow] = {}
    for minute in range(TRAIN, END):
        of = {name: COUNTS[name][:, minute].tolist() for name in known}
        for row in detector.advance(START + minute, {"shop": {name: of[name] for name in segments}}).scores:
            rows[minute, row.step, row.segment] = row
        for row in detector.amend(START + minute, {"shop": of}) if amended else ():
            rows[minute, row.step, row.segment] = row
    return rows


@pytest.mark.parametrize("is_late", [False, True])
def test_they_are_in_no_step_before_the_order_and_in_those_after_it(is_late: bool) -> None:
    of_page = judged(("ios",))
    with_them = judged(("ios",), WITHOUT) if is_late else judged(("ios", *WITHOUT))
    before = {key: row for key, row in with_them.items() if key[1] == "click_to_order"}
    assert {row.observed for row in before.values() if row.segment == ""} != {0.0}
    wholes = [key for key in before if key[2] == ""]
    assert len(wholes) == END - TRAIN
    for key in wholes:
        numbers = [
            (row.observed, row.expected, row.low, row.high, row.surprise, row.window_expected)
            for row in (before[key], of_page[key])
        ]
        assert numbers[0] == pytest.approx(numbers[1])
    assert {key[2] for key in before} <= {"", "ios"}
    paid = [with_them[minute, "order_to_payment", ""].observed for minute in range(TRAIN + RUN_IN, END)]
    assert paid == sum(COUNTS.values())[PAYMENT, TRAIN + RUN_IN :].tolist()


def test_a_store_that_only_sells_elsewhere_has_no_step_from_its_pages() -> None:
    page = COUNTS["ios"].copy()
    page[ORDER] = page[PAYMENT] = 0
    history = StoreHistory("shop", "UTC", START, ("ios", NO_PAGE), np.stack([page, COUNTS[NO_PAGE]]))
    assert [step.id for step in history.steps] == ["order_to_payment"]
    (baseline,) = fit_baselines([history], 1)
    assert list(baseline.steps) == ["order_to_payment"]


def test_few_carts_carry_the_orders_that_pages_led_to_however_many_others_there_are() -> None:
    counts = {"click": 900.0, "add_to_cart": 60.0, "order": 2_030.0, "payment": 1_900.0}
    pageless = {"order": 2_000.0, "payment": 1_880.0}
    assert Stage.ADD_TO_CART not in supplied_stages(counts)
    assert supplied_stages(counts, pageless) == (Stage.CLICK, Stage.ADD_TO_CART, Stage.ORDER, Stage.PAYMENT)
    assert supplied_stages({"click": 9.0, "payment": 900.0}, {"payment": 900.0}) == (
        Stage.CLICK,
        Stage.PAYMENT,
    )
