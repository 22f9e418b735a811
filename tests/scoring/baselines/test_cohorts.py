"""Cohorts: a young one is not shown as a bad one."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.baselines.cohorts import completeness_by_day, make_cohorts


def test_young_cohorts_are_corrected_to_the_rate_they_will_have_and_the_youngest_hides_it() -> None:
    # | paid each day 4000, 90 % fulfilled after 1 to 6 days | now: cohorts of 0 to 29 days |
    rng = np.random.default_rng(2)
    paid = np.repeat(np.arange(30), 4000)
    delay = rng.choice([1, 2, 3, 4, 5, 6], len(paid), p=[0.04, 0.26, 0.3, 0.2, 0.1, 0.1])
    is_fulfilled = rng.random(len(paid)) < 0.9
    seen = is_fulfilled & (paid + delay <= 29)
    reached = completeness_by_day(delay[seen], 29 - paid[seen])
    assert reached is not None
    rows = [(day, 4000, int((seen & (paid == day)).sum())) for day in range(30)]
    cohorts = make_cohorts(29, rows, reached)
    assert [cohort.day for cohort in cohorts[:3]] == [29, 28, 27]
    assert [cohort.rate for cohort in cohorts[:2]] == [None, None]
    assert all(cohort.rate == pytest.approx(0.9, abs=0.06) for cohort in cohorts[2:])
    naive = cohorts[2].advanced / cohorts[2].entered
    assert naive < 0.35


def test_without_pairs_nothing_is_said_of_the_rate() -> None:
    assert completeness_by_day(np.array([1, 2]), np.array([5, 5])) is None
    (cohort,) = make_cohorts(10, [(3, 50, 20)], None)
    assert (cohort.advanced, cohort.completeness, cohort.rate) == (20, None, None)
