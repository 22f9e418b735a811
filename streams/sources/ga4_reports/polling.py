"""What is asked for: the figures of a property by day and by hour of its own clock, asked again while GA4 changes them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scoring.funnel.units import DAY_MS
from scoring.records.report_rules import is_complete
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import UnreadableValueError, text_of, whole_of
from streams.sources.asking import AnswerGarbledError, HttpAnswer, HttpRequest, PlatformApi
from streams.sources.ga4_reports.config import Ga4ReportsConnection
from streams.sources.ga4_reports.mapping import DAYS, DIMENSIONS, HOURS, KEPT, MEASURES, PLATFORM
from streams.sources.source import Poll, PolledRow, PollPage, polled_row

#: rows may change for three days; a day more, because a window is cut at the property's midnight
RESTATED_DAYS = 4
_DAY_LASTS_S = DAY_MS / 1000
_ROWS_ASKED = 10_000


def polls(config: Ga4ReportsConnection) -> tuple[Poll, ...]:
    """Days and hours."""
    first_s = config.first_days * _DAY_LASTS_S
    return tuple(
        Poll(
            resource,
            PollPlan(config.interval_s, window_s, overlap_s, 0.0, first),
            partial(page, config, resource),
            scope="analytics.readonly",
            restated_days=RESTATED_DAYS,
            only=KEPT,
        )
        for resource, window_s, overlap_s, first in (
            (DAYS, 28 * _DAY_LASTS_S, 2 * _DAY_LASTS_S, first_s),
            (HOURS, 2 * _DAY_LASTS_S, _DAY_LASTS_S, min(first_s, 2 * _DAY_LASTS_S)),
        )
    )


async def page(
    config: Ga4ReportsConnection, resource: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """One page of the figures of the days that a window touches, wherever the property's midnight is."""
    offset = int(mark or 0)
    first = datetime.fromtimestamp(window.from_ms / 1000, UTC).date() - timedelta(days=1)
    # GA4 knows its today; ours may be yesterday there, or tomorrow
    is_recent = api.now_ms - window.to_ms < 2 * DAY_MS
    last = datetime.fromtimestamp(window.to_ms / 1000, UTC).date() + timedelta(days=1)
    content = {
        "dimensions": [{"name": DIMENSIONS[resource]}],
        "metrics": [{"name": name} for name in MEASURES.values()],
        "dateRanges": [
            {"startDate": first.isoformat(), "endDate": "today" if is_recent else last.isoformat()}
        ],
        "orderBys": [{"dimension": {"dimensionName": DIMENSIONS[resource]}}],
        "limit": str(_ROWS_ASKED),
        "offset": str(offset),
        "returnPropertyQuota": True,
    }
    headers = {"Content-Type": "application/json"}
    answer = await api.ask(
        HttpRequest(config.address(), "POST", headers=headers, body=json.dumps(content).encode())
    )
    try:
        rows, total = _rows(answer, resource, api.now_ms)
    except (UnreadableValueError, KeyError, TypeError, ValueError, ZoneInfoNotFoundError) as error:
        raise AnswerGarbledError(f"{answer.host}: no report: {error}") from error
    read = offset + len(rows)
    if rows or not offset:
        return PollPage(rows=rows, next_mark=str(read) if read < total else "", total=total)
    raise AnswerGarbledError(f"{answer.host}: {total} rows, but nothing after {offset}")


def _rows(answer: HttpAnswer, resource: str, now_ms: int) -> tuple[list[PolledRow], int]:
    """The rows of a report, each with what makes it readable later: zone, currency, whether it is sampled, whether complete."""
    content = answer.json()
    if not isinstance(content, dict) or "metricHeaders" not in content or "metadata" not in content:
        raise UnreadableValueError("the answer is of another form: not an empty report")
    metrics = [text_of(one["name"], "metricHeaders.name") for one in content["metricHeaders"]]
    about = content["metadata"]
    zone = ZoneInfo(text_of(about.get("timeZone"), "timeZone"))
    shared = {"zone": zone.key, "currency": about.get("currencyCode", ""), "partial": _partial(about)}
    found = []
    for row in content.get("rows", ()):
        when = text_of(row["dimensionValues"][0]["value"], DIMENSIONS[resource])
        values = dict(zip(metrics, (one["value"] for one in row["metricValues"]), strict=True))
        found.append(_polled(when, {**values, **shared}, zone, now_ms))
    return found, whole_of(content.get("rowCount", 0), "rowCount")


def _polled(when: str, values: dict[str, Any], zone: ZoneInfo, now_ms: int) -> PolledRow:
    day = date(int(when[:4]), int(when[4:6]), int(when[6:8]))
    # as digits alone an hour reads like a telephone number, and would be masked like one
    written = f"{day.isoformat()}T{when[8:]}" if when[8:] else day.isoformat()
    after = datetime.combine(day + timedelta(days=1), time(), zone)
    ends_ms = round(after.timestamp() * 1000)
    content = {"when": written, **values, "complete": is_complete(PLATFORM, ends_ms, now_ms)}
    return polled_row(when, content, min(ends_ms, now_ms))


def _partial(about: dict[str, Any]) -> str:
    """Why the figures are not of all events: sampled, withheld for few people, or rolled into (other); empty if they are."""
    found = []
    for one in about.get("samplingMetadatas") or ():
        read = whole_of(one.get("samplesReadCount"), "samplesReadCount")
        size = whole_of(one.get("samplingSpaceSize"), "samplingSpaceSize")
        if size and read < size:
            found.append(f"sampled: {100 * read / size:.1f} % of events")
    found += ["thresholded"] * (about.get("subjectToThresholding") is True)
    found += ["rows in (other)"] * (about.get("dataLossFromOtherRow") is True)
    return ", ".join(found)
