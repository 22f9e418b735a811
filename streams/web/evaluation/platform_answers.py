"""The platforms' own figures with their targets, as the API answers with them."""

from __future__ import annotations

from collections.abc import Sequence

from scoring.evaluation.platform_targets import PlatformTarget
from scoring.evaluation.sentences import reading_name
from scoring.wording.text import Language
from streams.web.evaluation.answers import EvaluatedByPlatform, rows_behind


def platform_targets_of(
    found: Sequence[PlatformTarget], language: Language
) -> tuple[EvaluatedByPlatform, ...]:
    """Each with its verdict."""
    return tuple(
        EvaluatedByPlatform(
            one.of,
            reading_name(one.of, language),
            one.source,
            one.unit,
            str(one.value),
            one.rule.value if one.rule is not None else "",
            str(one.target),
            str(one.gap),
            one.is_met,
            one.day_start_ms,
            (rows_behind(one.rows),),
        )
        for one in found
    )
