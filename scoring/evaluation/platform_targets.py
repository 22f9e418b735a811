"""A platform's own figures of a seller against the platform's own targets: met, or beyond it by how much. Nobody's points come from it.

A platform counts in its own window and by its own definition (Lazada's positive ratings are of eight weeks, Amazon names a range of dates
with each rate), and none is known to be that of an indicator here. So each has its own line, with the day on which the platform said it, and is never put next to an
indicator's value.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from scoring.evaluation.figure import SourceRows
from scoring.records.seller_metrics import TargetRule

#: before the source and the metric, where something is asked for by its name
PLATFORM = "platform:"


@dataclass(frozen=True, slots=True)
class PlatformTarget:
    """One figure of a platform and its target, as the platform said them on one day.

    Attributes:
        source: who said it.
        metric: the platform's name of it.
        unit: of value and target, as the source writes it; empty if it says none.
        value, target: in that unit.
        rule: what the value must be to the target; None: the platform does not say.
        day_start_ms, zone: the day on which it was said, in the zone of the report.
        rows: of both.
    """

    source: str
    metric: str
    unit: str
    value: Decimal
    target: Decimal
    rule: TargetRule | None
    day_start_ms: int
    zone: str
    rows: SourceRows

    @property
    def of(self) -> str:
        """Under which name it is asked for."""
        return f"{PLATFORM}{self.source}:{self.metric}:{self.unit}"

    @property
    def is_met(self) -> bool | None:
        """Whether the platform's target is met, compared exactly; None where nobody says which way is better."""
        value, target = self.value, self.target
        return {
            None: None,
            TargetRule.BELOW: value < target,
            TargetRule.AT_MOST: value <= target,
            TargetRule.ABOVE: value > target,
            TargetRule.AT_LEAST: value >= target,
            TargetRule.EQUAL: value == target,
        }[self.rule]

    @property
    def gap(self) -> Decimal:
        """Value − target."""
        return self.value - self.target
