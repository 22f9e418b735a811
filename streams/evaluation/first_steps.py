"""What to do first: every piece of advice and every number that is clearly low, with what to do, who does it, and how it will be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.evaluation import sentences as say
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.readings import FACT
from scoring.evaluation.rules import LOW
from scoring.evaluation.spans import next_end_ms
from scoring.evaluation.texts import DUTY_NAMES
from scoring.evaluation.weak_spots import WeakSpot
from streams.evaluation.advice_lines import AdviceLine
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS

#: nobody works through more than these in a week; the others are named
MOST = 7


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One line of the list.

    Attributes:
        why: what is seen or low, with its score.
        does: what to do, one line each.
        who: the role.
        effort: how much work it is; empty where nobody says.
        known_by: how it will be seen whether it helped, with the day.
        life: what became of it; empty of what is not tracked.
        advice: its line, to act on it; None of a low number that no finding speaks of.
        of: id of the reading behind it.
    """

    why: str
    does: tuple[str, ...]
    who: str
    effort: str
    known_by: str
    life: str
    advice: AdviceLine | None
    of: str


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """The list, the surest first, and the names of what is clearly low besides."""

    steps: tuple[FirstStep, ...]
    others: tuple[str, ...]


def first_steps(
    advice: Sequence[AdviceLine], weak: Sequence[WeakSpot], span: EvaluationSpan, wording: EvaluationReader
) -> FirstSteps:
    """What to do first: what was advised, then what is clearly low and no advice speaks of, the lowest first.

    Args:
        advice: of what was found.
        weak: all that is clearly low, the lowest first.
        span: the period.
        wording: of the reader.
    """
    steps = [
        FirstStep(
            _said_low(weak, one.of, wording) or one.why,
            (one.does,),
            one.owner,
            one.effort,
            one.check,
            one.life,
            one,
            one.of,
        )
        for one in advice
    ]
    spoken_of = {one.of for one in advice}
    rest = [spot for spot in weak if spot.reading not in spoken_of]
    room = max(MOST - len(steps), 0)
    steps += [_of_weak(spot, span, wording) for spot in rest[:room]]
    steps.sort(key=lambda one: one.of.startswith(FACT))  # what fell comes before what nobody measured
    return FirstSteps(
        tuple(steps), tuple(say.reading_name(one.reading, wording.language) for one in rest[room:])
    )


def _of_weak(spot: WeakSpot, span: EvaluationSpan, wording: EvaluationReader) -> FirstStep:
    language = wording.language
    name = say.reading_name(spot.reading, language)
    known_by = WORDS["known_by"](
        language, name=name, low=wording.count(LOW), day=wording.calendar_day(next_end_ms(span), span.zone)
    )
    does = tuple(check(language) for check in spot.checks)
    who = DUTY_NAMES[spot.owner](language)
    return FirstStep(_said(spot, wording), does, who, "", known_by, "", None, spot.reading)


def _said_low(weak: Sequence[WeakSpot], of: str, wording: EvaluationReader) -> str:
    found = next((one for one in weak if one.reading == of), None)
    return _said(found, wording) if found is not None else ""


def _said(spot: WeakSpot, wording: EvaluationReader) -> str:
    name = say.reading_name(spot.reading, wording.language)
    return WORDS["low_at"](wording.language, name=name, score=say.say_score(spot.score, wording))
