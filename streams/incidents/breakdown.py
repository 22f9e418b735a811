"""What a step counted in a span of time by one dimension of its events, and in the same span a week or a day before.

Asked of raw events when somebody wants to know: the stream does not segment by product or campaign, so there is no expectation and no
score. Both counts are given as they are, and a difference of small counts is chance.

Used by the page, the API and ``funnelwatch events breakdown``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from scoring.funnel.segment_names import takes_part_sql
from scoring.funnel.stages import STEP_BY_ID, Stage
from scoring.funnel.units import DAY_MS, HOUR_MS


class SplitBy(StrEnum):
    """What raw events can be split by, in the order in which it is offered."""

    PRODUCT = "product"
    CATEGORY = "category"
    CAMPAIGN = "campaign"
    COUNTRY = "country"
    CHANNEL = "channel"
    DEVICE_CLASS = "device_class"
    PAYMENT_METHOD = "payment_method"


class Before(StrEnum):
    """What a span is compared with: the same one a week or a day before."""

    WEEK = "week"
    DAY = "day"


DIMENSIONS = tuple(one.value for one in SplitBy)
AGAINST: Mapping[str, int] = {Before.WEEK: 7 * DAY_MS, Before.DAY: DAY_MS}
#: raw events are read for it: no more than this at once
LONGEST_MS = 72 * HOUR_MS
#: a change is given from so many arrivals before on: of fewer it is mostly chance
LEAST_BEFORE = 10


class BreakdownRow(msgspec.Struct, frozen=True):
    """One value of the dimension; empty: the events do not say. ``change`` is None where too few came before."""

    value: str
    entered: int
    advanced: int
    entered_before: int
    advanced_before: int
    change: float | None


class Breakdown(msgspec.Struct, frozen=True):
    """A step of one store in [from_ms, to_ms) by one dimension, what fell most first (what has most, where nothing came before); ``rows`` are those, ``whole`` is everything.

    ``before_from_ms`` is the beginning of the span it is compared with. ``values`` is how many values there are.
    """

    store_id: str
    step: str
    by: str
    against: str
    from_ms: int
    to_ms: int
    before_from_ms: int
    values: int
    whole: BreakdownRow
    rows: tuple[BreakdownRow, ...]


def breakdown_sql(by: str) -> str:
    """The question, with the parameters of ``breakdown_parameters``; ``by`` is a ``SplitBy``."""
    by = SplitBy(by).value  # it is put into the text
    columns = ("entered", "advanced", "entered_before", "advanced_before")
    in_all = ", ".join(f"sum({name}) OVER () AS all_{name}" for name in columns)
    return f"""
SELECT value, {", ".join(columns)}, {in_all}, count() OVER () AS all_values
FROM
(
    SELECT value, countIf(type = {{entered:String}} AND is_now) AS entered, countIf(type = {{advanced:String}} AND is_now) AS advanced,
           countIf(type = {{entered:String}} AND NOT is_now) AS entered_before,
           countIf(type = {{advanced:String}} AND NOT is_now) AS advanced_before
    FROM
    (
        SELECT toString({by}) AS value, toString(type) AS type, event_time >= {_moment("from_s")} AS is_now
        FROM events
        WHERE store_id = {{store:String}} AND events.type IN ({{entered:String}}, {{advanced:String}})
          AND if({{is_from_page:UInt8}}, {takes_part_sql(Stage.CLICK)}, {takes_part_sql(Stage.ORDER)}) AND device_class != 'bot'
          AND ((event_time >= {_moment("from_s")} AND event_time < {_moment("to_s")})
            OR (event_time >= {_moment("before_from_s")} AND event_time < {_moment("before_to_s")}))
    )
    GROUP BY value
)
ORDER BY if(all_advanced_before = 0, 0, toInt64(advanced_before) - toInt64(advanced)) DESC, advanced DESC, entered DESC, value
LIMIT {{most:Int64}}
"""


def _moment(name: str) -> str:
    return f"toDateTime64({{{name}:Int64}}, 3, 'UTC')"


def breakdown_parameters(
    store_id: str, step: str, against: str, from_ms: int, to_ms: int, most: int
) -> dict[str, Any]:
    """The parameters of ``breakdown_sql``; the span is taken in whole seconds."""
    shift_s, known = AGAINST[against] // 1000, STEP_BY_ID[step]
    from_s, to_s = from_ms // 1000, -(-to_ms // 1000)
    return {
        "store": store_id,
        "entered": known.upstream.value,
        "advanced": known.downstream.value,
        "is_from_page": int(known.is_from_page),
        "from_s": from_s,
        "to_s": to_s,
        "before_from_s": from_s - shift_s,
        "before_to_s": to_s - shift_s,
        "most": most,
    }


def breakdown_of(
    rows: Sequence[Mapping[str, Any]],
    store_id: str,
    step: str,
    by: str,
    against: str,
    from_ms: int,
    to_ms: int,
) -> Breakdown:
    """The answer from the rows of ``breakdown_sql``."""
    first = rows[0] if rows else {}
    return Breakdown(
        store_id=store_id,
        step=step,
        by=by,
        against=against,
        from_ms=from_ms,
        to_ms=to_ms,
        before_from_ms=from_ms - AGAINST[against],
        values=int(first.get("all_values", 0)),
        whole=_row("", first, "all_"),
        rows=tuple(_row(str(row["value"]), row, "") for row in rows),
    )


def _row(value: str, row: Mapping[str, Any], prefix: str) -> BreakdownRow:
    entered, advanced, entered_before, advanced_before = (
        int(row.get(f"{prefix}{name}", 0))
        for name in ("entered", "advanced", "entered_before", "advanced_before")
    )
    is_enough = advanced_before >= LEAST_BEFORE
    return BreakdownRow(
        value=value,
        entered=entered,
        advanced=advanced,
        entered_before=entered_before,
        advanced_before=advanced_before,
        change=advanced / advanced_before - 1 if is_enough else None,
    )
