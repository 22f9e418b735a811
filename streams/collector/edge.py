"""What a request's connection and headers say, before they are forgotten: country, device class, wish for privacy.

Neither address nor user agent leaves this file. What stands for the sender's network is a hash under a key that lives as long as
the process, and is not stored.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
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
#: what an agent's request carries that is signed as a message (Web Bot Auth, on RFC 9421); what is put in place of its user agent
_SIGNED_HEADERS = ("Signature-Agent", "Signature-Input", "Signature")
SIGNED_AGENT = "\nsigned agent"
#: bytes of an address that name its network, by version
_NETWORK_BYTES = {4: 3, 6: 6}
#: IANA's names of rules that no single country has
_NO_PLACE = frozenset(
    {"CET", "CST6CDT", "EET", "EST", "EST5EDT", "Factory", "HST", "MET", "MST", "MST7MDT", "PST8PDT", "WET"}
)


class Edge(NamedTuple):
    """What is taken over from a request into events that do not say it themselves."""

    country: str = ""
    user_agent: str = ""
    is_private: bool = False
    #: stands for the sender's network while this process lives; never written anywhere
    network: str = ""


@lru_cache(maxsize=20_000)
def device_class(user_agent: str) -> str:
    """The device class behind a user agent; bots are recognised by the crawler list, and by having no agent to speak of."""
    agent = user_agent[:_LONGEST_AGENT]
    if agent == SIGNED_AGENT:
        return DeviceClass.AGENT.value
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


def _agent_of(headers: Mapping[str, str]) -> str:
    """The user agent, or that the request is an agent's, which signs what it sends.

    The signature is not checked: whoever pretends to sign only leaves the people's segments.
    """
    is_signed = all(headers.get(name) for name in _SIGNED_HEADERS) and 'tag="web-bot-auth"' in headers.get(
        "Signature-Input", ""
    )
    return SIGNED_AGENT if is_signed else headers.get("User-Agent", "")[:_LONGEST_AGENT]


class EdgeReader:
    """Reads requests. Headers that name a country are believed only from trusted proxies."""

    def __init__(self, trusted_proxies: tuple[str, ...]) -> None:
        """Trust these networks, such as ``10.0.0.0/8``."""
        self._trusted = tuple(
            ipaddress.ip_network(network, strict=False) for network in trusted_proxies if network
        )
        self._is_trusted = lru_cache(maxsize=1024)(self._look_up)
        self._salt = secrets.token_bytes(32)

    def read(self, peer: str | None, headers: Mapping[str, str], zone: str = "") -> Edge:
        """What the request of a browser says.

        Args:
            peer: the address that is connected.
            headers: of the request, names without regard to case.
            zone: the browser's time zone, if the pixel gave it. A zone without a country (UTC) leaves the country unknown.
        """
        private = headers.get("Sec-GPC") == "1" or headers.get("DNT") == "1"
        country = ""
        if peer and self._is_trusted(peer):
            country = next((_code(headers[name]) for name in _COUNTRY_HEADERS if name in headers), "")
        if not country:
            by_zone = _country_of_zone(zone[:64])
            by_language = _country_of_language(headers.get("Accept-Language", ""))
            country = by_language if by_zone is None else by_zone
        return Edge(
            "" if private else country,
            _agent_of(headers),
            private,
            self._network(peer, headers),
        )

    def _network(self, peer: str | None, headers: Mapping[str, str]) -> str:
        """What stands for the sender's network (IPv4 /24, IPv6 /48); empty for one that is not public, such as a proxy's."""
        address = peer or ""
        if self._is_trusted(address):
            hops = [hop.strip() for hop in headers.get("X-Forwarded-For", "")[-500:].split(",")]
            address = next((hop for hop in reversed(hops) if not self._is_trusted(hop)), "")
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return ""
        if not ip.is_global:
            return ""
        prefix = ip.packed[: _NETWORK_BYTES[ip.version]]
        return hashlib.blake2b(prefix, key=self._salt, digest_size=8).hexdigest()

    def _look_up(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def _code(text: str) -> str:
    code = text.strip().upper()
    # XX and T1 are Cloudflare's for "unknown" and Tor, ZZ is Unicode's for no country
    return code if len(code) == 2 and code.isascii() and code.isalpha() and code not in ("XX", "ZZ") else ""


@lru_cache(maxsize=4096)
def _country_of_zone(zone: str) -> str | None:
    """The country a time zone lies in: "" for one that lies in none (UTC, fixed offsets), None for an unknown name.

    Browsers name many zones by names that have been replaced (Chromium says Asia/Calcutta, where Firefox says Asia/Kolkata).
    A replaced name that is a place has that place's country; one without a place (EST, CET) has none, whatever it was
    replaced by.
    """
    territories: Mapping[str, str] = get_global("zone_territories")
    aliases: Mapping[str, str] = get_global("zone_aliases")
    newer = aliases.get(zone, zone)
    country = (
        _code(territories.get(zone, ""))
        or _code(territories.get(newer, ""))
        or _newest_zones().get(newer, "")
    )
    if zone in _NO_PLACE or zone.startswith(("Etc/", "SystemV/")) or newer.startswith("Etc/"):
        return ""
    return country or None


@lru_cache(maxsize=1)
def _newest_zones() -> Mapping[str, str]:
    """Zones and their countries by IANA's own table, which is newer than the Unicode one: for zones made since."""
    lines = files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def _country_of_language(accepted: str) -> str:
    """The region of the first language, such as CN in ``zh-CN,zh;q=0.9``; a weak hint, and the last one asked."""
    first = accepted[:64].partition(",")[0].partition(";")[0].replace("_", "-")
    return next((_code(part) for part in first.split("-")[1:] if len(part) == 2), "")
