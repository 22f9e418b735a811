"""An alert as ClickHouse gives it back: its columns in SQL, said once, and the row as the core's ``AlertTransition``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from scoring.alerts.alert import (
    AlertContribution,
    AlertKind,
    AlertLabel,
    AlertState,
    AlertTransition,
    Level,
    WindowFigures,
)

Member = TypeVar("Member", bound=StrEnum)

#: fields whose column is not of their own name and type
_AS_SQL = {
    **{name: f"toString({name})" for name in ("kind", "level", "state", "label")},
    **{
        f"{name}_ms": f"toUnixTimestamp64Milli(toDateTime64({name}, 3, 'UTC'))"
        for name in ("at", "opened_at", "fired_at", "resolved_at")
    },
    "window_minutes": "toUInt32(window_minutes)",
    "contributions": "arrayMap(c -> (c.1, c.2), contributions)",
    "end_figures": "(end_observed, end_expected, end_low, end_high, end_minutes, end_sample)",
}
#: the name a column has in the answer: not the table's own, or a condition on it would mean the answer's
_PREFIX = "alert_"


#: alerts as they were at ``at_ms``: of each the last transition until then, in the columns of the view ``alerts``
ALERTS_THEN = """(
    SELECT *
    FROM alert_transitions
    WHERE at <= fromUnixTimestamp64Milli({at_ms:Int64}, 'UTC')
    ORDER BY store_id, alert_id, sequence DESC
    LIMIT 1 BY store_id, alert_id
) AS alerts"""


def _named(field: str) -> str:
    return field if field.startswith(_PREFIX) else _PREFIX + field


#: how far back alerts are looked for, those that still fire too
ALERT_DAYS = 90
ALERT_COLUMNS = ", ".join(
    f"{_AS_SQL.get(field, field)} AS {_named(field)}" for field in AlertTransition.__struct_fields__
)


def _member(kind: type[Member], value: str, default: Member) -> Member:
    """The member that a row names; ``default`` for an empty value or one of another release."""
    return kind(value) if value in set(kind) else default


def alert_of(row: Mapping[str, Any]) -> AlertTransition:
    """The alert of a row selected by ``ALERT_COLUMNS``."""
    values = {field: row[_named(field)] for field in AlertTransition.__struct_fields__}
    for field in ("at_ms", "opened_at_ms", "sequence", "window_minutes"):
        values[field] = int(values[field])
    for field in ("fired_at_ms", "resolved_at_ms"):
        values[field] = int(values[field]) if values[field] else None
    values["kind"] = _member(AlertKind, values["kind"], AlertKind.CONVERSION)
    values["level"] = _member(Level, values["level"], Level.NOTICE)
    values["state"] = AlertState(values["state"])
    values["label"] = _member(AlertLabel, values["label"], AlertLabel.UNKNOWN)
    values["contributions"] = tuple(
        AlertContribution(name, float(share)) for name, share in values["contributions"]
    )
    values["members"] = tuple(values["members"])
    observed, *others = values["end_figures"]
    values["end_figures"] = () if observed is None else (WindowFigures(observed, *others),)
    return msgspec.convert(values, AlertTransition)


def alerts_then(sql: str) -> str:
    """The query ``sql`` of the view ``alerts``, asked of a past moment: it needs ``at_ms`` as well."""
    return sql.replace("FROM alerts\n", f"FROM {ALERTS_THEN}\n")
