"""The table, the picture and the files of the whole path's figures."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from tests.bench.whole_path.ground import Figure
from tests.bench.windowed_count.reporting import RESULTS

#: the parts of the whole path, as ``--only`` names them
PARTS = ("collector", "pushes", "landing", "stores", "recovery", "workers", "delay", "units", "units_full")


def table(figures: Sequence[Figure]) -> str:
    """The figures as text, one a line."""
    lines = []
    for one in figures:
        number = (
            f"{one.value:,.0f}" if one.value >= 1000 or float(one.value).is_integer() else f"{one.value:,.3f}"
        )
        bar = f"{'reached' if one.reached else 'MISSED'} ({one.bar})" if one.bar else ""
        lines.append(f"{one.part:10} {one.what:62} {number:>12} {one.unit:12} {bar}".rstrip())
    return "\n".join(lines)


def store(figures: Sequence[Figure], loads: Sequence[float]) -> list[str]:
    """Write the dated results, ``latest.json`` (parts not measured now keep their figures) and the picture.

    The parts may be run one by one: what is not measured now stays as it was, with the date and the load it was measured at.
    """
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    latest = RESULTS / "latest.json"
    known = json.loads(latest.read_text()) if latest.exists() else {}
    measured = {one.part for one in figures}
    kept = [one for one in known.get("whole_path", []) if one["part"] not in measured]
    about = {
        "at": now.isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": [round(min(loads), 1), round(max(loads), 1)],
    }
    before = {part: reported for part, reported in known.get("whole_path_about", {}).items() if part in PARTS}
    found: dict[str, Any] = {
        "whole_path": [*kept, *(asdict(one) for one in figures)],
        "whole_path_about": {**before, **dict.fromkeys(sorted(measured), about)},
    }
    dated = RESULTS / f"whole-path-{now:%Y-%m-%d}.json"
    dated.write_text(json.dumps(found, indent=1) + "\n")
    latest.write_text(json.dumps({**known, **found}, indent=1) + "\n")
    picture = RESULTS / "whole-path.png"
    draw([Figure(**one) for one in found["whole_path"]], str(picture))
    return [f"written to {path}" for path in (dated, latest, picture)]


def draw(figures: Sequence[Figure], path: str) -> None:
    """Bars of what is given per second, and of the delays."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rates = [one for one in figures if one.unit in ("events/s", "rows/s")]
    delays = [
        one for one in figures if one.part == "delay" and one.unit == "s" and "event to" not in one.what
    ]
    figure, axes = plt.subplots(2, 1, figsize=(10, 0.32 * (len(rates) + len(delays)) + 2.4))
    for axis, chosen, label in ((axes[0], rates, "a second"), (axes[1], delays, "seconds")):
        ordered = list(reversed(chosen))
        bars = axis.barh(range(len(ordered)), [one.value for one in ordered], 0.7, color="#64748b")
        axis.bar_label(bars, [f" {one.value:,.4g}" for one in ordered], fontsize=8)
        axis.set_yticks(range(len(ordered)), [f"{one.part}: {one.what}" for one in ordered], fontsize=8)
        axis.set_xlabel(label)
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0.15)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
