"""When what platforms offer ends: versions, endpoints, windows and tokens, each with where its date is from.

The only file of such dates. ``scoring/sources/endings.py`` says which of them concern a connection and how many days are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Offer(StrEnum):
    """What a platform offers in versions or forms, by its own name for it."""

    SHOPIFY_API = "Shopify Admin API"
    SHOPIFY_TOKEN = "Shopify access token"  # noqa: S105  (a word, no password)
    META_MARKETING_API = "Meta Marketing API"
    META_ATTRIBUTION = "Meta attribution window"
    AMAZON_ORDERS_API = "Amazon Orders API"
    AMAZON_SALES_API = "Amazon Sales API"
    AMAZON_REPORTS_API = "Amazon Reports API"
    AMAZON_DATA_KIOSK = "Amazon Data Kiosk sales and traffic"
    AMAZON_CUSTOMER_FEEDBACK = "Amazon Customer Feedback API"
    TIKTOK_SHOP_ORDERS = "TikTok Shop order API"
    TIKTOK_SHOP_RETURNS = "TikTok Shop return and refund API"
    TIKTOK_SHOP_ANALYTICS = "TikTok Shop analytics API"
    TIKTOK_SHOP_LIVES = "TikTok Shop LIVE analytics API"
    TIKTOK_SHOP_SERVICE = "TikTok Shop customer service API"


@dataclass(frozen=True, slots=True)
class EndingDate:
    """The day from which a version or form of an offer is not served any more, and where that is published."""

    offer: Offer
    version: str
    day: date
    source: str


#: a token that does not expire: it ends for public apps; those of a shop's own app stay
TOKEN_WITHOUT_END = "without expiry (public apps)"  # noqa: S105
#: Shopify serves each version for this many months from the day that it is named after
SHOPIFY_MONTHS = 12
SHOPIFY_SOURCE = "https://shopify.dev/docs/api/usage/versioning"

_META = "https://developers.facebook.com/documentation/ads-commerce/marketing-api/marketing-api-changelog/versions"
_META_WINDOWS = (
    "https://developers.facebook.com/blog/post/2025/10/16/ads-insights-api-metric-availability-updates/"
)
_AMAZON = "https://developer-docs.amazon.com/sp-api/docs/sp-api-deprecations"
_SHOPIFY_TOKENS = "https://shopify.dev/changelog/expiring-offline-access-tokens-required-for-all-public-apps-as-of-january-1-2027"

ENDING_DATES: Sequence[EndingDate] = (
    EndingDate(Offer.AMAZON_ORDERS_API, "v0", date(2027, 3, 27), _AMAZON),
    EndingDate(Offer.AMAZON_DATA_KIOSK, "2023_11_15", date(2026, 2, 26), _AMAZON),
    EndingDate(Offer.SHOPIFY_TOKEN, TOKEN_WITHOUT_END, date(2027, 1, 1), _SHOPIFY_TOKENS),
    EndingDate(Offer.META_MARKETING_API, "v20.0", date(2025, 9, 9), _META),
    EndingDate(Offer.META_MARKETING_API, "v21.0", date(2025, 9, 9), _META),
    EndingDate(Offer.META_MARKETING_API, "v22.0", date(2026, 2, 19), _META),
    EndingDate(Offer.META_MARKETING_API, "v23.0", date(2026, 6, 9), _META),
    EndingDate(Offer.META_MARKETING_API, "v24.0", date(2026, 11, 10), _META),
    EndingDate(Offer.META_MARKETING_API, "v25.0", date(2027, 2, 23), _META),
    EndingDate(Offer.META_ATTRIBUTION, "7d_view", date(2026, 1, 12), _META_WINDOWS),
    EndingDate(Offer.META_ATTRIBUTION, "28d_view", date(2026, 1, 12), _META_WINDOWS),
)
