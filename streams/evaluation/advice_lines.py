"""Advice as a page shows it, in one reader's words: what to do, who took it on, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.alerts.actions import HumanActionKind
from scoring.evaluation import sentences as say
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.findings import FunnelFinding
from scoring.evaluation.single_rules import ALL_ADVICE
from scoring.evaluation.spans import span_name
from scoring.evaluation.texts import DUTY_NAMES, EFFORTS
from streams.evaluation.advised import AdviceLife, advice_key, hit_rates
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS


@dataclass(frozen=True, slots=True)
class AdviceLine:
    """One piece of advice: what to do, when it is checked by what, how it did so far, and what people did about it.

    Attributes:
        why, does, owner, effort: what was found, what to do, the role that does it and how much work it is, apart; empty of an
            earlier period's.
        of: id of the reading that judges it.
    """

    key: str
    check_ms: int
    text: str
    check: str
    record: str
    life: str
    of: str
    why: str = ""
    does: str = ""
    owner: str = ""
    effort: str = ""


def advice_lines(
    found: Sequence[FunnelFinding],
    span: EvaluationSpan,
    lives: Mapping[str, AdviceLife],
    wording: EvaluationReader,
) -> tuple[AdviceLine, ...]:
    """The advice of what was found in a period."""
    hits = hit_rates(lives.values())
    language, lines = wording.language, []
    for finding, planned in ((one, action) for one in found for action in one.actions):
        key = advice_key(planned, span)
        text, check, record = say.say_action(planned, span.zone, hits.get(planned.advice.id), wording)
        life = said_life(lives.get(key), span.zone, wording)
        advice = planned.advice
        parts = (
            finding.scenario.title(language),
            advice.text(language),
            DUTY_NAMES[advice.owner](language),
            EFFORTS[advice.effort](language),
        )
        lines.append(AdviceLine(key, planned.check_ms, text, check, record, life, planned.judged_by, *parts))
    return tuple(lines)


def earlier_lines(
    span: EvaluationSpan, lives: Mapping[str, AdviceLife], wording: EvaluationReader
) -> tuple[AdviceLine, ...]:
    """The advice of earlier periods that somebody did something about, the newest first."""
    language, lines = wording.language, []
    for life in sorted(lives.values(), key=lambda one: one.at_ms, reverse=True):
        if life.period == span_name(span) or life.advice not in ALL_ADVICE:
            continue
        check = WORDS["given_in"](language, period=life.period, name=say.reading_name(life.reading, language))
        text = ALL_ADVICE[life.advice].text(language)
        lines.append(
            AdviceLine(
                life.key,
                life.check_ms,
                text,
                check,
                "",
                said_life(life, span.zone, wording),
                life.reading,
            )
        )
    return tuple(lines)


def said_life(life: AdviceLife | None, zone: str, wording: EvaluationReader) -> str:
    """What people did about a piece of advice, and what came of it."""
    language = wording.language
    if life is None or life.kind is None:
        return WORDS["life_open"](language)
    day = wording.calendar_day(life.at_ms, zone)
    said = WORDS[f"life_{life.kind.value}"](language, who=life.who, day=day)
    if life.text:
        said += f"{'：' if language == 'zh' else ': '}{life.text}"
    if life.verdict is not None:
        return f"{said} · {say.say_verdict(life.verdict, wording)}"
    if life.kind is HumanActionKind.DONE:
        check = wording.calendar_day(life.check_ms, zone)
        return f"{said} · {WORDS['life_waits'](language, day=check)}"
    return said
