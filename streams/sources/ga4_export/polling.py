"""What is asked for: the figures of a property by day and by hour, counted in BigQuery, so that no event of a visitor leaves it.

A day is in a table of its own once it is over, and in an intraday table until then; where both are there, the day's own counts. Finished
tables are rewritten for three days. Asked over HTTP like every source here, so that budget, retries and errors are the frame's.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from scoring.funnel.units import DAY_MS
from scoring.records.report_rules import is_complete
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import UnreadableValueError, text_of, whole_of
from streams.sources.asking import (
    AnswerGarbledError,
    HttpAnswer,
    HttpRequest,
    PlatformApi,
    PlatformFailedError,
)
from streams.sources.ga4_export.config import Ga4ExportConnection
from streams.sources.ga4_reports.mapping import DAYS, HOURS, KEPT, MEASURES, PLATFORM
from streams.sources.ga4_reports.polling import RESTATED_DAYS
from streams.sources.market_asking import part_of
from streams.sources.source import Poll, PolledRow, PollPage, polled_row

_DAY_S, _ROWS = DAY_MS / 1000, 5000
_GIGABYTE = 1_000_000_000
#: seconds that an answer may wait for its query, and how often it is looked at after that
_WAIT_MS, _MAX_LOOKS = 60_000, 20
#: our metric → how it is counted; an event that was exported twice is one, a purchase is one by its transaction
_COUNTED = {
    "sessions": "COUNT(DISTINCT CONCAT(user_pseudo_id, ' ', CAST(session AS STRING)))",
    "engagedSessions": "COUNT(DISTINCT IF(engaged, CONCAT(user_pseudo_id, ' ', CAST(session AS STRING)), NULL))",
    "activeUsers": "COUNT(DISTINCT IF(is_active_user, user_pseudo_id, NULL))",
    "screenPageViews": "COUNTIF(event_name IN ('page_view', 'screen_view'))",
    "itemListViewEvents": "COUNTIF(event_name = 'view_item_list')",
    "itemViewEvents": "COUNTIF(event_name = 'view_item')",
    "addToCarts": "COUNTIF(event_name = 'add_to_cart')",
    "checkouts": "COUNTIF(event_name = 'begin_checkout')",
    "ecommercePurchases": "COUNTIF(event_name = 'purchase' AND is_first)",
    "purchaseRevenue": "CAST(ROUND(SUM(IF(event_name = 'purchase' AND is_first, revenue, 0)), 2) AS STRING)",
}
_QUERY = """
WITH raw AS (
  SELECT
    event_date, event_timestamp, event_name, user_pseudo_id, is_active_user,
    STARTS_WITH(_TABLE_SUFFIX, 'intraday_') AS is_intraday,
    IFNULL(ecommerce.purchase_revenue_in_usd, 0) AS revenue,
    NULLIF(NULLIF(ecommerce.transaction_id, ''), '(not set)') AS transaction_id,
    (SELECT value.int_value FROM UNNEST(event_params) WHERE key = 'ga_session_id' LIMIT 1) AS session,
    IFNULL((
      SELECT COALESCE(value.string_value, CAST(value.int_value AS STRING)) FROM UNNEST(event_params) WHERE key = 'session_engaged' LIMIT 1
    ), '0') = '1' AS engaged
  FROM `%s`
  WHERE _TABLE_SUFFIX BETWEEN @first AND @last
    OR _TABLE_SUFFIX BETWEEN CONCAT('intraday_', @first) AND CONCAT('intraday_', @last)
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY _TABLE_SUFFIX, user_pseudo_id, event_timestamp, event_name, batch_page_id, batch_ordering_id, batch_event_index
    ORDER BY event_timestamp
  ) = 1
), days AS (
  SELECT event_date, LOGICAL_AND(is_intraday) AS is_open FROM raw GROUP BY event_date
), events AS (
  SELECT raw.*, is_open, ROW_NUMBER() OVER (
    PARTITION BY event_name, IFNULL(transaction_id, CONCAT(user_pseudo_id, ' ', CAST(event_timestamp AS STRING))) ORDER BY event_timestamp
  ) = 1 AS is_first
  FROM raw JOIN days USING (event_date)
  WHERE is_intraday = is_open
)
SELECT %s AS period, LOGICAL_OR(is_open) AS is_open, %s
FROM events GROUP BY period ORDER BY period
"""
_PERIODS = {
    DAYS: "event_date",
    HOURS: "CONCAT(event_date, FORMAT_TIMESTAMP('%H', TIMESTAMP_MICROS(event_timestamp), @zone))",
}


def polls(config: Ga4ExportConnection) -> tuple[Poll, ...]:
    """Days and hours."""
    first_s = config.first_days * _DAY_S
    plans = {
        DAYS: PollPlan(6 * 3600.0, 28 * _DAY_S, 2 * _DAY_S, 0.0, first_s),
        HOURS: PollPlan(config.interval_s, 2 * _DAY_S, _DAY_S, 0.0, min(first_s, 2 * _DAY_S)),
    }
    return tuple(
        Poll(
            resource, plan, partial(page, config, resource), scope="bigquery.jobs.create", restated_days=RESTATED_DAYS, only=KEPT,
        )
        for resource, plan in plans.items()
    )  # fmt: skip


def query_of(config: Ga4ExportConnection, resource: str) -> str:
    """The query of a resource."""
    counted = ", ".join(f"{how} AS {name}" for name, how in _COUNTED.items())
    return _QUERY % (config.tables, _PERIODS[resource], counted)


async def page(
    config: Ga4ExportConnection, resource: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """The figures of the days that a window touches. The mark is the query's job, its place, how often it was looked at, and the page."""
    clock = ZoneInfo(str(config.zone))
    if mark:
        job, location, looks, token = mark.split(" ")
        asked = (("location", location), ("timeoutMs", str(_WAIT_MS)), ("maxResults", str(_ROWS)))
        more = (("pageToken", token),) if token else ()
        answer = await api.ask(HttpRequest(f"{config.address()}/{job}", query=(*asked, *more)))
    else:
        answer, looks = await api.ask(_asked(config, resource, window, clock)), "0"
    content = part_of(answer, answer.json())
    reference = part_of(answer, content, "jobReference")
    job = " ".join(str(reference.get(name) or "") for name in ("jobId", "location"))
    if content.get("jobComplete") is not True:
        if int(looks) >= _MAX_LOOKS:
            raise PlatformFailedError(
                f"{answer.host}: the query is still running: that is not an empty answer"
            )
        return PollPage(rows=(), next_mark=f"{job} {int(looks) + 1} ")
    token = str(content.get("pageToken") or "")
    try:
        rows = _rows(answer, content, resource, clock, api.now_ms)
        total = whole_of(content.get("totalRows"), "totalRows")
    except (UnreadableValueError, KeyError, TypeError, ValueError) as error:
        raise AnswerGarbledError(f"{answer.host}: no answer to the query: {error}") from error
    return PollPage(rows=rows, next_mark=f"{job} 0 {token}" if token else "", total=total)


def _asked(config: Ga4ExportConnection, resource: str, window: PollWindow, clock: ZoneInfo) -> HttpRequest:
    first, last = (
        datetime.fromtimestamp(at_ms / 1000, clock).strftime("%Y%m%d")
        for at_ms in (window.from_ms, window.to_ms)
    )
    values = {"first": first, "last": last, "zone": clock.key}
    content = {
        "query": query_of(config, resource),
        "useLegacySql": False,
        "timeoutMs": _WAIT_MS,
        "maxResults": _ROWS,
        "maximumBytesBilled": str(config.max_gigabytes * _GIGABYTE),
        "parameterMode": "NAMED",
        "queryParameters": [
            {"name": name, "parameterType": {"type": "STRING"}, "parameterValue": {"value": value}}
            for name, value in values.items()
        ],
        "labels": {"app": "funnelwatch"},
    }
    headers = {"Content-Type": "application/json"}
    return HttpRequest(config.address(), "POST", headers=headers, body=json.dumps(content).encode())


def _rows(
    answer: HttpAnswer, content: dict[str, Any], resource: str, clock: ZoneInfo, now_ms: int
) -> list[PolledRow]:
    names = [
        text_of(one["name"], "schema.fields.name")
        for one in part_of(answer, content, "schema", "fields", kind=list)
    ]
    found = []
    for row in content.get("rows") or ():
        values = dict(zip(names, (one["v"] for one in row["f"]), strict=True))
        if missing := {"period", "is_open", *MEASURES.values()} - set(values):
            raise UnreadableValueError(f"the column {min(missing)!r} is missing")
        found.append(_row(values, resource, clock, now_ms))
    return found


def _row(values: dict[str, Any], resource: str, clock: ZoneInfo, now_ms: int) -> PolledRow:
    """A row as the Data API's are. A day that is still in its intraday table is not complete."""
    when = text_of(values.pop("period"), "period")
    is_open = text_of(values.pop("is_open"), "is_open").lower() != "false"
    day = date(int(when[:4]), int(when[4:6]), int(when[6:8]))
    # as digits alone an hour reads like a telephone number, and would be masked like one
    written = f"{day.isoformat()}T{when[8:]}" if resource == HOURS else day.isoformat()
    ends_ms = round(datetime.combine(day + timedelta(days=1), time(), clock).timestamp() * 1000)
    is_whole = not is_open and is_complete(PLATFORM, ends_ms, now_ms)
    shared = {"zone": clock.key, "currency": "USD", "partial": "", "complete": is_whole}
    return polled_row(written, {"when": written, **values, **shared}, min(ends_ms, now_ms))
