"""What one store's whole funnel is answered with: what carried a change, and cohorts of slow steps.

Times are milliseconds, rates are in [0, 1], None is what is not known.
"""

from __future__ import annotations

import msgspec

from scoring.funnel.algebra import StepContribution


class Contributions(msgspec.Struct, frozen=True):
    """What carried the change of a store's last stage over [from_ms, to_ms) from what it is compared ``against``.

    ``carried_by`` is the step whose part goes furthest the way of the whole, None if that is the traffic; ``mix_share`` how
    much of the change is other visitors instead of other behaviour.
    """

    store_id: str
    against: str
    stage: str
    from_ms: int
    to_ms: int
    now: float
    then: float
    log_ratio: float
    carried_by: str | None
    mix_share: float | None
    parts: tuple[StepContribution, ...]


class CohortRow(msgspec.Struct, frozen=True):
    """One cohort; ``day`` is its first day (ISO) on the store's clock.

    ``completeness`` is F(age), the share of conversions that should have come by now; ``rate`` is advanced / (entered · F),
    None while F is below 5 % or not known.
    """

    day: str
    age_days: float
    entered: int
    advanced: int
    completeness: float | None
    rate: float | None


class Cohorts(msgspec.Struct, frozen=True):
    """Cohorts of a slow step, the latest first; ``median_days`` is the delay by which half of the conversions came."""

    store_id: str
    step: str
    zone: str
    span_days: int
    median_days: int | None
    rows: tuple[CohortRow, ...]
