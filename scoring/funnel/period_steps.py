"""The steps that only a platform's own reports give: a closed list, each with its two measures.

A rate of two measures means only what the platform means by them: Amazon's order items per session are not Shopee's orders per
visitor. So there is one list, a step belongs to one source, and it is compared with its own past only. The words for what each
means are in ``scoring/wording/period_words.py``; the measures in ``scoring/records/measures.py``, which a test holds together.
"""

from __future__ import annotations

from dataclasses import dataclass

from scoring.funnel.stages import Stage


@dataclass(frozen=True, slots=True)
class PeriodStep:
    """A step of one source's reports.

    Attributes:
        source: whose reports.
        upstream, downstream: names of measures.
            Upstream may count people, and is never added over periods; downstream is added, so it must not.
        stage: the stage that ``downstream`` stands for.
    """

    source: str
    upstream: str
    downstream: str
    stage: Stage = Stage.ORDER

    @property
    def id(self) -> str:
        """The name others rely on, for example ``amazon:sessions_to_order_items``."""
        return f"{self.source}:{self.upstream}_to_{self.downstream}"


PERIOD_STEPS: tuple[PeriodStep, ...] = (
    PeriodStep("amazon", "sessions", "order_items"),
    PeriodStep("shopee", "visitors", "orders"),
    PeriodStep("lazada", "visitors", "orders"),
    PeriodStep("tiktok_shop", "visitors", "orders"),
    PeriodStep("shopify", "sessions", "orders"),
    PeriodStep("ga4", "sessions", "orders"),
)
PERIOD_STEP_BY_ID: dict[str, PeriodStep] = {step.id: step for step in PERIOD_STEPS}
