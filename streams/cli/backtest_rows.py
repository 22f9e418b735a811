"""What ``funnelwatch backtest`` writes for programs: each alert as a line of JSON, and the figures of the report as one object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from scoring.alerts.alert import AlertKind, AlertTransition, Level
from scoring.baselines.minute_table import MinuteTable
from scoring.detection import DetectionPolicy
from scoring.detection.comparison import KnownIncident, compare
from streams.backtest.remarks import file_remarks
from streams.backtest.run import BacktestResult


def iso(at_ms: int | None) -> str | None:
    """A time as ISO 8601 UTC text."""
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_row(
    alert: AlertTransition, details: bool = False, paged_at_ms: Mapping[str, int] = MappingProxyType({})
) -> dict[str, Any]:
    """An alert as a line of the output file; with ``details`` also what it rests on.

    Args:
        alert: its last state.
        details: also interval, window, shares, note and id.
        paged_at_ms: when alerts first paged, by their ids.
    """
    row: dict[str, Any] = {
        "store_id": alert.store_id,
        "step": alert.step,
        "segment": alert.segment,
        "level": alert.level.value,
        "opened_at": iso(alert.opened_at_ms),
        "resolved_at": iso(alert.resolved_at_ms),
        "surprise": round(alert.surprise, 3),
        "observed": round(alert.observed, 3),
        "expected": round(alert.expected, 3),
        "lost": round(alert.lost, 2),
        "label": alert.label.value,
        "kind": alert.kind.value,
        "direction": "up" if alert.kind is AlertKind.SURGE else "down",
        "fired_at": iso(alert.fired_at_ms),
        "paged_at": iso(paged_at_ms.get(alert.alert_id)),
    }
    if details:
        row |= {
            "low": alert.low,
            "high": alert.high,
            "window_minutes": alert.window_minutes,
            "lost_low": round(alert.lost_low, 2),
            "lost_high": round(alert.lost_high, 2),
            "contributions": {part.segment: round(part.share, 3) for part in alert.contributions},
            "note": alert.note,
            **({"members": list(alert.members)} if alert.members else {}),
            "alert_id": alert.alert_id,
        }
    return row


def summary(
    outcome: BacktestResult,
    table: MinuteTable,
    policy: DetectionPolicy,
    incidents: list[KnownIncident] | None,
) -> dict[str, Any]:
    """The figures of the report: what was tested, how many alerts a store-week, and how known incidents were met."""
    from_ms, until_ms = outcome.from_minute * 60_000, outcome.until_minute * 60_000
    weeks = outcome.store_weeks(len(table.stores))
    levels: dict[str, dict[str, float | None]] = {}
    for level in Level:
        count = sum(alert.level is Level.PAGE or level is Level.NOTICE for alert in outcome.alerts)
        levels[level.value] = {"alerts": count, "per_store_week": round(count / max(weeks, 1e-9), 4)}
        if incidents is not None:
            met = compare(outcome.alerts, incidents, list(table.stores), from_ms, until_ms, level)
            levels[level.value] |= {
                "incidents": met.incidents,
                "found": met.found,
                "median_delay_minutes": met.median_delay_minutes,
                "false_alerts": met.false_alerts,
                "clean_store_weeks": round(met.clean_weeks, 3),
                "false_per_store_week": round(met.false_per_week, 4),
            }
    return {
        "data_from": iso(table.first * 60_000),
        "tested_from": iso(from_ms),
        "tested_until": iso(until_ms),
        "stores": len(table.stores),
        "store_weeks": round(weeks, 3),
        "thresholds": {"notice": policy.notice, "page": policy.page},
        "conversion": levels,
        "by_step": dict(Counter(alert.step for alert in outcome.alerts)),
        "by_label": dict(Counter(alert.label.value for alert in outcome.alerts)),
        "other_kinds": dict(
            Counter(alert.kind.value for alert in (*outcome.traffic, *outcome.rises, *outcome.pooled))
        ),
        "held_back": len(outcome.held_back),
        "not_judged": list(outcome.unfitted),
        "remarks": file_remarks(table),
    }
