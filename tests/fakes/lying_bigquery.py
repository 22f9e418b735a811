"""BigQuery over the figures of ``lying_ga4.py``: queries by day and hour with pages, jobs that take their time, and the lies.

Made of what Google documents of ``jobs.query`` and of GA4's export: each value is text in ``f[].v``, a query that runs longer is a job
that is looked at, a day is in its intraday table until its own is there.
"""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from streams.sources.asking import HttpRequest
from tests.fakes.ledger import HOUR_MS
from tests.fakes.lies import Lie
from tests.fakes.lying_ga4 import METRICS, ROWS, ZONE, Answer, LyingGa4, figures_of, ga4_connection

PROJECT, DATASET = "shop-analytics", "analytics_213025502"
PATH = f"/bigquery/v2/projects/{PROJECT}/queries"


class LyingBigQuery(LyingGa4):
    """See above."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.jobs: dict[str, tuple[int, dict[str, Any], Lie | None]] = {}

    def _lie(self, path: str) -> Lie | None:
        now_ms = self._now_ms()
        self.requests.append((now_ms, path))
        lie = (
            next((one.lie for one in self._lies if one.holds(now_ms)), None)
            if path.startswith(PATH)
            else None
        )
        if lie is not None:
            self.lied[lie] += 1
        return lie

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        path = urlsplit(request.url).path
        if path == "/token":
            return self._token(dict(parse_qsl(request.body.decode())))
        if request.headers.get("Authorization") != f"Bearer ya29.{self.given}":
            return _error(401, "authError", "Request had invalid authentication credentials.")
        if (instead := _instead(lie)) is not None:
            return instead
        if request.method == "POST":
            job = f"job_{len(self.jobs)}"
            self.jobs[job] = self._now_ms(), json.loads(request.body), lie
            # every third takes longer than an answer waits
            return (
                self._page(job, 0, lie) if len(self.jobs) % 3 else _good({**_job(job), "jobComplete": False})
            )
        query = dict(request.query)
        return self._page(path.rpartition("/")[2], int(query.get("pageToken") or 0), lie)

    def _page(self, job: str, at: int, lie: Lie | None) -> Answer:  # type: ignore[override]
        asked_ms, asked, _ = self.jobs[job]
        named = {one["name"]: one["parameterValue"]["value"] for one in asked["queryParameters"]}
        assert named["zone"] == ZONE.key
        assert f"{PROJECT}.{DATASET}.events_*" in asked["query"]
        first, last = (datetime.strptime(named[name], "%Y%m%d").date() for name in ("first", "last"))  # noqa: DTZ007
        seen_ms = asked_ms - (3 * HOUR_MS if lie is Lie.STALE else 0)
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        by_hour = "FORMAT_TIMESTAMP" in asked["query"]
        rows = []
        for day in days:
            ends_ms = round(datetime.combine(day, time(), ZONE).timestamp() * 1000) + 24 * HOUR_MS
            is_open = seen_ms < ends_ms + 12 * HOUR_MS
            rows += [(when, is_open, values) for when, values in figures_of(day, seen_ms, by_hour=by_hour)]
        shown_at = at + {Lie.DROPPED_PAGE: ROWS, Lie.REPEATED_PAGE: -ROWS}.get(lie or Lie.AWAY, 0) * bool(at)
        shown, total = rows[shown_at : shown_at + ROWS], len(rows)
        if lie is Lie.DROPPED_ROW and shown:
            del shown[len(shown) // 2]
        if lie is Lie.EMPTY:
            shown, total = [], 0
        names = ["period", "is_open", *METRICS.values()]
        made = [
            [when, str(is_open).lower(), *(values[one] for one in METRICS.values())]
            for when, is_open, values in shown
        ]
        for one in made if lie is Lie.RESTATED else ():
            one[2] = str(int(one[2]) + 1)
        content = {
            **_job(job), "jobComplete": True, "totalRows": str(total), "schema": {"fields": [{"name": one} for one in names]},
            "rows": [{"f": [{"v": value} for value in one]} for one in made],
        }  # fmt: skip
        has_more = at + ROWS < len(rows) and lie is not Lie.EMPTY
        return _good({**content, "pageToken": str(at + ROWS)} if has_more else content)


def _job(job: str) -> dict[str, Any]:
    return {
        "kind": "bigquery#queryResponse",
        "jobReference": {"projectId": PROJECT, "jobId": job, "location": "EU"},
    }


def _instead(lie: Lie | None) -> Answer | None:
    """What is answered in place of rows."""
    html = {"Content-Type": "text/html"}
    match lie:
        case Lie.NO_LIST:
            return _good({"kind": "bigquery#queryResponse"})
        case Lie.HTML:
            return 200, html, b"<html><body>Sign in</body></html>"
        case Lie.THROTTLED | Lie.THROTTLED_SILENTLY:
            return _error(403, "rateLimitExceeded", "Exceeded rate limits: too many concurrent queries.")
        case Lie.FAILS:
            return _error(500, "backendError", "An internal error occurred.")
        case Lie.AWAY:
            return 503, html, b"<html>unavailable</html>"
        case Lie.EXPIRED:
            return _error(401, "authError", "Request had invalid authentication credentials.")
        case Lie.FORBIDDEN:
            return _error(
                403, "accessDenied", "User does not have bigquery.jobs.create permission in project."
            )
        case Lie.RETIRED | Lie.OTHER_VERSION:
            return 410, html, b""
    return None


def _good(content: object) -> Answer:
    return 200, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(content).encode()


def _error(code: int, reason: str, message: str) -> Answer:
    error = {
        "code": code,
        "message": message,
        "errors": [{"reason": reason, "message": message, "domain": "global"}],
    }
    return code, {"Content-Type": "application/json"}, json.dumps({"error": error}).encode()


def export_connection(**more: Any) -> dict[str, Any]:
    """The configuration of a connection to this export."""
    shared = ga4_connection(**more)
    del shared["property"]
    return {
        **shared, "source": "ga4_export", "project": PROJECT, "dataset": DATASET, "zone": ZONE.key, "interval_s": 3600, **more,
    }  # fmt: skip
