"""Fits the baselines of many stores from their minute counts.

Read after ``history.py`` and before ``fit_step.py``, which fits one step of all stores; the result goes to ``funnel.baselines.v1`` and from there to ``scoring/detection``.
The stages of a store's youth:

- no history: no baseline; its score rows say ``no_baseline``;
- half an hour to two hours: what peers or the benchmark lend (``peers.py``), or no baseline;
- two hours to seven days: with peers or a benchmark line, their prior weighed against the own history; without, the hour-of-week profile is the population's (a store's own cells are shrunk away by their
  variance) and taken for uncertain by a twentieth, the wobble is at least the population's median, and only the
  page threshold opens alerts;
- seven days to four weeks: own profile as far as its variance allows (an hour of the week seen twice); the wobble still at
  least the median;
- seven days: its traffic is judged too (``traffic.py``), in the second week with caution;
- four weeks and more: all its own, shrunk by empirical Bayes.

A store that supplies one stage only has no step; from seven days on it has a baseline of its traffic alone.
Stages that a store does not supply are passed over (``scoring/funnel/stages.py``): a step then leads from the last supplied stage
to the next one (``click_to_order``), in addition to the steps that are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from scoring.baselines.baseline import Kernel, KernelSource, StepBaseline, StoreBaseline
from scoring.baselines.fit_step import BIN, NOISE_DAYS, StepData, bin_history, fit_step
from scoring.baselines.history import StoreHistory
from scoring.baselines.kernel import (
    FittedKernel,
    KernelEvidence,
    default_kernel,
    fit_kernels,
    kernel_evidence,
)
from scoring.baselines.kernel_tail import TailEvidence, tail_evidence
from scoring.baselines.localtime import local_minutes
from scoring.baselines.pooled import PoolSums
from scoring.baselines.slow import SlowHistory, SlowInputs, fit_slow
from scoring.baselines.traffic import TRAFFIC_DAYS, TrafficHistory, entry_stage, fit_traffic
from scoring.funnel.pools import PoolRules
from scoring.funnel.scores import OWN_HISTORY_MINUTES
from scoring.funnel.stages import STAGE_INDEX
from scoring.funnel.units import MINUTE_MS


@dataclass(slots=True)
class _Plan:
    """What the first look at a store found."""

    steps: dict[str, tuple[str, str]] = field(default_factory=dict)
    evidence: dict[str, KernelEvidence | None] = field(default_factory=dict)
    tails: dict[str, TailEvidence | None] = field(default_factory=dict)
    stages: tuple[str, ...] = ()


def fit_baselines(
    histories: Iterable[StoreHistory],
    fitted_at_ms: int,
    kernels: dict[tuple[str, str], Kernel] | None = None,
    progress: Callable[[str, int], None] | None = None,
    pools: PoolRules | None = None,
    slow: SlowInputs | None = None,
) -> list[StoreBaseline]:
    """The baselines of all stores; a store with less than two hours of history has none.

    Args:
        histories: read twice, so a list or an object that can be iterated again; one store in memory at a time.
        fitted_at_ms: the time to note in the baselines.
        kernels: known kernels by (store_id, step), from attributed pairs; others are found from the counts, as is what is slower
            than those of ``KernelSource.PAIRS_IN_PART``.
        progress: called with the phase and how many stores are done.
        pools: who is pooled with whom; the pools' baselines follow those of the stores.
        slow: what is known of slow steps beyond the counts.
    """
    report = progress or (lambda phase, done: None)
    plans: dict[str, _Plan] = {}
    for done, history in enumerate(histories):
        plans[history.store_id] = _plan(history)
        report("kernels", done + 1)
    kernel_of = _all_kernels(plans, kernels or {})
    data, facts, slow_past = _read(histories, plans, kernel_of, slow or SlowInputs(), report)
    sums = PoolSums(pools, NOISE_DAYS * 1440 // BIN, BIN) if pools is not None else None
    for number, (step, members) in enumerate(data.items()):
        fit_step(step, members, sums)
        report("steps", number + 1)
    found: dict[str, dict[str, StepBaseline]] = {store_id: {} for store_id in facts}
    for step, members in data.items():
        for member in members:
            if member.found is not None:
                found[member.store_id][step] = member.found
    traffic = fit_traffic(_entries(plans, data) + _lone_entries(histories, plans))
    slow_steps = fit_slow(slow_past)
    found_stores = [
        StoreBaseline(
            store_id=store_id,
            zone=facts[store_id].zone,
            fitted_at_ms=fitted_at_ms,
            trained_from_ms=facts[store_id].start_minute * MINUTE_MS,
            trained_until_ms=(facts[store_id].start_minute + facts[store_id].minutes) * MINUTE_MS,
            days=round(facts[store_id].minutes / 1440, 3),
            stages=plans[store_id].stages,
            steps=steps,
            traffic=traffic.get(store_id),
            slow=slow_steps.get(store_id),
        )
        for store_id, steps in found.items()
        if steps or store_id in traffic or store_id in slow_steps
    ]
    if sums is None or not found_stores:
        return found_stores
    until_ms = max(baseline.trained_until_ms for baseline in found_stores)
    return found_stores + sums.baselines(fitted_at_ms, until_ms)


def _read(
    histories: Iterable[StoreHistory],
    plans: dict[str, _Plan],
    kernel_of: dict[tuple[str, str], FittedKernel],
    slow: SlowInputs,
    report: Callable[[str, int], None],
) -> tuple[dict[str, list[StepData]], dict[str, StoreHistory], list[SlowHistory]]:
    """What the fit needs of every store with enough history: binned counts by step, its extent, its slow step's past."""
    data: dict[str, list[StepData]] = {}
    facts: dict[str, StoreHistory] = {}
    slow_past: list[SlowHistory] = []
    for done, history in enumerate(histories):
        if history.minutes < OWN_HISTORY_MINUTES:
            continue
        facts[history.store_id] = StoreHistory(
            history.store_id,
            history.zone,
            history.start_minute,
            (),
            np.zeros((0, 7, history.minutes), np.int8),
        )
        for step, (up, down) in plans[history.store_id].steps.items():
            data.setdefault(step, []).append(
                bin_history(history, up, down, kernel_of[history.store_id, step])
            )
        past = slow.history(history)
        if past is not None:
            slow_past.append(past)
        report("exposure", done + 1)
    return data, facts, slow_past


def _entries(plans: dict[str, _Plan], data: dict[str, list[StepData]]) -> list[TrafficHistory]:
    """The traffic of the stores that have enough of it behind them."""
    found = []
    for step, members in data.items():
        for member in members:
            plan = plans[member.store_id]
            entry = entry_stage(plan.stages)
            if plan.steps[step][0] == entry and member.days >= TRAFFIC_DAYS and member.usual:
                found.append(
                    TrafficHistory(member.store_id, entry, member.usual, member.upstream, member.how)
                )
    return found


def _lone_entries(histories: Iterable[StoreHistory], plans: dict[str, _Plan]) -> list[TrafficHistory]:
    """The traffic of the stores without a step: whether their only stage still comes can be judged all the same."""
    lone = {store_id for store_id, plan in plans.items() if not plan.steps and plan.stages}
    found = []
    for history in histories if lone else ():
        if history.store_id in lone and history.minutes >= TRAFFIC_DAYS * 1440:
            entry = plans[history.store_id].stages[0]
            data = bin_history(history, entry, entry, FittedKernel(default_kernel()))
            found.append(TrafficHistory(history.store_id, entry, data.usual, data.upstream, data.how))
    return found


def _plan(history: StoreHistory) -> _Plan:
    stages = history.stages
    plan = _Plan(stages=tuple(stage.value for stage in stages))
    first = history.start_minute
    local = local_minutes(history.zone, np.arange(first, first + history.minutes, dtype=np.int64))
    for step in history.steps:
        if step.is_fast:
            counts = history.of_step(step.upstream)[1]
            up, down = (
                counts[:, STAGE_INDEX[stage]].sum(axis=0, dtype=np.int64).astype(float)
                for stage in (step.upstream, step.downstream)
            )
            plan.steps[step.id] = (step.upstream.value, step.downstream.value)
            plan.evidence[step.id] = kernel_evidence(up, down)
            plan.tails[step.id] = tail_evidence(up, down, local)
    return plan


def _all_kernels(
    plans: dict[str, _Plan], paired: dict[tuple[str, str], Kernel]
) -> dict[tuple[str, str], FittedKernel]:
    """The kernel of every store-step: that of its pairs where they speak for all, else what counts and pairs say together."""
    by_step: dict[str, list[str]] = {}
    for store_id, plan in plans.items():
        for step in plan.steps:
            by_step.setdefault(step, []).append(store_id)
    found: dict[tuple[str, str], FittedKernel] = {}
    for step, stores in by_step.items():
        of_pairs = [paired.get((store_id, step)) for store_id in stores]
        fitted = fit_kernels(
            [plans[store_id].evidence[step] for store_id in stores],
            [plans[store_id].tails[step] for store_id in stores],
            of_pairs,
        )
        for store_id, kernel, of_pair in zip(stores, fitted, of_pairs, strict=True):
            is_whole = of_pair is not None and of_pair.source is not KernelSource.PAIRS_IN_PART
            found[store_id, step] = FittedKernel(of_pair) if of_pair is not None and is_whole else kernel
    return found
