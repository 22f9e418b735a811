"""What was reported and what was expected around an alert on a report, for the picture of card, mail and page.

The judge's scores of past days are stored nowhere: a restated figure would change them. So the figures are judged again, by the
judge, with its thresholds and its calendar (``scoring/periods/course.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.units import DAY_MS
from scoring.wording.card import CurvePoint
from streams.clickhouse.report_versions import JUDGED_VERSIONS, judged_between, version_of
from streams.config.core import day_rules, detection_policy
from streams.config.model import Config

if TYPE_CHECKING:
    from scoring.periods.course import OnReport


async def report_course(
    ask: Callable[..., Awaitable[Sequence[Mapping[str, Any]]]], config: Config, alert: OnReport
) -> tuple[CurvePoint, ...]:
    """The points of the picture, the alert's own periods marked; none for an alert that is not on a report.

    Args:
        ask: gives the rows of a query, as ``Database.rows`` does; what it raises is raised.
        config: whose thresholds and calendar the judge has.
        alert: as it is now.
    """
    from scoring.periods.book import KEPT_DAYS  # loads the judge, which most alerts do without
    from scoring.periods.course import course_end_ms, course_of

    end_ms = course_end_ms(alert)
    if end_ms is None:
        return ()
    asked = judged_between(
        end_ms - KEPT_DAYS * DAY_MS, end_ms, alert.store_id, (PERIOD_STEP_BY_ID[alert.step],)
    )
    versions = [version_of(row) for row in await ask(JUDGED_VERSIONS, **asked)]
    scores = await asyncio.to_thread(course_of, alert, versions, detection_policy(config), day_rules(config))
    return tuple(
        CurvePoint(
            score.start_ms,
            score.observed,
            score.expected,
            score.low,
            score.high,
            is_marked=score.start_ms >= alert.opened_at_ms,
        )
        for score in scores
    )
