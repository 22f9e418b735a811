"""Channel and campaign of a visit from the address of its page, by the rules of the pixel (``origin`` in ``streams/sources/pixel/static/funnel.js``)."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

_PAID = re.compile(r"cpc|ppc|paid|display|ads?\b")
_MAIL = re.compile(r"e-?mail|newsletter")
_CLICK_IDS = frozenset({"gclid", "fbclid", "ttclid", "msclkid"})


class Arrival(NamedTuple):
    """How a visit came; an empty text is unknown."""

    channel: str = ""
    campaign: str = ""


def arrival_of(address: str, medium: str = "", campaign: str = "") -> Arrival:
    """The channel and campaign that a page's ``address`` names, or that were given with it.

    Args:
        address: of the page, with its query; nothing of it is kept but ``utm_campaign``.
        medium: as the sender names it, where it does; holds against ``utm_medium``.
        campaign: likewise.
    """
    try:
        query = parse_qs(urlsplit(address).query)
    except ValueError:
        query = {}
    medium = (medium or query.get("utm_medium", [""])[0]).strip().lower()
    campaign = campaign or query.get("utm_campaign", [""])[0]
    if _PAID.search(medium) or _CLICK_IDS & query.keys():
        channel = "paid"
    elif _MAIL.search(medium):
        channel = "email"
    elif "social" in medium:
        channel = "social"
    else:
        channel = {"organic": "search", "(none)": "direct", "(not set)": ""}.get(medium, medium)
    return Arrival(channel[:64], campaign)
