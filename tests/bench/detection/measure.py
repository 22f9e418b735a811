"""Runs the product's own fit and detector over simulated stores and compares its alerts with the labels."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from simulator import DAY, STEP, Store, World

from scoring.alerts.alert import AlertKind, AlertState, AlertTransition, Level
from scoring.baselines import StoreHistory, fit_baselines
from scoring.counting.lateness import Lateness
from scoring.detection import DetectionPolicy, Detector

#: a loss of visitors counts as planted if it took this many
MIN_LOST = 30.0


@dataclass
class Alert:
    store_id: str
    segment: str
    level: Level
    opened: int
    closed: int
    surprise: float
    page_at: float = np.inf
    step: str = ""


def train_part(store: Store, world: World) -> StoreHistory:
    history = store.history
    return StoreHistory(
        history.store_id,
        history.zone,
        history.start_minute,
        history.segments,
        history.counts[:, :, : world.train_days * DAY],
    )


def run_detector(
    stores: list[Store], world: World, policy: DetectionPolicy, baselines=None
) -> tuple[list[Alert], dict]:
    started = time.perf_counter()
    if baselines is None:
        baselines = fit_baselines([train_part(store, world) for store in stores], 0)
    fitted = time.perf_counter()
    detector = Detector(policy)
    rows = []
    for baseline, store in zip(baselines, stores, strict=True):
        assert baseline.store_id == store.history.store_id
        detector.set_baseline(baseline)
        rows += [detector.row_of(store.history.store_id, segment) for segment in store.history.segments]
    minutes = np.concatenate([store.history.counts for store in stores]).transpose(2, 0, 1)
    first = (world.train_days - 2) * DAY
    events = np.stack([store.history.counts.sum((0, 1), dtype=np.int64) for store in stores], axis=1).tolist()
    names, lateness = [store.history.store_id for store in stores], Lateness()
    transitions: list[AlertTransition] = []
    for minute in range(first, len(minutes)):
        totals = {name: (count,) for name, count in zip(names, events[minute], strict=True) if count}
        delays = lateness.close(world.start + minute, totals)
        transitions += detector.advance_matrix(world.start + minute, minutes[minute], delays)
    ended = time.perf_counter()
    alerts: dict[str, Alert] = {}
    for t in transitions:
        if t.kind is not AlertKind.CONVERSION:
            continue
        known = alerts.get(t.alert_id)
        if known is None:
            if t.fired_at_ms is None:  # pending: nobody is notified
                continue
            known = alerts[t.alert_id] = Alert(
                t.store_id, t.segment, t.level, t.fired_at_ms // 60_000, 10**9, t.surprise, step=t.step
            )
        known.surprise = max(known.surprise, t.surprise)
        if t.level is Level.PAGE and not np.isfinite(known.page_at):
            known.page_at = t.at_ms // 60_000
        known.closed = t.at_ms // 60_000 if t.state is AlertState.RESOLVED else 10**9
    test = world.start + world.train_days * DAY
    kept = [alert for alert in alerts.values() if alert.opened > test]
    return kept, {
        "fit_s": fitted - started,
        "run_s": ended - fitted,
        "baselines": baselines,
        "detector": detector,
        "traffic": judge_traffic([t for t in transitions if t.at_ms // 60_000 > test], stores, world),
    }


def judge_traffic(transitions: list[AlertTransition], stores: list[Store], world: World) -> dict:
    """How many visitors' losses of half and more were reported, and how many traffic alerts were false."""
    opened: dict[str, list[int]] = {}
    for t in transitions:
        if t.kind is AlertKind.TRAFFIC and t.sequence == 0:
            opened.setdefault(t.store_id, []).append(t.opened_at_ms // 60_000)
    planted, found, false = 0, 0, 0
    for store in stores:
        mine = opened.get(store.history.store_id, [])
        for incident in store.incidents:
            if (
                incident.kind == "traffic"
                and incident.depth > 0.5
                and getattr(incident, "lost", np.inf) >= MIN_LOST
            ):
                planted += 1
                found += any(incident.start < at <= incident.end + 5 for at in mine)
        losses = [(i.start, i.end + 9 * 60) for i in store.incidents if i.kind == "traffic"]
        false += sum(not any(start < at <= end for start, end in losses) for at in mine)
    weeks = len(stores) * world.test_days / 7
    return {"planted": planted, "found": found, "false": false, "false_per_store_week": false / weeks}


def judge(alerts: list[Alert], stores: list[Store], world: World, level: Level = Level.NOTICE) -> dict:
    """Recall, delay and false alerts of alerts at ``level`` or louder."""
    quiet = 9 * 60
    by_store: dict[str, list[Alert]] = {}
    for alert in alerts:
        opened = alert.opened if level is Level.NOTICE else alert.page_at
        if np.isfinite(opened):
            by_store.setdefault(alert.store_id, []).append(
                Alert(
                    alert.store_id,
                    alert.segment,
                    alert.level,
                    int(opened),
                    alert.closed,
                    alert.surprise,
                    step=alert.step,
                )
            )
    volumes = np.array([store.clicks_per_hour for store in stores])
    quartile = np.searchsorted(np.quantile(volumes, [0.25, 0.5, 0.75]), volumes)
    rows, false, weeks = [], np.zeros(4), np.zeros(4)
    traffic_false = traffic_count = 0
    wrong = []
    for store, q in zip(stores, quartile, strict=True):
        mine = by_store.get(store.history.store_id, [])
        busy = np.zeros(world.test_days * DAY, dtype=bool)
        test = world.start + world.train_days * DAY
        claimed = set()
        for incident in store.incidents:
            busy[max(incident.start - test, 0) : incident.end - test + quiet] = True
            step = getattr(incident, "step", "")
            near = [a for a in mine if step in ("", a.step) or not a.step]
            hits = [a for a in near if incident.start < a.opened <= incident.end + 5]
            running = [a for a in near if a.opened <= incident.start < a.closed]
            claimed |= {id(a) for a in hits}
            if incident.kind == "traffic":
                traffic_count += 1
                traffic_false += bool(hits)
                continue
            delay = min((a.opened for a in hits), default=np.inf) - incident.start
            rows.append(
                (
                    incident.kind,
                    incident.depth,
                    q,
                    incident.bound,
                    delay,
                    bool(running),
                    hits[0].segment == incident.segment if hits else False,
                )
            )
        weeks[q] += (~busy).sum() / (7 * DAY)
        for a in mine:
            if id(a) not in claimed and not busy[min(a.opened - test, len(busy) - 1)]:
                false[q] += 1
                wrong.append(a)
    kinds = np.array([f"{r[0]} {r[1]:.0%}" for r in rows])
    bound, delay = np.array([r[3] for r in rows], dtype=float), np.array([r[4] for r in rows], dtype=float)
    abrupt = np.array([r[0] == "abrupt" for r in rows])
    feasible, hit = np.isfinite(bound), np.isfinite(delay)
    where = np.array([r[6] for r in rows])
    both = feasible & hit & abrupt
    return {
        "store_weeks": float(weeks.sum()),
        "false_alerts": int(false.sum()),
        "far": float(false.sum() / max(weeks.sum(), 1e-9)),
        "far_by_quartile": (false / np.maximum(weeks, 1e-9)).round(3).tolist(),
        "recall": {kind: round(float(hit[kinds == kind].mean()), 3) for kind in sorted(set(kinds))},
        "feasible_share": {
            kind: round(float(feasible[kinds == kind].mean()), 3) for kind in sorted(set(kinds))
        },
        "of_feasible_abrupt": float((hit & feasible & abrupt).sum() / max((feasible & abrupt).sum(), 1)),
        "of_feasible_by_quartile": [
            round(float(hit[feasible & abrupt & (np.array([r[2] for r in rows]) == q)].mean()), 3)
            if (feasible & abrupt & (np.array([r[2] for r in rows]) == q)).any()
            else None
            for q in range(4)
        ],
        "median_delay_over_bound": float(np.median(delay[both] / bound[both])) if both.any() else None,
        "segment_named": float(where[hit & np.char.startswith(kinds, "segment")].mean())
        if (hit & np.char.startswith(kinds, "segment")).any()
        else None,
        "whole_named": float(where[hit & abrupt].mean()) if (hit & abrupt).any() else None,
        "traffic_false_share": traffic_false / max(traffic_count, 1),
        "wrong": wrong,
        "rows": rows,
    }


__all__ = ["STEP", "Alert", "judge", "run_detector", "train_part"]
