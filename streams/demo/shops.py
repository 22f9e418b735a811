"""The demo's eight shops: how large they are, where they are, and how their visitors behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from scoring.events.event import Platform


@dataclass(frozen=True, slots=True)
class Shop:
    """A simulated shop.

    ``clicks_per_hour`` is the mean over a week. Rates are conversions per upstream event. ``devices`` and ``methods``
    are shares that sum to 1. ``basket`` is the median order value in ``currency``.
    """

    id: str
    name: str
    platform: Platform
    zone: str
    currency: str
    country: str
    category: str
    clicks_per_hour: float
    basket: float
    impressions_per_click: float = 3.0
    cart_rate: float = 0.16
    order_rate: float = 0.42
    payment_rate: float = 0.9
    devices: Mapping[str, float] = field(
        default_factory=lambda: {"ios": 0.42, "android": 0.38, "desktop": 0.20}
    )
    methods: Mapping[str, float] = field(default_factory=lambda: {"card": 0.6, "paypal": 0.25, "cod": 0.15})
    #: its platform reports its orders, and not on which device they were made
    is_connected: bool = False


@dataclass(frozen=True, slots=True)
class PlantedIncident:
    """What goes wrong in the demo: a share of the payments of one segment of one shop does not arrive."""

    shop_id: str
    device: str
    method: str
    lost_share: float


INCIDENT = PlantedIncident("luma", "ios", "paypal", 0.7)
#: the largest shop lives where it is daytime when the demo starts, so that there is traffic to lose
_DAYTIME_ZONES = (
    ("America/Los_Angeles", "US"),
    ("America/New_York", "US"),
    ("Europe/Berlin", "DE"),
    ("Asia/Dubai", "AE"),
    ("Asia/Singapore", "SG"),
    ("Australia/Sydney", "AU"),
)
_BUSY_HOUR = 15


_CHINESE_METHODS = {"alipay": 0.62, "wechat_pay": 0.33, "card": 0.05}
_PHONES = {"ios": 0.35, "android": 0.6, "desktop": 0.05}
#: all shops but the largest: id, name, platform, zone, currency, country, category, clicks an hour, basket
_OTHERS = (
    Shop(
        "qinghe", "清禾家居", Platform.TAOBAO, "Asia/Shanghai", "CNY", "CN", "home", 20_000, 129,
        methods=_CHINESE_METHODS, devices=_PHONES,
    ),
    Shop("northpeak", "North Peak Outdoor", Platform.AMAZON, "America/New_York", "USD", "US", "outdoor", 9_000, 75),
    Shop(
        "waldkind", "Waldkind", Platform.OWN_SITE, "Europe/Berlin", "EUR", "DE", "kids", 4_000, 39,
        methods={"paypal": 0.55, "invoice": 0.30, "card": 0.15},
    ),
    Shop(
        "lioncity", "Lion City Gadgets", Platform.SHOPEE, "Asia/Singapore", "SGD", "SG", "electronics", 1_800, 35,
        devices=_PHONES, methods={"card": 0.7, "wallet": 0.3}, is_connected=True,
    ),
    Shop(
        "siamglow", "Siam Glow", Platform.LAZADA, "Asia/Bangkok", "THB", "TH", "beauty", 700, 420,
        devices=_PHONES, methods={"": 1.0}, is_connected=True,
    ),
    Shop("bricklane", "Brick Lane Vintage", Platform.TIKTOK_SHOP, "Europe/London", "GBP", "GB", "fashion", 240, 29),
    Shop("kominka", "古民家", Platform.OWN_SITE, "Asia/Tokyo", "JPY", "JP", "crafts", 60, 6_800),
)  # fmt: skip


def demo_shops(now: datetime) -> tuple[Shop, ...]:
    """The eight shops; the largest one's zone is the one of a few where ``now`` is nearest to mid-afternoon."""
    zone, country = min(
        _DAYTIME_ZONES, key=lambda place: abs(now.astimezone(ZoneInfo(place[0])).hour - _BUSY_HOUR)
    )
    largest = Shop(
        "luma",
        "Luma Living",
        Platform.SHOPIFY,
        zone,
        "USD",
        country,
        "home",
        50_000,
        48,
        cart_rate=0.30,
        order_rate=0.62,
        payment_rate=0.94,
        devices={"ios": 0.70, "android": 0.20, "desktop": 0.10},
        methods={"paypal": 0.70, "card": 0.20, "apple_pay": 0.10},
    )
    return (largest, *_OTHERS)
