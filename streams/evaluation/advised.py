"""What became of advice: who accepted, declined or did it, as the actions say, and whether it helped, judged on its date.

Advice is known by ``advice|STORE|ID|PERIOD|READING``: the store, the advice, the days of the period in which it was given, and the reading
by which it is judged. All of it is in each action on it, so that nothing that changes later changes what was promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from scoring.alerts.actions import ADVICE_KINDS, HumanAction, HumanActionKind
from scoring.errors import UNDECODABLE
from scoring.evaluation.comparator import LEAST_RELIABILITY, Comparator, ComparatorKind, comparator_of
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.evaluating import EvaluationSpan, StoreFigures
from scoring.evaluation.figure import Figure
from scoring.evaluation.findings import PlannedAction
from scoring.evaluation.indicator import Direction
from scoring.evaluation.judging import AdviceVerdict, HitRate, hit_rate, judge_action, persistence
from scoring.evaluation.readings import STEP
from scoring.evaluation.score import Score, more_cases_needed, score_of
from scoring.evaluation.spans import span_name
from streams.clickhouse.reader import Database

_BEGIN = "advice"
ACTIONS = """
SELECT action
FROM actions
WHERE position(action, {about:String}) > 0
ORDER BY at
LIMIT 20000
"""


@dataclass(frozen=True, slots=True)
class AdviceLife:
    """One piece of advice and what people did about it.

    Attributes:
        key: of it.
        advice, period, reading: parts of the key.
        check_ms: from then on it can be judged.
        kind: the last thing that was done; None: nothing.
        who, at_ms, text: of that.
        done_ms: when it was done; 0: not yet.
        verdict: what came of it; None: not judged yet.
        actions: all of them, the oldest first.
    """

    key: str
    advice: str
    period: str
    reading: str
    check_ms: int
    kind: HumanActionKind | None = None
    who: str = ""
    at_ms: int = 0
    text: str = ""
    done_ms: int = 0
    verdict: AdviceVerdict | None = None
    actions: tuple[HumanAction, ...] = ()


def advice_key(planned: PlannedAction, span: EvaluationSpan) -> str:
    """By what a piece of advice is known."""
    return "|".join((_BEGIN, planned.store_id, planned.advice.id, span_name(span), planned.judged_by))


def lives_of(actions: Iterable[HumanAction]) -> dict[str, AdviceLife]:
    """What became of each piece of advice, by its key; an action that is there twice counts once."""
    seen: set[str] = set()
    found: dict[str, AdviceLife] = {}
    for action in actions:
        parts = action.about.split("|")
        if action.kind not in ADVICE_KINDS or action.action_id in seen or len(parts) != 5:
            continue
        seen.add(action.action_id)
        _, _, advice, period, reading = parts
        before = found.get(action.about) or AdviceLife(action.about, advice, period, reading, action.until_ms)
        is_done = action.kind is HumanActionKind.DONE
        found[action.about] = replace(
            before,
            kind=action.kind,
            who=action.who,
            at_ms=action.at_ms,
            text=action.text,
            done_ms=(before.done_ms or action.at_ms) if is_done else 0,
            actions=(*before.actions, action),
        )
    return found


async def read_lives(
    database: Database, store: str, pending: Iterable[HumanAction] = (), until_ms: int = 0
) -> dict[str, AdviceLife]:
    """What people did about the advice that a store was given.

    Args:
        database: the tables.
        store: its id.
        pending: actions that are on their way there.
        until_ms: not 0: later ones are left out.
    """
    about = f"{_BEGIN}|{store}|"
    every = [*await read_actions(database, about), *(one for one in pending if one.about.startswith(about))]
    return lives_of(one for one in every if not until_ms or one.at_ms <= until_ms)


async def read_all_lives(database: Database) -> dict[str, dict[str, AdviceLife]]:
    """What people did about all advice, by store."""
    found: dict[str, dict[str, AdviceLife]] = {}
    for key, life in lives_of(await read_actions(database, f"{_BEGIN}|")).items():
        found.setdefault(key.split("|")[1], {})[key] = life
    return found


async def read_actions(database: Database, about: str) -> list[HumanAction]:
    """Actions on what begins so, the oldest first."""
    actions = []
    for row in await database.rows(ACTIONS, about=f'"about":"{about}'):
        try:
            actions.append(msgspec.json.decode(row["action"], type=HumanAction))
        except UNDECODABLE:
            continue  # of another release
    return actions


def judged(
    lives: Mapping[str, AdviceLife],
    figures: StoreFigures,
    spans: Sequence[EvaluationSpan],
    known_until_ms: int,
) -> dict[str, AdviceLife]:
    """The same, each that was done judged if its date has come and a whole period lies after it.

    Args:
        lives: of the store.
        figures: of the store's newest period and those before it.
        spans: those periods, the newest first.
        known_until_ms: up to when anything is known.
    """
    found = {}
    for key, life in lives.items():
        after = next((one for one in reversed(spans) if life.done_ms and one.start_ms >= life.done_ms), None)
        is_due = after is not None and known_until_ms >= life.check_ms
        verdict = _verdict(life, figures, spans, after) if after is not None and is_due else None
        found[key] = replace(life, verdict=verdict)
    return found


def _verdict(
    life: AdviceLife, figures: StoreFigures, spans: Sequence[EvaluationSpan], after: EvaluationSpan
) -> AdviceVerdict | None:
    line = _line(life.reading, figures, spans)
    names = [span_name(one) for one in spans]
    if life.period not in names:
        return None  # given in periods of another length
    then, now = line.get(life.period), line.get(span_name(after))
    others = {name: one for name, one in line.items() if name not in (life.period, span_name(after))}
    comparator = comparator_of(ComparatorKind.OWN, others)
    indicator = INDICATOR_BY_ID.get(life.reading)
    direction = indicator.direction if indicator is not None else Direction.HIGHER
    phi = persistence([line[name].g for name in reversed(names) if name in line])
    return judge_action(_scored(then, comparator, direction), _scored(now, comparator, direction), phi)


def _line(reading: str, figures: StoreFigures, spans: Sequence[EvaluationSpan]) -> dict[str, Figure]:
    """The figures of a reading by the name of their period."""
    if reading.startswith(STEP):
        step = reading.removeprefix(STEP)
        newest = next((one.figure for one in figures.steps if one.step == step), None)
        before = figures.own_steps.get(step, {})
    else:
        newest, before = figures.figures.get(reading), figures.own.get(reading, {})
    return {**before, **({span_name(spans[0]): newest} if newest is not None else {})}


def _scored(figure: Figure | None, comparator: Comparator | None, direction: Direction) -> Score | None:
    if figure is None or comparator is None or comparator.reliability < LEAST_RELIABILITY:
        return None
    return score_of(figure, comparator, direction) if more_cases_needed(figure, comparator) <= 1 else None


def hit_rates(lives: Iterable[AdviceLife]) -> dict[str, HitRate]:
    """How often each piece of advice helped, of those that were judged."""
    verdicts: dict[str, list[AdviceVerdict]] = {}
    for life in lives:
        if life.verdict is not None:
            verdicts.setdefault(life.advice, []).append(life.verdict)
    return {advice: hit_rate(found) for advice, found in verdicts.items()}
