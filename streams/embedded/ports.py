"""Ports on this machine: whether one is free, and another if it is not."""

from __future__ import annotations

import contextlib
import socket


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """True if a server could listen on ``port`` of ``host`` now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port of ``host`` that nothing listens on."""
    return free_ports(1, host)[0]


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """This many different ports that nothing listens on: each is held until all are found, else one could be given twice."""
    with contextlib.ExitStack() as held:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        probes = [held.enter_context(socket.socket(family, socket.SOCK_STREAM)) for _ in range(count)]
        for probe in probes:
            probe.bind((host, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def choose_port(wanted: int, host: str = "127.0.0.1", taken: frozenset[int] = frozenset()) -> int:
    """``wanted`` if it is free and not in ``taken``, else another free port; 0 always takes another."""
    if wanted and wanted not in taken and is_free(wanted, host):
        return wanted
    while (port := free_port(host)) in taken:
        pass
    return port


def answers(host: str, port: int, timeout_s: float = 0.3) -> bool:
    """True if something accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout_s):
        return True
    return False
