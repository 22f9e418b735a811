"""TikTok's API for Business over figures that are drawn by hour: GMV Max by day and hour with pages, and the lies of ``lying_server.py``.

Made of what is published of ``gmv_max/report/get``: lists are JSON in the query, errors are a code in a 200, a page without rows has no
list at all, and what is credited to ads later changes the figures of days that are over.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from streams.sources.asking import HttpRequest
from tests.fakes.ledger import HOUR_MS, figure_of
from tests.fakes.lies import Lie
from tests.fakes.lying_market import Answer, said, web_page
from tests.fakes.lying_server import LyingShop

#: not the store's
ZONE = ZoneInfo("Asia/Jakarta")
#: of one page at most, however many are asked for
ROWS = 20
ADVERTISER, SHOP = "7218524808659615746", "7494836523330930707"
PATH = "/open_api/v1.3/gmv_max/report/get/"
METRICS = {"spend": "cost", "purchases": "orders", "revenue": "gross_revenue"}


class LyingTiktokAds(LyingShop):
    """See above."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args[:3])

    def _lie(self, path: str) -> Lie | None:
        now_ms = self._now_ms()
        self.requests.append((now_ms, path))
        lie = next((one.lie for one in self._lies if one.holds(now_ms)), None) if path == PATH else None
        if lie is not None:
            self.lied[lie] += 1
        return lie

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        path, query = urlsplit(request.url).path, dict(request.query)
        if request.headers.get("Access-Token") != "first-refresh":
            return _code(40105, "Access token is incorrect or has been revoked.")
        if path.endswith("/advertiser/info/"):
            assert json.loads(query["advertiser_ids"]) == [ADVERTISER]
            return _good({"list": [{"timezone": ZONE.key, "currency": "IDR", "name": "Zhang San"}]})
        assert json.loads(query["store_ids"]) == [SHOP]
        assert json.loads(query["filtering"]) == {"gmv_max_promotion_types": ["PRODUCT"]}
        return _instead(lie) or self._report(query, lie)

    def _report(self, query: dict[str, str], lie: Lie | None) -> Answer:
        first, last = (date.fromisoformat(query[name]) for name in ("start_date", "end_date"))
        by_hour = "stat_time_hour" in json.loads(query["dimensions"])
        assert not by_hour or first == last
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        seen_ms = self._now_ms() - (3 * HOUR_MS if lie is Lie.STALE else 0)
        rows = [row for day in days for row in rows_of(day, seen_ms, by_hour=by_hour)]
        for row in rows if lie is Lie.RESTATED else ():
            row["metrics"]["orders"] = str(int(row["metrics"]["orders"]) + 1)
        number = int(query["page"])
        at = (number - 1) * ROWS
        shown_at = at + {Lie.DROPPED_PAGE: ROWS, Lie.REPEATED_PAGE: -ROWS}.get(lie or Lie.AWAY, 0) * bool(at)
        shown = rows[shown_at : shown_at + ROWS]
        if lie is Lie.DROPPED_ROW and shown:
            del shown[len(shown) // 2]
        if lie is Lie.EMPTY:
            rows, shown = [], []
        pages = {
            "page": number,
            "page_size": ROWS,
            "total_number": len(rows),
            "total_page": -(-len(rows) // ROWS),
        }
        return _good({"page_info": pages, **({"list": shown} if rows else {})})


def rows_of(day: date, now_ms: int, *, by_hour: bool) -> list[dict[str, Any]]:
    """The rows of a day as they are then: hours that have begun. Half of the orders are credited a day later."""
    begin_ms = round(datetime.combine(day, time(), ZONE).timestamp() * 1000)
    hours = [hour for hour in range(24) if begin_ms + hour * HOUR_MS <= now_ms]
    found = []
    for places in [[hour] for hour in hours] if by_hour else [hours] * bool(hours):
        spent = sum(figure_of(f"{day} {hour}") for hour in places)
        bought = spent // 50 * (2 if now_ms >= begin_ms + 36 * HOUR_MS else 1)
        at = f"{day} {places[0]:02d}:00:00" if by_hour else f"{day} 00:00:00"
        name = "stat_time_hour" if by_hour else "stat_time_day"
        found.append({
            "dimensions": {"advertiser_id": ADVERTISER, name: at},
            "metrics": {"cost": f"{spent}.00", "orders": str(bought), "gross_revenue": f"{bought * 120}.50"},
        })  # fmt: skip
    return found


def tiktok_ads_truth(from_ms: int, to_ms: int, now_ms: int) -> dict[tuple[str, int, str], Decimal]:
    """What each figure is: (day or hour, its beginning, measure) → value."""
    begins = datetime.fromtimestamp(from_ms / 1000, ZONE).date()
    found = {}
    for number in range((to_ms - from_ms) // (24 * HOUR_MS) + 2):
        day = begins + timedelta(days=number)
        for by_hour in (False, True):
            for row in rows_of(day, now_ms, by_hour=by_hour):
                at = next(text for name, text in row["dimensions"].items() if name.startswith("stat_time"))
                at_ms = round(datetime.fromisoformat(at).replace(tzinfo=ZONE).timestamp() * 1000)
                if from_ms <= at_ms < to_ms:
                    period = "hour" if by_hour else "day"
                    found |= {
                        (period, at_ms, ours): Decimal(row["metrics"][field])
                        for ours, field in METRICS.items()
                    }
    return found


def _instead(lie: Lie | None) -> Answer | None:
    """What is answered in place of a page."""
    codes = {
        Lie.THROTTLED: (40100, "Too many requests. Please retry in some time."),
        Lie.THROTTLED_SILENTLY: (40016, "QPS limit"),
        Lie.FAILS: (50000, "System error"),
        Lie.EXPIRED: (40102, "Access token expired."),
        Lie.FORBIDDEN: (40001, "No permission to operate advertiser"),
    }
    if lie in codes:
        return _code(*codes[lie])
    match lie:
        case Lie.NO_LIST:
            return _good({"page_info": {"page": 1, "total_number": 7, "total_page": 1}})
        case Lie.HTML:
            return web_page()
        case Lie.AWAY:
            return web_page(503)
        case Lie.RETIRED | Lie.OTHER_VERSION:
            return 410, {}, b""
    return None


def _good(data: object) -> Answer:
    return said(200, {"code": 0, "message": "OK", "request_id": "2026", "data": data})


def _code(code: int, message: str) -> Answer:
    return said(200, {"code": code, "message": message, "data": {}})


def tiktok_ads_connection(**more: Any) -> dict[str, Any]:
    """The configuration of a connection to this advertiser."""
    return {
        "name": "lying", "source": "tiktok_ads", "store": "cn", "advertiser": ADVERTISER, "shop_id": SHOP, "token": "env:LYING_SHOP",
        "reads": ["gmv_max_product"], "rate": 10, "first_days": 1.0, "interval_s": 3600, **more,
    }  # fmt: skip
