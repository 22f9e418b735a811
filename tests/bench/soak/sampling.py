"""What an instance holds at a moment: memory, handles and threads of each process, files and bytes of its folder, parts and rows."""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.instance import Instance

#: of the folder, each looked at for itself; the rest is ``other``
_FOLDERS = ("kafka", "clickhouse", "logs", "spool")
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.M)


def processes(data: Path) -> Iterator[tuple[str, int]]:
    """Name and process id of each role and part, and of what the parts started themselves."""
    for path in sorted((data / "run").glob("*.json")):
        with contextlib.suppress(OSError, ValueError):
            pid = int(json.loads(path.read_text())["pid"])
            yield path.stem, pid
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                yield f"{path.stem}'s", int(child)


def sample(instance: Instance) -> dict[str, float]:
    """Every figure of now, by its name."""
    found: dict[str, float] = {"memory_mb": 0, "handles": 0, "threads": 0}
    for name, pid in processes(instance.data):
        with contextlib.suppress(OSError):
            pss = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
            held = int(pss[1]) / 1000 if pss else 0.0
            found[f"memory_mb {name}"] = found.get(f"memory_mb {name}", 0) + held
            found["memory_mb"] += held
            handles = len(os.listdir(f"/proc/{pid}/fd"))
            found[f"handles {name}"] = found.get(f"handles {name}", 0) + handles
            found["handles"] += handles
            found["threads"] += len(os.listdir(f"/proc/{pid}/task"))
    for path in instance.data.rglob("*"):
        top = path.relative_to(instance.data).parts[0]
        where = top if top in _FOLDERS else "other"
        with contextlib.suppress(OSError):
            stat = path.lstat()
            found[f"files {where}"] = found.get(f"files {where}", 0) + 1
            found[f"mb {where}"] = found.get(f"mb {where}", 0) + stat.st_blocks * 512 / 1e6
    (stored,) = instance.sql(
        "SELECT (SELECT count() FROM event_records) AS events, (SELECT sum(count) FROM stage_counts) AS counted, "
        "(SELECT count() FROM alerts) AS alerts"
    )
    found |= {name: float(value or 0) for name, value in stored.items()}
    found["topics"] = len(
        {path.name.rpartition("-")[0] for path in (instance.data / "kafka" / "data").glob("*-[0-9]*")}
    )
    parts = (instance.data / "clickhouse" / "engine").glob("store/*/*/*_*_*_*")
    found["part folders"] = sum(1 for one in parts if one.is_dir())
    return found


def levels(samples: list[dict[str, float]]) -> dict[str, tuple[float, float, float]]:
    """Figure → its median in the second, the third and the last quarter of the run."""
    quarter = max(1, len(samples) // 4)
    pieces = [samples[quarter : 2 * quarter], samples[2 * quarter : 3 * quarter], samples[3 * quarter :]]
    names = sorted({name for one in samples for name in one})
    return {
        name: tuple(statistics.median([one.get(name, 0.0) for one in piece] or [0.0]) for piece in pieces)  # type: ignore[misc]
        for name in names
    }
