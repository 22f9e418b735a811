"""When a platform's figure of a period is complete, and until when the platform still changes it.

From what platforms and those who read them say: Amazon's sales and traffic take up to 72 hours a day and up to a week, GA4's rows
change for 48 hours, Meta's insights are restated for 28 days. Where nobody says, a day is taken, and a week for restating.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scoring.funnel.units import DAY_MS, HOUR_MS


@dataclass(frozen=True, slots=True)
class ReportRule:
    """``complete_after_ms`` and ``restated_until_ms`` count from the end of the period."""

    complete_after_ms: int = DAY_MS
    restated_until_ms: int = 7 * DAY_MS


_ELSE = ReportRule()
REPORT_RULES: Mapping[str, ReportRule] = {
    "amazon": ReportRule(72 * HOUR_MS, 30 * DAY_MS),
    "ga4": ReportRule(48 * HOUR_MS, 3 * DAY_MS),
    "meta": ReportRule(48 * HOUR_MS, 28 * DAY_MS),
}


def rule_of(source: str) -> ReportRule:
    """The rule of a source's reports."""
    return REPORT_RULES.get(source, _ELSE)


def is_complete(source: str, period_end_ms: int, read_at_ms: int) -> bool:
    """Whether a figure that was read at ``read_at_ms`` is all of its period."""
    return read_at_ms >= period_end_ms + rule_of(source).complete_after_ms
