"""Evaluations as rows of ``evaluations``, ``indicators``, ``findings``, ``advice``, ``advice_outcomes`` and ``attribution``: what the role jobs writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from scoring.evaluation.assembling import findings_in
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.evaluating import EvaluationSpan, StoreEvaluation
from scoring.evaluation.figure import Figure, exposed
from scoring.evaluation.findings import FunnelFinding, Standing
from scoring.evaluation.health import WeightedScore
from scoring.evaluation.readings import STEP
from scoring.evaluation.rules import looked_at
from scoring.evaluation.score import Score, ScoreLack, target_outcome
from scoring.evaluation.single_rules import SINGLE_RULES
from scoring.evaluation.spans import span_name
from scoring.evaluation.steps import Loss
from streams.evaluation.advised import advice_key
from streams.evaluation.attribution_rows import TABLE, attribution_schema
from streams.evaluation.knowing import KnownStore

if TYPE_CHECKING:
    import pyarrow as pa

#: comparators that every period has rows of; a table of benchmarks has them where there is one
WRITTEN = (ComparatorKind.OWN, ComparatorKind.PEERS)


@cache
def _schemas() -> Mapping[str, pa.Schema]:
    """The columns of each table."""
    import pyarrow as pa  # starts a thread, which the process from which roles are forked must not have

    time, stamp = pa.uint32(), pa.timestamp("ms", "UTC")
    names = pa.list_(pa.string())
    return {
        "evaluations_raw": pa.schema(
            [("store_id", pa.string()), ("period", pa.string()), ("period_start", time), ("period_end", time), ("zone", pa.string()), ("days", pa.string())]
            + [("kind", pa.string()), ("name", pa.string()), ("comparator", pa.string())]
            + [(name, pa.float64()) for name in ("score", "low", "high", "coverage", "target", "lost", "lost_low", "lost_high", "lost_money")]
            + [("currency", pa.string()), ("reason", pa.string()), ("is_headline", pa.uint8()), ("weights_version", pa.uint16()), ("evaluated_at", stamp)]
        ),
        "indicators_raw": pa.schema(
            [("store_id", pa.string()), ("period", pa.string()), ("period_start", time), ("name", pa.string()), ("figure_kind", pa.string())]
            + [(name, pa.float64()) for name in ("value", "cases", "g", "variance")]
            + [("inputs", pa.map_(pa.string(), pa.float64()))]
            + [(name, pa.string()) for name in ("counted_by", "relation", "condition")]
            + [("row_count", pa.uint64()), ("evaluated_at", stamp)]
        ),
        "findings_raw": pa.schema(
            [("store_id", pa.string()), ("period", pa.string()), ("period_start", time), ("rule", pa.string()), ("standing", pa.string())]
            + [("strength", pa.float64())]
            + [(name, names) for name in ("evidence", "against", "unknown", "instead", "also_possible", "unchecked")]
            + [("evaluated_at", stamp)]
        ),
        "advice_raw": pa.schema(
            [("store_id", pa.string()), ("period", pa.string()), ("period_start", time)]
            + [(name, pa.string()) for name in ("rule", "advice", "key", "duty", "effort", "judged_by")]
            + [("check_at", time), ("is_given", pa.uint8()), ("evaluated_at", stamp)]
        ),
        "advice_outcomes_raw": pa.schema(
            [(name, pa.string()) for name in ("store_id", "period", "key", "advice", "outcome")]
            + [(name, pa.float64()) for name in ("gained", "low", "high")]
            + [("evaluated_at", stamp)]
        ),
        TABLE: attribution_schema(),
    }  # fmt: skip


@dataclass(slots=True)
class WrittenEvaluations:
    """Rows by table, and when the evaluations were made."""

    at_ms: int
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in _schemas()})

    def take(self, known: KnownStore) -> None:
        """Add all rows of one store and period."""
        evaluation, span = known.evaluation, known.evaluation.span
        key = {
            "store_id": evaluation.store_id,
            "period": known.read.length.value,
            "period_start": span.start_ms // 1000,
            "evaluated_at": self.at_ms,
        }
        more = {
            "period_end": span.end_ms // 1000,
            "zone": span.zone,
            "days": span_name(span),
            "weights_version": evaluation.weights_version,
            "currency": known.read.currency,
        }
        self.rows["evaluations_raw"] += [{**key, **more, **row} for row in _scores(evaluation)]
        self.rows["indicators_raw"] += [{**key, **row} for row in _figures(evaluation)]
        found = findings_in(evaluation, known.read.volumes, known.read.decoys, known.read.checked)
        findings = (*found, *_unsaid(found))
        self.rows["findings_raw"] += [{**key, **_finding(one)} for one in findings]
        self.rows["advice_raw"] += [{**key, **row} for one in findings for row in _advice(one, span)]

    def take_outcomes(self, known: KnownStore) -> None:
        """Add what came of a store's advice, judged with this period, the newest of its length."""
        for life in known.lives.values():
            verdict = life.verdict
            self.rows["advice_outcomes_raw"].append(
                {
                    "store_id": known.evaluation.store_id,
                    "period": known.read.length.value,
                    "key": life.key,
                    "advice": life.advice,
                    "outcome": verdict.outcome.value if verdict else "",
                    "gained": verdict.gained if verdict else None,
                    "low": verdict.low if verdict else None,
                    "high": verdict.high if verdict else None,
                    "evaluated_at": self.at_ms,
                }
            )

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """The tables that have rows."""
        import pyarrow as pa

        for name, rows in self.rows.items():
            if rows:
                yield name, pa.Table.from_pylist(rows, schema=_schemas()[name])


def _scores(evaluation: StoreEvaluation) -> Iterator[dict[str, Any]]:
    kinds = [
        kind
        for kind in (*WRITTEN, ComparatorKind.BENCHMARK)
        if kind in WRITTEN or _is_scored(evaluation, kind)
    ]
    for kind in kinds:
        headline = {"is_headline": int(kind is (evaluation.headline or ComparatorKind.OWN))}
        for row in _against(evaluation, kind):
            yield {**row, **headline}
    for of, result in evaluation.targets.items():
        kind_of_row, name = ("step", of.removeprefix(STEP)) if of.startswith(STEP) else ("indicator", of)
        row = _row(kind_of_row, name, ComparatorKind.TARGET, None, None)
        yield {**row, "reason": target_outcome(result), "target": result.target, "is_headline": 0}


def _against(evaluation: StoreEvaluation, kind: ComparatorKind) -> Iterator[dict[str, Any]]:
    yield _weighted("health", evaluation.health[kind], kind)
    for dimension in evaluation.dimensions[kind]:
        yield _weighted("dimension", dimension, kind)
    for one in evaluation.indicators:
        yield _row("indicator", one.indicator.id, kind, one.scores.get(kind), one.lacks.get(kind))
    for step in evaluation.funnel[kind].steps if kind in evaluation.funnel else ():
        yield {**_row("step", step.step, kind, step.score, step.lack), **_lost(step.loss)}


def _is_scored(evaluation: StoreEvaluation, kind: ComparatorKind) -> bool:
    return any(kind in one.scores for one in evaluation.indicators)


def _weighted(kind: str, one: WeightedScore, comparator: ComparatorKind) -> dict[str, Any]:
    return {**_row(kind, one.id, comparator, one.score, one.lack), "coverage": one.coverage}


def _row(
    kind: str, name: str, comparator: ComparatorKind, score: Score | None, lack: ScoreLack | None
) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "comparator": comparator.value,
        "score": score.value if score else None,
        "low": score.low if score else None,
        "high": score.high if score else None,
        "coverage": None,
        "target": None,
        **_lost(None),
        "reason": lack.reason.value if lack else "",
    }


def _lost(loss: Loss | None) -> dict[str, float | None]:
    money = loss.money if loss else None
    return {
        "lost": float(loss.events) if loss else None,
        "lost_low": loss.low if loss else None,
        "lost_high": loss.high if loss else None,
        "lost_money": float(money) if money is not None else None,
    }


def _figures(evaluation: StoreEvaluation) -> Iterator[dict[str, Any]]:
    for one in evaluation.indicators:
        yield _figure(one.indicator.id, one.indicator.kind.value, one.figure)
    for step in evaluation.funnel[ComparatorKind.OWN].steps:
        yield _figure(STEP + step.step, step.figure.kind.value, step.figure)


def _figure(name: str, kind: str, figure: Figure | None) -> dict[str, Any]:
    row = figure.rows[0] if figure else None
    return {
        "name": name,
        "figure_kind": kind,
        "value": figure.value if figure else None,
        "cases": float(exposed(figure)) if figure else None,
        "g": figure.g if figure else None,
        "variance": figure.variance if figure else None,
        "inputs": [(one, float(value)) for one, value in sorted(figure.inputs.items())] if figure else [],
        "counted_by": row.counted_by if row else "",
        "relation": row.relation if row else "",
        "condition": row.condition if row else "",
        "row_count": row.count if row else 0,
    }


def _unsaid(found: Sequence[FunnelFinding]) -> Iterator[FunnelFinding]:
    """Rules of single numbers of which nothing is said: a row that said something before must not outlive the figures it was made of."""
    said = {one.scenario.id for one in found}
    for rule in SINGLE_RULES:
        if rule.id not in said:
            yield FunnelFinding(rule, Standing.ABSENT, 0.0, (), (), (), (), (), (), (), ())


def _finding(one: FunnelFinding) -> dict[str, Any]:
    return {
        "rule": one.scenario.id,
        "standing": one.standing.value,
        "strength": one.strength,
        "evidence": looked_at(one.evidence),
        "against": looked_at(one.against),
        "unknown": looked_at(one.unknown),
        "instead": [decoy.kind.value for decoy in one.instead],
        "also_possible": [decoy.kind.value for decoy in one.also_possible],
        "unchecked": [kind.value for kind in one.unchecked],
    }


def _advice(one: FunnelFinding, span: EvaluationSpan) -> Iterable[dict[str, Any]]:
    given = {action.advice.id: action for action in one.actions}
    for advice in one.scenario.advice:
        action = given.get(advice.id)
        yield {
            "rule": one.scenario.id,
            "advice": advice.id,
            "key": advice_key(action, span) if action else "",
            "duty": advice.owner.value,
            "effort": advice.effort.value,
            "judged_by": action.judged_by if action else "",
            "check_at": (action.check_ms if action else span.end_ms) // 1000,
            "is_given": int(action is not None),
        }
