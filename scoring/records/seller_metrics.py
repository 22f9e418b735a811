"""A platform's figure of a seller and the target that the platform names for it, as two report rows: how they belong together.

``seller_metric`` has the dimensions ``metric`` and ``unit``; ``seller_metric_target`` has the same and, where the platform says it,
``comparator``: what a value must be to the target.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

METRIC, TARGET = "seller_metric", "seller_metric_target"
#: the dimension of a target
COMPARATOR = "comparator"


class TargetRule(StrEnum):
    """What a value must be to its target."""

    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="
    EQUAL = "="


def target_parts(part: Mapping[str, str], rule: TargetRule | None) -> dict[str, str]:
    """The dimensions of a target's row.

    Args:
        part: those of the figure.
        rule: as the platform said it; None: it did not, or in a word that nobody knows.
    """
    return {**part, COMPARATOR: rule.value} if rule is not None else dict(part)
