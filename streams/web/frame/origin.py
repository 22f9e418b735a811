"""Where a request comes from, and where it may be sent on to: what is believed of a reader's own words."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from aiohttp import web

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: a path, a query, a fragment: printable ASCII, since a browser drops tabs and line breaks, and takes \\ for /
_CLEAN: Final = re.compile(r"/(?!/)[!-\[\]-~]*\Z")


def local_path(target: str) -> str:
    """``target`` if it is a clean path of this page; the overview for anything else."""
    return target if _CLEAN.match(target) else "/"


class ClientAddresses:
    """Finds the addresses of those who ask. ``X-Forwarded-For`` is believed from trusted proxies only."""

    def __init__(self, trusted_proxies: tuple[str, ...]) -> None:
        """Trust these networks, such as ``10.0.0.0/8``."""
        self._trusted = tuple(
            ipaddress.ip_network(network, strict=False) for network in trusted_proxies if network
        )

    def address(self, request: web.Request) -> str:
        """The address of whoever asks; of IPv6 the network of 64 bits, which one person has whole."""
        nearest = request.remote or ""
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
        # from the nearest hop outwards, as long as each is one of ours
        hops = [nearest, *reversed([hop.strip() for hop in forwarded[-2000:].split(",") if hop.strip()])]
        known: _Address | None = None
        for hop in hops:
            address = _address(hop)
            if address is None:
                break
            known = address
            if not any(address in network for network in self._trusted):
                break
        if known is None:
            return nearest
        if known.version == 6:
            return str(ipaddress.ip_network((known, 64), strict=False).network_address)
        return str(known)


def _address(text: str) -> _Address | None:
    host = text.rpartition(":")[0] if text.count(":") == 1 else text  # some proxies add a port
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
