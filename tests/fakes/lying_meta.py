"""Meta's Graph API over figures that are drawn by hour: insights by day and hour with a cursor, rejected ads, and the lies of ``lying_server.py``.

Made of what Meta documents of these edges: errors are a document with a code, mostly with status 400; the cursor's address carries the
token; what is credited to ads later changes the figures of days that are over.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from streams.sources.asking import HttpRequest
from streams.sources.meta_ads.config import VERSION
from tests.fakes.ledger import HOUR_MS, Ledger, figure_of
from tests.fakes.lies import Lie, ScriptedLie
from tests.fakes.lying_server import LyingShop

#: not the store's
ZONE = ZoneInfo("America/Los_Angeles")
#: of one page at most, however many are asked for
ROWS = 20
ACCOUNT = "1234567890"
ROOT = f"/{VERSION}/act_{ACCOUNT}"
#: our measure → the field that holds it
MEASURES = {
    "spend": "spend",
    "impressions": "impressions",
    "clicks": "clicks",
    "link_clicks": "inline_link_clicks",
    "reach": "reach",
}
HOURLY = "hourly_stats_aggregated_by_advertiser_time_zone"
Answer = tuple[int, dict[str, str], bytes]


class LyingMeta(LyingShop):
    """See above. ``rejected`` are the ads that are rejected now."""

    def __init__(
        self, ledger: Ledger, now_ms: Callable[[], int], lies: Sequence[ScriptedLie] = (), *more: Any
    ) -> None:
        super().__init__(ledger, now_ms, lies)
        self.rejected: dict[str, int] = {}

    def _lie(self, path: str) -> Lie | None:
        now_ms = self._now_ms()
        self.requests.append((now_ms, path))
        lie = next((one.lie for one in self._lies if one.holds(now_ms)), None)
        if lie is None or path != f"{ROOT}/insights":
            return None
        self.lied[lie] += 1
        return lie

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        path, query = urlsplit(request.url).path, dict(request.query)
        if request.headers.get("Authorization") != "Bearer first-refresh":
            return _error(400, 190, "Error validating access token: the session has been invalidated.")
        if path == ROOT:
            return _good({"timezone_name": ZONE.key, "id": f"act_{ACCOUNT}"})
        if path == f"{ROOT}/ads":
            return _good({"data": [_rejected(ad, at_ms) for ad, at_ms in self.rejected.items()]})
        return _plain(lie) or self._insights(query, lie)

    def _insights(self, query: dict[str, str], lie: Lie | None) -> Answer:
        asked = json.loads(query["time_range"])
        first, last = date.fromisoformat(asked["since"]), date.fromisoformat(asked["until"])
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        seen_ms = self._now_ms() - (3 * HOUR_MS if lie is Lie.STALE else 0)
        rows = [row for day in days for row in rows_of(day, seen_ms, by_hour="breakdowns" in query)]
        for row in rows if lie is Lie.RESTATED else ():
            row["impressions"] = str(int(row["impressions"]) + 1)
        at = int(query.get("after", "0"))
        shown_at = at + {Lie.DROPPED_PAGE: ROWS, Lie.REPEATED_PAGE: -ROWS}.get(lie or Lie.AWAY, 0) * bool(at)
        shown = rows[shown_at : shown_at + ROWS]
        if lie is Lie.DROPPED_ROW and shown:
            del shown[len(shown) // 2]
        if lie is Lie.EMPTY:
            return _good({"data": []})
        paging: dict[str, Any] = {"cursors": {"before": str(at), "after": str(at + ROWS)}}
        if at + ROWS < len(rows):
            paging["next"] = f"https://graph.facebook.com{ROOT}/insights?access_token=first-refresh"
        return _good({"data": shown, "paging": paging}, "v27.0" if lie is Lie.OTHER_VERSION else VERSION)


def rows_of(day: date, now_ms: int, *, by_hour: bool) -> list[dict[str, Any]]:
    """The rows of a day as they are then: hours that have begun; of the day what is credited so far."""
    begins = datetime.combine(day, time(), ZONE)
    hours = [one for one in range(24) if _ms(begins.replace(hour=one)) <= now_ms]
    if not hours:
        return []
    found = []
    for places in [[hour] for hour in hours] if by_hour else [hours]:
        impressions = [figure_of(f"{day} {hour}") for hour in places]
        row: dict[str, Any] = {
            "account_id": ACCOUNT,
            "account_currency": "USD",
            "account_name": "Zhang San",
            "date_start": day.isoformat(),
            "date_stop": day.isoformat(),
            "spend": f"{sum(impressions) / 50:.2f}",
            "impressions": str(sum(impressions)),
            "clicks": str(sum(impressions) // 20),
            "inline_link_clicks": str(sum(impressions) // 30),
        }
        if by_hour:
            row[HOURLY] = f"{places[0]:02d}:00:00 - {places[0]:02d}:59:59"
        else:
            # half of the purchases are credited a day later
            late = now_ms >= _ms(begins) + 36 * HOUR_MS
            bought = sum(impressions) // 200 * (2 if late else 1)
            row["reach"] = str(sum(impressions) // 2)
            row["actions"] = [
                {"action_type": "link_click", "value": row["inline_link_clicks"]},
                {"action_type": "purchase", "value": str(bought // 2)},
                {"action_type": "omni_purchase", "value": str(bought)},
            ]
            row["action_values"] = [{"action_type": "omni_purchase", "value": f"{bought * 40}.50"}]
        found.append(row)
    return found


def meta_truth(from_ms: int, to_ms: int, now_ms: int) -> dict[tuple[str, int, str], Decimal]:
    """What each figure is: (day or hour, its beginning, measure) → value."""
    begins = datetime.fromtimestamp(from_ms / 1000, ZONE).date()
    days = [begins + timedelta(days=number) for number in range((to_ms - from_ms) // (24 * HOUR_MS) + 2)]
    found = {}
    for day, by_hour in itertools.product(days, (False, True)):
        for row in rows_of(day, now_ms, by_hour=by_hour):
            at = datetime.combine(day, time(int(row.get(HOURLY, "00")[:2])), ZONE)
            if not from_ms <= _ms(at) < to_ms:
                continue
            values = {measure: row[field] for measure, field in MEASURES.items() if field in row}
            if not by_hour:
                values |= {
                    "purchases": row["actions"][2]["value"],
                    "revenue": row["action_values"][0]["value"],
                }
            period = "hour" if by_hour else "day"
            found |= {(period, _ms(at), measure): Decimal(value) for measure, value in values.items()}
    return found


def _ms(when: datetime) -> int:
    return round(when.timestamp() * 1000)


def _rejected(ad: str, at_ms: int) -> dict[str, Any]:
    return {
        "id": ad,
        "name": "Zhang San's lamps",
        "effective_status": "DISAPPROVED",
        "updated_time": datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "ad_review_feedback": {
            "global": {"Personal Health and Appearance": "Call 13812345678 for a review."}
        },
    }


def _plain(lie: Lie | None) -> Answer | None:
    """What is answered instead of a page."""
    html = {"Content-Type": "text/html"}
    usage = json.dumps({ACCOUNT: [{"type": "ads_insights", "estimated_time_to_regain_access": 7}]})
    match lie:
        case Lie.NO_LIST:
            return _good({"report_run_id": "6023920149050"})
        case Lie.HTML:
            return 200, html, b"<html><body>Log in to Facebook</body></html>"
        case Lie.THROTTLED:
            status, headers, body = _error(400, 80000, "There have been too many calls to this ad-account.")
            return status, {**headers, "X-Business-Use-Case-Usage": usage}, body
        case Lie.THROTTLED_SILENTLY:
            return _error(400, 17, "User request limit reached")
        case Lie.FAILS:
            return _error(500, 2, "An unexpected error has occurred. Please retry your request later.")
        case Lie.AWAY:
            return 503, html, b"<html>unavailable</html>"
        case Lie.EXPIRED:
            return _error(400, 190, "Error validating access token: Session has expired.")
        case Lie.FORBIDDEN:
            return _error(400, 200, "Ad account owner has NOT grant ads_management or ads_read permission")
        case Lie.RETIRED:
            return _error(400, 2635, "You are calling a deprecated version of the Ads API.")
    return None


def _good(content: object, version: str = VERSION) -> Answer:
    headers = {"Content-Type": "application/json; charset=UTF-8", "facebook-api-version": version}
    return 200, headers, json.dumps(content).encode()


def _error(status: int, code: int, message: str) -> Answer:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1b2"}
    return status, {"Content-Type": "application/json"}, json.dumps({"error": error}).encode()


def meta_connection(**more: Any) -> dict[str, Any]:
    """The configuration of a connection to this account."""
    return {
        "name": "lying", "source": "meta_ads", "store": "cn", "account": f"act_{ACCOUNT}", "token": "env:LYING_SHOP", "rate": 50,
        "first_days": 1.0, "interval_s": 3600, **more,
    }  # fmt: skip
