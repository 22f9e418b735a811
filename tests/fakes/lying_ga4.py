"""GA4's Data API over figures that are drawn by hour: reports by date and dateHour with offsets, quotas, tokens by a signed word, and the lies.

Made of what Google documents of ``runReport``: a report without rows has no ``rows``, days are the property's, what is sampled says so.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from streams.sources.asking import HttpRequest
from tests.fakes.ledger import HOUR_MS, Ledger, figure_of
from tests.fakes.lies import Lie, ScriptedLie
from tests.fakes.lying_server import LyingShop
from tests.fakes.workbench import SECRETS

#: not the store's
ZONE = ZoneInfo("Europe/Berlin")
#: of one page at most, however many are asked for
ROWS = 20
PROPERTY, PATH = "213025502", "/v1beta/properties/213025502:runReport"
#: our measure → GA4's metric
METRICS = {
    "sessions": "sessions",
    "engaged_sessions": "engagedSessions",
    "visitors": "activeUsers",
    "page_views": "screenPageViews",
    "impressions": "itemListViewEvents",
    "clicks": "itemViewEvents",
    "add_to_cart": "addToCarts",
    "checkouts": "checkouts",
    "orders": "ecommercePurchases",
    "revenue": "purchaseRevenue",
}
Answer = tuple[int, dict[str, str], bytes]


class LyingGa4(LyingShop):
    """See above. ``about`` is what a report names next to zone and currency."""

    def __init__(
        self, ledger: Ledger, now_ms: Callable[[], int], lies: Sequence[ScriptedLie] = (), *more: Any
    ) -> None:
        super().__init__(ledger, now_ms, lies)
        self.about: dict[str, Any] = {}
        self.given = 0

    def _lie(self, path: str) -> Lie | None:
        now_ms = self._now_ms()
        self.requests.append((now_ms, path))
        lie = next((one.lie for one in self._lies if one.holds(now_ms)), None) if path == PATH else None
        if lie is not None:
            self.lied[lie] += 1
        return lie

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        if urlsplit(request.url).path == "/token":
            return self._token(dict(parse_qsl(request.body.decode())))
        if request.headers.get("Authorization") != f"Bearer ya29.{self.given}":
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        return _plain(lie) or self._report(json.loads(request.body), lie)

    def _token(self, form: dict[str, str]) -> Answer:
        """A token for who signs with the key of the service account, for an hour at most."""
        signed, _, signature = form["assertion"].rpartition(".")
        key().public_key().verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
        claims = json.loads(_decoded(signed.partition(".")[2]))
        assert claims["iss"] == "funnelwatch@shop.iam.gserviceaccount.com"
        assert 0 < claims["exp"] - claims["iat"] <= 3600
        assert abs(claims["iat"] * 1000 - self._now_ms()) < 60_000
        self.given += 1
        return _good({"access_token": f"ya29.{self.given}", "expires_in": 3599, "token_type": "Bearer"})

    def _report(self, asked: dict[str, Any], lie: Lie | None) -> Answer:
        now_ms = self._now_ms()
        today = datetime.fromtimestamp(now_ms / 1000, ZONE).date()
        (span,), (dimension,) = asked["dateRanges"], asked["dimensions"]
        first = date.fromisoformat(span["startDate"])
        last = today if span["endDate"] == "today" else date.fromisoformat(span["endDate"])
        assert last <= today
        seen_ms = now_ms - (3 * HOUR_MS if lie is Lie.STALE else 0)
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        by_hour = dimension["name"] == "dateHour"
        rows = [one for day in days for one in figures_of(day, seen_ms, by_hour=by_hour)]
        for _, values in rows if lie is Lie.RESTATED else ():
            values["sessions"] = str(int(values["sessions"]) + 1)
        return self._page(asked, rows, lie)

    def _page(self, asked: dict[str, Any], rows: list[tuple[str, dict[str, str]]], lie: Lie | None) -> Answer:
        names, at = [one["name"] for one in asked["metrics"]], int(asked["offset"])
        size, total = min(int(asked["limit"]), ROWS), len(rows)
        at += {Lie.DROPPED_PAGE: size, Lie.REPEATED_PAGE: -size}.get(lie or Lie.AWAY, 0) * bool(at)
        shown = rows[at : at + size]
        if lie is Lie.DROPPED_ROW and shown:
            del shown[len(shown) // 2]
        if lie is Lie.EMPTY:
            shown, total = [], 0
        quota = {"tokensPerHour": {"consumed": 4, "remaining": 39_000}}
        content: dict[str, Any] = {
            "dimensionHeaders": asked["dimensions"],
            "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in names],
            "metadata": {"currencyCode": "EUR", "timeZone": ZONE.key, **self.about},
            "propertyQuota": quota,
            "kind": "analyticsData#runReport",
        }
        if shown:
            content["rowCount"] = total
            content["rows"] = [
                {
                    "dimensionValues": [{"value": when}],
                    "metricValues": [{"value": values[name]} for name in names],
                }
                for when, values in shown
            ]
        return _good(content)


def figures_of(day: date, now_ms: int, *, by_hour: bool) -> list[tuple[str, dict[str, str]]]:
    """The rows of a day as they are then. A tenth of a day's events arrives a day late."""
    begins = datetime.combine(day, time(), ZONE)
    hours = [one for one in range(24) if _ms(begins.replace(hour=one)) <= now_ms]
    is_whole = now_ms >= _ms(begins) + 36 * HOUR_MS
    found = []
    for places in [[hour] for hour in hours] if by_hour else [hours] * bool(hours):
        sessions = sum(figure_of(f"ga4 {day} {hour}") for hour in places)
        sessions = sessions if is_whole else sessions * 9 // 10
        figures = {name: str(sessions // (number + 1)) for number, name in enumerate(METRICS.values())} | {
            "purchaseRevenue": f"{sessions / 8:.2f}"
        }
        found.append((day.strftime("%Y%m%d") + (f"{places[0]:02d}" if by_hour else ""), figures))
    return found


def ga4_truth(from_ms: int, to_ms: int, now_ms: int) -> dict[tuple[str, int, str], Decimal]:
    """What each figure is: (day or hour, its beginning, measure) → value."""
    begins = datetime.fromtimestamp(from_ms / 1000, ZONE).date()
    found: dict[tuple[str, int, str], Decimal] = {}
    for number in range((to_ms - from_ms) // (24 * HOUR_MS) + 2):
        day = begins + timedelta(days=number)
        for by_hour in (False, True):
            for when, values in figures_of(day, now_ms, by_hour=by_hour):
                at_ms = _ms(datetime.combine(day, time(int(when[8:] or 0)), ZONE))
                period = "hour" if by_hour else "day"
                if from_ms <= at_ms < to_ms:
                    found |= {(period, at_ms, ours): Decimal(values[one]) for ours, one in METRICS.items()}
    return found


def _ms(when: datetime) -> int:
    return round(when.timestamp() * 1000)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _plain(lie: Lie | None) -> Answer | None:
    """What is answered instead of a report."""
    html = {"Content-Type": "text/html"}
    match lie:
        case Lie.NO_LIST:
            return _good({"kind": "analyticsData#runReport"})
        case Lie.HTML:
            return 200, html, b"<html><body>Sign in</body></html>"
        case Lie.THROTTLED | Lie.THROTTLED_SILENTLY:
            return _error(429, "RESOURCE_EXHAUSTED", "Exhausted property tokens per hour.")
        case Lie.FAILS:
            return _error(500, "INTERNAL", "An internal error has occurred.")
        case Lie.AWAY:
            return _error(503, "UNAVAILABLE", "The service is currently unavailable.")
        case Lie.EXPIRED:
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        case Lie.FORBIDDEN:
            return _error(
                403, "PERMISSION_DENIED", "User does not have sufficient permissions for this property."
            )
        case Lie.RETIRED | Lie.OTHER_VERSION:
            return 410, html, b""
    return None


def _good(content: object) -> Answer:
    return 200, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(content).encode()


def _error(code: int, status: str, message: str) -> Answer:
    error = {"code": code, "message": message, "status": status}
    return code, {"Content-Type": "application/json"}, json.dumps({"error": error}).encode()


@cache
def key() -> RSAPrivateKey:
    """The key of the service account."""
    return generate_private_key(65537, 2048)


def ga4_connection(**more: Any) -> dict[str, Any]:
    """The configuration of a connection to this property."""
    pem = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"type": "service_account", "client_email": "funnelwatch@shop.iam.gserviceaccount.com"}
    SECRETS.setdefault("env:GOOGLE_KEY", json.dumps({**account, "private_key": pem}))
    return {
        "name": "lying", "source": "ga4_reports", "store": "cn", "property": PROPERTY, "key": "env:GOOGLE_KEY", "rate": 10,
        "first_days": 1.0, **more,
    }  # fmt: skip
