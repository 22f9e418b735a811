"""Where Prometheus finds the metrics of each process of an instance: ``DATA/prometheus/targets.json``, for ``file_sd_configs``.

Every process has a metrics port of its own, new at each start unless ``FUNNELWATCH_METRICS_PORT`` is set.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from streams.instance.files import read_states, role_and_number, write_atomically

#: addresses that stand for every address of a machine: whoever is on it asks itself
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  we only translate them


def targets_path(data: Path) -> Path:
    """The file of the instance under ``data``."""
    return data / "prometheus" / "targets.json"


def targets(data: Path) -> list[dict[str, object]]:
    """Each process that has reported a metrics address, with its role and name as labels."""
    found: list[dict[str, object]] = []
    for state in read_states(data):
        if not (address := _address(state.addresses.get("metrics", ""))):
            continue
        role, _ = role_and_number(state.name)
        found.append({"targets": [address], "labels": {"role": role, "process": state.name}})
    return found


def write_targets(data: Path) -> None:
    """Write the file, if what it says has changed.

    Raises:
        OSError: it cannot be written, as on a full disk.
    """
    path = targets_path(data)
    content = (json.dumps(targets(data), indent=1) + "\n").encode()
    if not path.exists() or path.read_bytes() != content:
        write_atomically(path, content, durable=False)


def _address(url: str) -> str:
    """``host:port`` of a metrics address; empty if there is none."""
    host, _, port = urlsplit(url).netloc.rpartition(":")
    host = _EVERYWHERE.get(host, host)
    return (
        f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}" if host else ""
    )
