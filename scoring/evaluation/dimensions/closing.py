"""What closes a gap on a platform: the pages of a marketplace are not the shop's, and no pixel can be put on them.

A platform that can supply an indicator in another way says so here; one that cannot at all is asked for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from scoring.evaluation.dimensions.supplies import DISPUTES, PAGE_EVENTS, PIXEL, PRICE, STOCKS, VITALS
from scoring.evaluation.indicator import Indicator
from scoring.wording.text import Text

#: platforms whose pages are their own: nothing of a visit is known but what they report
MARKETPLACES = frozenset({"amazon", "shopee", "lazada", "tiktok_shop", "taobao", "temu", "shein", "ozon"})
_OF_PAGES = frozenset({PIXEL, PAGE_EVENTS, STOCKS, VITALS})
_PEOPLE = Text(
    "平台流量报表（访客数、加购人数）",
    "the platform's traffic report (visitors, people who put something into the cart)",
)
#: what only some platforms can supply, and which
_ONLY: Mapping[Text, frozenset[str]] = {PRICE: frozenset({"amazon"}), DISPUTES: frozenset({"shopify"})}
#: what platforms report that an own shop measures on its pages
_REPORTED: Mapping[str, Mapping[str, Text]] = {
    "page_experience.view_to_cart": dict.fromkeys(("shopee", "lazada", "tiktok_shop"), _PEOPLE),
}


def closed_by(indicator: Indicator, platforms: Collection[str]) -> Text | None:
    """Which export or connection supplies an indicator; None where none can.

    Args:
        indicator: that is missing.
        platforms: of the store, as sources name them; none: not known. One that can is enough.
    """
    known = sorted({*platforms} - {"", "other", "erp", "meta"})
    if not known:
        return indicator.closed_by
    answers = [_on(platform, indicator) for platform in known]
    return next((one for one in answers if one is not None), None)


def _on(platform: str, indicator: Indicator) -> Text | None:
    reported = _REPORTED.get(indicator.id, {}).get(platform)
    if reported is not None:
        return reported
    if platform in MARKETPLACES and indicator.closed_by in _OF_PAGES:
        return None
    return indicator.closed_by if platform in _ONLY.get(indicator.closed_by, {platform}) else None
