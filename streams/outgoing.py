"""The HTTP client for addresses that people enter: of a source that is asked, of a receiver that is notified.

Whoever may add one may have this machine ask for them. What a cloud gives to its own machines only, their credentials among it, is at
an address of the link, which no shop and no chat has: nothing is connected to there, whatever name leads to it.
"""

from __future__ import annotations

import errno
import ipaddress
import socket

import aiohttp

#: link-local addresses (RFC 3927, RFC 4291), and where AWS (IPv6), Alibaba Cloud and Azure have theirs
_OF_THE_MACHINE = tuple(
    map(ipaddress.ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32"))
)  # fmt: skip


def is_of_the_machine(address: str) -> bool:
    """Whether an address is one at which a cloud answers its own machines."""
    found = ipaddress.ip_address(address.partition("%")[0])
    plain = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped else found
    return any(plain in network for network in _OF_THE_MACHINE)


def outgoing_session() -> aiohttp.ClientSession:
    """A session for such addresses; to be made on a running loop."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=_socket))


def _socket(info: aiohttp.AddrInfoType) -> socket.socket:
    """A socket for an address as it was resolved just now, so that a name cannot be another by the time of the connection."""
    family, kind, protocol, _, address = info
    if is_of_the_machine(str(address[0])):
        raise PermissionError(errno.EACCES, f"{address[0]} is an address of this machine's own link")
    return socket.socket(family=family, type=kind, proto=protocol)
