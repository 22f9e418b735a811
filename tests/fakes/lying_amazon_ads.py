"""Amazon's Ads API over figures that are drawn by hour: reports made on request, Marketing Stream's queue, and the lies of ``lying_server.py``.

Made of what Amazon documents of reporting v3 and of Marketing Stream: a report is asked for, looked at and read from another host;
orders are credited to ads later; a message is an addition to its hour, and comes again until it is deleted.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from streams.sources.asking import HttpRequest
from tests.fakes.ledger import HOUR_MS, figure_of
from tests.fakes.lies import Lie
from tests.fakes.lying_market import Answer, said, web_page
from tests.fakes.lying_server import LyingShop

#: not the store's
ZONE = ZoneInfo("America/Los_Angeles")
CAMPAIGN, PROFILE = "59874321", "26765323558215"
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/stream"
_REPORTS = "/reporting/reports"
#: minutes after an hour at which its messages are sent
_SENT_AFTER_MS = 10 * 60_000
_MADE_MS = 90_000


class LyingAmazonAds(LyingShop):
    """See above."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args[:3])
        self._from_ms = self._now_ms() // HOUR_MS * HOUR_MS - 24 * HOUR_MS
        self._deleted: set[str] = set()

    def _lie(self, path: str) -> Lie | None:
        now_ms = self._now_ms()
        self.requests.append((now_ms, path))
        lie = next((one.lie for one in self._lies if one.holds(now_ms)), None)
        if lie is None or path.startswith(("/auth/", "/v2/", "/files/")):
            return None
        self.lied[lie] += 1
        return lie

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        path = urlsplit(request.url).path
        if path == "/auth/o2/token":
            return self.tokens.give(dict(parse_qsl(request.body.decode())))
        if path.startswith("/files/"):
            return self._file(path.rpartition("/")[2])
        if request.headers.get("X-Amz-Target"):
            return _instead(lie, is_queue=True) or self._queue(request, lie)
        if request.headers.get("Amazon-Advertising-API-Scope") != PROFILE:
            return said(401, {"code": "401", "details": "Not authorized to access scope"})
        if path == f"/v2/profiles/{PROFILE}":
            return said(200, {"profileId": int(PROFILE), "timezone": ZONE.key, "currencyCode": "USD"})
        return _instead(lie) or self._report(request, path, lie)

    # ---------------------------------------------------------------- days

    def _report(self, request: HttpRequest, path: str, lie: Lie | None) -> Answer:
        """Asked for, or looked at. Its number says what it is of, when it was asked for, and what is wrong with it."""
        now_ms = self._now_ms()
        if request.method == "POST":
            asked = json.loads(request.body)
            assert asked["configuration"]["reportTypeId"] == "spCampaigns"
            spoilt = lie.name if lie is not None else "-"
            return said(
                200,
                {
                    "reportId": f"{asked['startDate']}_{asked['endDate']}_{now_ms}_{spoilt}",
                    "status": "PENDING",
                },
            )
        number = path.rpartition("/")[2]
        asked_ms = int(number.split("_")[2])
        if now_ms < asked_ms + _MADE_MS:
            return said(200, {"reportId": number, "status": "PROCESSING"})
        if lie is Lie.RETIRED:
            return said(200, {"reportId": number, "status": "FAILED", "failureReason": "internal"})
        return said(
            200, {"reportId": number, "status": "COMPLETED", "url": f"https://files.example/files/{number}"}
        )

    def _file(self, number: str) -> Answer:
        first, last, asked_ms, spoilt = number.split("_", 3)
        seen_ms = int(asked_ms) - (3 * HOUR_MS if spoilt == "STALE" else 0)
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
        days = [begin + timedelta(days=at) for at in range((end - begin).days + 1)]
        rows = [row for day in days if (row := day_of(day, seen_ms)) is not None]
        if spoilt == "EMPTY":
            rows = []
        for row in rows if spoilt == "RESTATED" else ():
            row["impressions"] += 1
        if spoilt == "DROPPED_ROW" and rows:
            del rows[len(rows) // 2]
        return 200, {"Content-Type": "application/octet-stream"}, gzip.compress(json.dumps(rows).encode())

    # ---------------------------------------------------------------- hours

    def _queue(self, request: HttpRequest, lie: Lie | None) -> Answer:
        asked = json.loads(request.body)
        if request.headers["X-Amz-Target"].endswith("DeleteMessageBatch"):
            self._deleted |= {one["ReceiptHandle"] for one in asked["Entries"]}
            return said(200, {"Successful": []})
        now_ms = self._now_ms()
        hours = range(self._from_ms, now_ms - HOUR_MS - _SENT_AFTER_MS, HOUR_MS)
        there = [at_ms for at_ms in hours if str(at_ms) not in self._deleted]
        if lie is Lie.EMPTY or not there:
            return said(200, {})
        return said(200, {"Messages": [_message(at_ms) for at_ms in there[:10]]})


def hour_of(at_ms: int) -> dict[str, Any]:
    """What an hour has."""
    shown = figure_of(f"hour {at_ms}")
    return {"impressions": shown, "clicks": shown // 20, "cost": shown / 50}


def _message(at_ms: int) -> dict[str, str]:
    body = {
        "idempotency_id": f"id-{at_ms}", "dataset_id": "sp-traffic", "marketplace_id": "ATVPDKIKX0DER", "currency": "USD",
        "advertiser_id": "Zhang San", "campaign_id": CAMPAIGN, "keyword_text": "lamp for Zhang San",
        "time_window_start": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(), **hour_of(at_ms),
    }  # fmt: skip
    return {"MessageId": f"m{at_ms}", "ReceiptHandle": str(at_ms), "Body": json.dumps(body)}


def day_of(day: date, now_ms: int) -> dict[str, Any] | None:
    """A campaign's day as it is then; None before it begins. Half of its orders are credited to it a day and a half later."""
    begin_ms = _ms(datetime.combine(day, time(), ZONE))
    hours = [at_ms for at_ms in range(begin_ms, begin_ms + 24 * HOUR_MS, HOUR_MS) if at_ms <= now_ms]
    if not hours:
        return None
    shown = sum(figure_of(f"day {at_ms}") for at_ms in hours)
    bought = shown // 200 * (2 if now_ms >= begin_ms + 36 * HOUR_MS else 1)
    return {
        "date": day.isoformat(), "campaignId": int(CAMPAIGN), "campaignName": "Zhang San's lamps", "impressions": shown,
        "clicks": shown // 20, "cost": shown / 50, "purchases7d": bought, "sales7d": bought * 40.5, "unitsSoldClicks7d": bought,
    }  # fmt: skip


def ads_truth(from_ms: int, to_ms: int, now_ms: int) -> dict[tuple[str, int, str], Decimal]:
    """What each figure is: (day or hour, its beginning, measure) → value."""
    names = {"impressions": "impressions", "clicks": "clicks", "spend": "cost"}
    credited = {"purchases": "purchases7d", "revenue": "sales7d", "units": "unitsSoldClicks7d"}
    found = {}
    first_ms = -(-from_ms // HOUR_MS) * HOUR_MS
    for at_ms in range(first_ms, to_ms, HOUR_MS):
        if at_ms + 2 * HOUR_MS <= now_ms:
            found |= {
                ("hour", at_ms, name): Decimal(str(hour_of(at_ms)[field])) for name, field in names.items()
            }
    begins = datetime.fromtimestamp(from_ms / 1000, ZONE).date()
    for number in range((to_ms - from_ms) // (24 * HOUR_MS) + 2):
        day = begins + timedelta(days=number)
        begin_ms, row = _ms(datetime.combine(day, time(), ZONE)), day_of(day, now_ms)
        if row is not None and from_ms <= begin_ms < to_ms:
            found |= {
                ("day", begin_ms, name): Decimal(str(row[field]))
                for name, field in (names | credited).items()
            }
    return found


def _ms(when: datetime) -> int:
    return round(when.timestamp() * 1000)


def _instead(lie: Lie | None, *, is_queue: bool = False) -> Answer | None:
    """What is answered in place of what was asked for."""
    match lie:
        case Lie.NO_LIST:
            return said(200, {"Messages": "none"})
        case Lie.HTML:
            return web_page()
        case Lie.THROTTLED | Lie.THROTTLED_SILENTLY:
            wait = {"Retry-After": "20"} if lie is Lie.THROTTLED else {}
            return said(429, {"code": "429", "details": "Too Many Requests"}, wait)
        case Lie.FAILS:
            return said(500, {"code": "500"})
        case Lie.AWAY:
            return said(503, {"message": "unavailable"})
        case Lie.EXPIRED:
            return said(401, {"code": "UNAUTHORIZED"})
        case Lie.FORBIDDEN:
            return said(403, {"message": "forbidden"})
        case Lie.RETIRED if is_queue:
            return said(410, {"message": "gone"})
        case Lie.OTHER_VERSION if not is_queue:
            return said(415, {"code": "415", "details": "Cannot consume content type"})
    return None


def ads_connection(**more: Any) -> dict[str, Any]:
    """The configuration of a connection to this profile."""
    return {
        "name": "lying", "source": "amazon_ads", "store": "cn", "client_id": "amzn1.application-oa2-client.1", "secret": "env:NEW",
        "refresh_token": "env:LYING_SHOP", "profile": PROFILE, "reads": ["sponsored_products"], "queue": QUEUE, "rate": 10,
        "aws_key_id": "env:NEW", "aws_secret": "env:OLD", "first_days": 1.0, "interval_s": 3600, **more,
    }  # fmt: skip
