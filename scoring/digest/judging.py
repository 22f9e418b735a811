"""A digest as data: which stores need somebody, what mattered, how each store compares with its own expectation.

Pure: facts of a period in, judgements out; ``scoring/digest/sentences.py`` says them in a language, ``streams/digests`` asks
ClickHouse before and draws and sends after. Expectations are conditional (arrivals at a stage given what arrived before it),
so a store's change is the product of its steps' observed over expected: what the outcome is against what it would have been,
had every step converted as its baseline says. Stores are put in order by that, each against itself, never one against another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from scoring.digest.slow import slow_rows, slow_sums
from scoring.digest.values import (
    GROUP_OF,
    JUDGED_SHARE,
    MAX_MATTERS,
    AlertFacts,
    Digest,
    DigestFacts,
    DigestGroup,
    DigestIncident,
    DigestStore,
    Dimension,
    StageBar,
    StepSums,
    StoreRow,
    Verdict,
)
from scoring.funnel.money import price
from scoring.funnel.stages import STAGES, STEP_BY_ID, Stage, Step, steps_to_show, supplied_stages

_LEAST_AXES = 3
_ORDER = {verdict: place for place, verdict in enumerate(Verdict)}


def build_digest(facts: DigestFacts) -> Digest:
    """Judge the facts of a period."""
    stores = {store.store_id: store for store in facts.stores}
    incidents = sorted(
        (_incident(alert, stores) for alert in facts.alerts), key=lambda i: i.weight, reverse=True
    )
    rows = sorted((_row(store, incidents) for store in facts.stores), key=_row_order)
    counts = dict.fromkeys(DigestGroup, 0)
    for row in rows:
        counts[GROUP_OF[row.verdict]] += 1
    opened = [incident for incident in incidents if incident.facts.is_open]
    silent = [row for row in rows if row.verdict is Verdict.SILENT]
    over = [incident for incident in incidents if not incident.facts.is_open]
    matters: list[DigestIncident | StoreRow] = [
        *_first_of_each_step(opened),
        *silent,
        *_first_of_each_step(over),
    ]
    pictured = _pictured(rows)
    return Digest(
        facts=facts,
        counts=counts,
        rows=tuple(rows),
        matters=tuple(matters[:MAX_MATTERS]),
        matters_left=max(0, len(matters) - MAX_MATTERS),
        open_incidents=tuple(sorted(opened, key=lambda i: i.facts.alert.opened_at_ms)),
        over_count=len(over),
        pictured=pictured,
        funnel=tuple(bar for bar in expected_funnel(pictured.store) if bar.count is not None)
        if pictured
        else (),
        radar=_worth_drawing(radar(pictured.store)) if pictured else (),
        slow=slow_rows(facts.stores),
    )


def _incident(facts: AlertFacts, stores: Mapping[str, DigestStore]) -> DigestIncident:
    alert = facts.alert
    store = stores.get(alert.store_id) or DigestStore(alert.store_id, alert.store_id)
    return DigestIncident(facts, store, price(alert, facts.worth))


def _first_of_each_step(incidents: Iterable[DigestIncident]) -> list[DigestIncident]:
    found: dict[tuple[str, str], DigestIncident] = {}
    for incident in incidents:
        found.setdefault((incident.facts.alert.store_id, incident.facts.alert.step), incident)
    return list(found.values())


def _expected_rate(store: DigestStore, step: Step) -> float | None:
    """The conversion rate of ``step`` that was expected in the period; None where only a part of what came was judged."""
    sums = store.steps.get(step.id)
    entered = store.counts.get(step.upstream.value, 0)
    if sums is None or sums.ratio is None or entered <= 0 or not is_judged_throughout(store, step):
        return None
    return sums.expected / entered


def is_judged_throughout(store: DigestStore, step: Step) -> bool:
    """Whether what was judged of a step is most of what was counted: else one would be set against the other."""
    sums = store.steps.get(step.id)
    return sums is not None and sums.observed >= JUDGED_SHARE * step.advanced(store.counts, store.pageless)


def _row(store: DigestStore, incidents: list[DigestIncident]) -> StoreRow:
    mine = [i for i in incidents if store.store_id in (i.facts.alert.store_id, *i.facts.alert.members)]
    opened = [incident for incident in mine if incident.facts.is_open]
    own = [step for step in _steps(store) if step.is_fast]
    judged = {step.id: store.steps[step.id] for step in own if _ratio(store, step) is not None}
    supplied = [
        s for s in own if store.counts.get(s.upstream, 0) and s.advanced(store.counts, store.pageless)
    ]
    ratios = {step: sums.observed / sums.expected for step, sums in judged.items()}
    change = math.prod(ratios.values()) - 1.0 if ratios else None
    outcome = next(
        (
            s
            for s in (Stage.PAYMENT, Stage.ORDER, Stage.ADD_TO_CART, Stage.CLICK)
            if store.counts.get(s.value)
        ),
        None,
    )
    lead = opened[0] if opened else mine[0] if mine else None
    step = lead.facts.alert.step if lead else ""
    if step not in STEP_BY_ID:
        step = min(judged, key=lambda s: _deviation(judged[s]), default=supplied[-1].id if supplied else "")
    return StoreRow(
        store=store,
        verdict=_verdict(store, bool(opened), bool(mine), ratios),
        incident=lead,
        outcome=outcome,
        change=change,
        step=step,
        step_change=ratios[step] - 1.0 if step in ratios else None,
        is_whole=all(is_judged_throughout(store, STEP_BY_ID[name]) for name in ratios),
        steps_judged=len(ratios),
        steps_supplied=len(supplied),
    )


def _steps(store: DigestStore) -> tuple[Step, ...]:
    """One step to each stage: the store's own, over the stages that its platform does not supply."""
    scored = [step for step, sums in store.steps.items() if sums.expected > 0]
    return steps_to_show(supplied_stages(store.counts, store.pageless), scored)


def _ratio(store: DigestStore, step: Step) -> float | None:
    sums = store.steps.get(step.id)
    return sums.ratio if sums else None


def _deviation(sums: StepSums) -> float:
    """How far below its expectation a step is, in rough standard deviations: only to choose which one to show."""
    return (sums.observed - sums.expected) / math.sqrt(sums.expected + 1.0)


def _verdict(store: DigestStore, is_open: bool, had_any: bool, ratios: Mapping[str, float]) -> Verdict:
    if is_open:
        return Verdict.ATTENTION
    if not any(store.counts.values()):
        return Verdict.SILENT if store.last_seen_ms is not None else Verdict.NO_DATA
    if had_any:
        return Verdict.RECOVERED
    outcomes = [s.id for s in _steps(store) if s.downstream in (Stage.ORDER, Stage.PAYMENT)]
    sells = any(store.counts.get(stage.value) or step in store.steps
                for step, stage in zip(outcomes, (Stage.ORDER, Stage.PAYMENT), strict=True))  # fmt: skip
    is_judged = any(step in ratios for step in outcomes) if sells else bool(ratios)
    if not any(sums.expected > 0 for sums in store.steps.values()):
        return Verdict.LEARNING
    return Verdict.NORMAL if is_judged else Verdict.NOT_JUDGED


def _row_order(row: StoreRow) -> tuple[float, ...]:
    base = row.incident.money.base if row.incident and row.incident.money else None
    surprise = row.incident.facts.alert.surprise if row.incident else 0.0
    return (
        _ORDER[row.verdict],
        -(base or 0.0),
        -surprise,
        row.change if row.change is not None else math.inf,
    )


def _pictured(rows: list[StoreRow]) -> StoreRow | None:
    """The store whose funnel is drawn: the worst one that has data, on a quiet day the largest."""
    with_data = [row for row in rows if any(row.store.counts.values())]
    worst = [row for row in with_data if row.verdict in (Verdict.ATTENTION, Verdict.RECOVERED)]
    if worst:
        return worst[0]
    judged = [row for row in with_data if row.change is not None] or with_data
    return max(
        judged,
        key=lambda row: row.store.counts.get(row.outcome.value, 0) if row.outcome else 0,
        default=None,
    )


def expected_funnel(store: DigestStore) -> tuple[StageBar, ...]:
    """The store's stages with what was to be expected, had every step from the first supplied stage on gone by its baseline.

    Of fulfilment, what was due in the period by the payments of the days before; nothing where its judged hours hold less than
    ``JUDGED_SHARE`` of what was counted, since one would be set against the other.
    """
    bars: list[StageBar] = []
    leading = {step.downstream: step for step in _steps(store)}
    by_stage: dict[Stage, float | None] = {}
    for stage in STAGES:
        count = store.counts.get(stage.value) or None
        step = leading.get(stage)
        before = by_stage.get(step.upstream) if step is not None else None
        rate = _expected_rate(store, step) if step is not None else None
        expected = None if rate is None or before is None else before * rate
        if expected is not None and step is not None and step.is_from_page:
            expected += store.pageless.get(stage.value, 0)  # they came besides
        slow = slow_sums(store) if stage is Stage.FULFILMENT else None
        if slow is not None:
            is_judged = slow.ratio is not None and slow.observed >= JUDGED_SHARE * (count or 0)
            expected = slow.expected if is_judged else None
        foreseen = expected
        if count is not None and not any(bar.count for bar in bars):
            expected = float(count)  # nothing is expected of the first stage but what came
        by_stage[stage] = expected
        bars.append(StageBar(stage, count, foreseen))
    return tuple(bars)


def radar(store: DigestStore) -> tuple[Dimension, ...]:
    """One axis a stage but the first, named by the id of the step that leads to it. Steps without scores have no value; that is not 0."""
    axes = []
    for step in _steps(store):
        sums, before = store.steps.get(step.id), store.steps_before.get(step.id)
        name = step.id
        if step.downstream is Stage.FULFILMENT:  # where payments are not supplied, it is measured from orders
            name = "payment_to_fulfilment"
            sums, before = slow_sums(store), slow_sums(store, before=True)
        axes.append(
            Dimension(
                name=name,
                value=sums.ratio if sums else None,
                before=before.ratio if before else None,
                coverage=sums.coverage if sums else 0.0,
            )
        )
    return tuple(axes)


def _worth_drawing(axes: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """The axes, if a radar of them has a shape: fewer than three are a line or a point."""
    return axes if sum(axis.value is not None for axis in axes) >= _LEAST_AXES else ()


def checked_share(store: DigestStore, from_ms: int, to_ms: int) -> float:
    """The part of the period's minutes that was scored and not late, in [0, 1]: of judging, not of the data."""
    minutes = (to_ms - from_ms) / 60_000
    return min(1.0, max(0.0, (store.scored_minutes - store.late_minutes) / minutes)) if minutes > 0 else 0.0
