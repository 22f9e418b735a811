"""What a request's connection and headers tell, before they are forgotten: country, device class, wish for privacy.

Neither address nor user agent leaves this file.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import crawleruseragents
import ua_parser
from babel.core import get_global

from scoring.events.event import DeviceClass

_DESKTOPS = frozenset(
    {
        "Windows",
        "Mac OS X",
        "Linux",
        "Chrome OS",
        "Ubuntu",
        "Fedora",
        "Debian",
        "FreeBSD",
        "OpenBSD",
        "Red Hat",
        "SUSE",
    }
)
_OTHER_MOBILES = frozenset(
    {
        "KaiOS",
        "Windows Phone",
        "BlackBerry OS",
        "Symbian OS",
        "Tizen",
        "HarmonyOS",
        "Sailfish",
        "Firefox OS",
        "Bada",
    }
)
#: set by Cloudflare, CloudFront, and proxies of one's own
_COUNTRY_HEADERS = ("CF-IPCountry", "CloudFront-Viewer-Country", "X-Country")
_LONGEST_AGENT = 512


class Edge(NamedTuple):
    """What is taken over from a request into events that do not say it themselves."""

    country: str = ""
    user_agent: str = ""
    is_private: bool = False


@lru_cache(maxsize=20_000)
def device_class(user_agent: str) -> str:
    """The device class behind a user agent; bots are told by the crawler list, and by having no agent to speak of."""
    agent = user_agent[:_LONGEST_AGENT]
    if crawleruseragents.is_crawler(agent) or "HeadlessChrome" in agent:
        return DeviceClass.BOT.value
    system = ua_parser.parse_os(agent)
    family = system.family if system else ""
    if family == "iOS":
        return DeviceClass.IOS.value
    if family == "Android":
        return DeviceClass.ANDROID.value
    if family in _OTHER_MOBILES or "OpenHarmony" in agent:
        return DeviceClass.OTHER_MOBILE.value
    if family in _DESKTOPS or "CrOS" in agent:
        return DeviceClass.DESKTOP.value
    return DeviceClass.OTHER_MOBILE.value if "Mobile" in agent else DeviceClass.UNKNOWN.value


class EdgeReader:
    """Reads requests. Headers that name a country are believed only from trusted proxies."""

    def __init__(self, trusted_proxies: tuple[str, ...]) -> None:
        """Trust these networks, such as ``10.0.0.0/8``."""
        self._trusted = tuple(
            ipaddress.ip_network(network, strict=False) for network in trusted_proxies if network
        )
        self._is_trusted = lru_cache(maxsize=1024)(self._look_up)

    def read(self, peer: str | None, headers: Mapping[str, str], zone: str = "") -> Edge:
        """What the request of a browser tells.

        Args:
            peer: the address that is connected.
            headers: of the request, names without regard to case.
            zone: the browser's time zone, if the pixel told it.
        """
        private = headers.get("Sec-GPC") == "1" or headers.get("DNT") == "1"
        country = ""
        if peer and self._is_trusted(peer):
            country = next((_code(headers[name]) for name in _COUNTRY_HEADERS if name in headers), "")
        country = (
            country or _country_of_zone(zone) or _country_of_language(headers.get("Accept-Language", ""))
        )
        return Edge("" if private else country, headers.get("User-Agent", "")[:_LONGEST_AGENT], private)

    def _look_up(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def _code(text: str) -> str:
    code = text.strip().upper()
    # XX and T1 are Cloudflare's for "unknown" and Tor
    return code if len(code) == 2 and code.isascii() and code.isalpha() and code != "XX" else ""


def _country_of_zone(zone: str) -> str:
    if not zone:
        return ""
    territories: Mapping[str, str] = get_global("zone_territories")
    return _code(territories.get(zone[:64], ""))


def _country_of_language(accepted: str) -> str:
    """The region of the first language, such as CN in ``zh-CN,zh;q=0.9``; a weak hint, and the last one asked."""
    first = accepted[:64].partition(",")[0].partition(";")[0].replace("_", "-")
    return next((_code(part) for part in first.split("-")[1:] if len(part) == 2), "")
