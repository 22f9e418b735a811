"""What a connection uses of a platform's versions and forms, when it ends, and when people are notified of that.

A version without a published end has none: it is shown as such, and nobody is notified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import msgspec

from scoring.sources.ending_dates import ENDING_DATES, SHOPIFY_MONTHS, SHOPIFY_SOURCE, Offer
from scoring.wording.text import Language, Text

_NO_END = Text("平台未公布停用日期", "no end is published")
_ENDED = Text("已停用", "has ended")
_LEFT = Text("还有 {days} 天", "{days} days left")
#: days before an end at which people are notified; the last once it is past
NOTICE_DAYS = (90, 30, 7, 1)
ENDED = 0


@dataclass(frozen=True, slots=True)
class Use:
    """A version or form that a connection asks for."""

    offer: Offer
    version: str


class Ending(msgspec.Struct, frozen=True):
    """A use with its end.

    Attributes:
        what: the offer and its version.
        day: from which it is not served, ISO; empty if no end is published.
        days: until then: 0 on the day, less afterwards; None without an end.
        source: where the day is from.
    """

    what: str
    day: str = ""
    days: int | None = None
    source: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the end is past."""
        return self.days is not None and self.days <= ENDED

    @property
    def notice(self) -> int | None:
        """The one of ``NOTICE_DAYS`` that was passed last, 0 once it has ended; None if it is further away."""
        if self.days is None:
            return None
        return min((days for days in (*NOTICE_DAYS, ENDED) if self.days <= days), default=None)


def endings_of(uses: Iterable[Use], now_ms: int) -> tuple[Ending, ...]:
    """Each use once, what ends first first, what has no published end last. Days are UTC's."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    found = [_ending(use, today) for use in dict.fromkeys(uses)]
    return tuple(sorted(found, key=lambda one: (one.days is None, one.days or 0, one.what)))


def noticed(endings: Sequence[Ending]) -> Ending | None:
    """The ending that people are notified of: the first within its notice."""
    return next((one for one in endings if one.notice is not None), None)


def ending_in_words(ending: Ending) -> str:
    """What ends, when, and which notice it is, the same in every language; it changes with each notice only."""
    mark = f" (≤ {ending.notice} d)" if ending.notice else ""
    return f"{ending.what}: {ending.day}{mark}"


def ending_with_days(ending: Ending, language: Language) -> str:
    """What ends, when, and the days left, for people."""
    if ending.days is None:
        return f"{ending.what} · {_NO_END(language)}"
    said = _ENDED(language) if ending.is_over else _LEFT(language, days=ending.days)
    return f"{ending.what} · {ending.day} · {said}"


def _ending(use: Use, today: date) -> Ending:
    day, source = _end_of(use)
    what = f"{use.offer} {use.version}".strip()
    return Ending(what) if day is None else Ending(what, day.isoformat(), (day - today).days, source)


def _end_of(use: Use) -> tuple[date | None, str]:
    for known in ENDING_DATES:
        if (known.offer, known.version) == (use.offer, use.version):
            return known.day, known.source
    if use.offer is Offer.SHOPIFY_API and (named := re.fullmatch(r"(\d{4})-(01|04|07|10)", use.version)):
        months = int(named[1]) * 12 + int(named[2]) - 1 + SHOPIFY_MONTHS
        return date(months // 12, months % 12 + 1, 1), SHOPIFY_SOURCE
    return None, ""


#: part of an address → what it asks for; the group is the version
_IN_ADDRESSES: Sequence[tuple[Offer, re.Pattern[str]]] = (
    (Offer.SHOPIFY_API, re.compile(r"\.myshopify\.com/admin/api/(\d{4}-\d{2})/")),
    (Offer.META_MARKETING_API, re.compile(r"graph\.facebook\.com/(v\d{1,3}\.\d)/")),
    (Offer.META_ATTRIBUTION, re.compile(r"graph\.facebook\.com/.*\b(7d_view|28d_view)\b")),
    (Offer.AMAZON_ORDERS_API, re.compile(r"sellingpartnerapi-\w+\.amazon\.com/orders/(v0|\d{4}-\d\d-\d\d)/")),
    (Offer.AMAZON_DATA_KIOSK, re.compile(r"analytics_salesAndTraffic_(\d{4}_\d\d_\d\d)")),
    (Offer.TIKTOK_SHOP_ORDERS, re.compile(r"tiktok\w*\.com/order/(\d{6})/")),
    (Offer.TIKTOK_SHOP_ANALYTICS, re.compile(r"tiktok\w*\.com/analytics/(\d{6})/")),
)


def uses_of_address(address: str) -> tuple[Use, ...]:
    """What an address with its query asks for, if it is one of the platforms' own."""
    return tuple(
        Use(offer, version) for offer, pattern in _IN_ADDRESSES for version in pattern.findall(address)
    )
