"""How the buyer of an order came, by what its export says: ``utm_*`` columns, a landing page, a referrer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from streams.sources.arrival import Arrival, arrival_of

if TYPE_CHECKING:
    from streams.sources.files.exports.open_orders import ExportOrder

#: columns of an order that say how its buyer came
ARRIVAL_FIELDS = ("channel", "campaign", "medium", "landing", "referrer")
#: words of a channel column that name none
_NOTHING = frozenset(
    {"", "-", "--", "n/a", "na", "none", "null", "unknown", "(not set)", "未知", "无", "other"}
)
#: hosts whose links are a search, or a social network's
_SEARCHES = (
    "google.",
    "bing.",
    "baidu.",
    "yahoo.",
    "yandex.",
    "duckduckgo.",
    "naver.",
    "ecosia.",
    "sogou.",
    "so.com",
)
_SOCIAL = ("facebook.", "instagram.", "tiktok.", "pinterest.", "t.co", "twitter.", "x.com", "youtube.", "weibo.", "xiaohongshu.", "vk.com", "line.me")  # fmt: skip


def arrival_of_order(order: ExportOrder) -> Arrival:
    """The channel and the campaign of an order; an address is never kept, only what its query says of them."""
    address = order.landing if "?" in order.landing or "://" in order.landing else ""
    medium, campaign = _said(order.medium), _said(order.campaign)
    found = arrival_of(address, medium, campaign)
    channel = found.channel or _said(order.channel).lower() or _source_of(address) or _of_host(order.referrer)
    return Arrival("" if "@" in channel else channel[:64], found.campaign)


def _said(text: str) -> str:
    plain = text.strip()
    return "" if plain.lower() in _NOTHING else plain


def _source_of(address: str) -> str:
    try:
        return _said(parse_qs(urlsplit(address).query).get("utm_source", [""])[0]).lower()
    except ValueError:
        return ""


def _of_host(address: str) -> str:
    """``search``, ``social`` or ``referral`` for the address of another site; empty for what is none."""
    text = address.strip().lower()
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    if "." not in host or " " in text:
        return ""
    if _is_of(host, _SEARCHES):
        return "search"
    return "social" if _is_of(host, _SOCIAL) else "referral"


def _is_of(host: str, names: Sequence[str]) -> bool:
    """Whether a host is one of them; a name that ends with a dot is one in any country."""
    return any(
        f".{one}" in f".{host}." if one.endswith(".") else f".{host}".endswith(f".{one}") for one in names
    )
