"""Two pictures of a run: delay against size and volume, and false alerts by quartile of volume."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

_COLOURS = ("#9ecae1", "#4292c6", "#08519c", "#08306b")


def plot_delay(rows: list[tuple], edges: list[float], path: Path) -> None:
    """Delay of found abrupt drops against their size, by quartile of volume, with the bound; share found below.

    Args:
        rows: (kind, depth, quartile, bound, delay, …) as ``measure.judge`` gives them.
        edges: events an hour between the quartiles.
        path: where the picture goes.
    """
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 7), sharex=True, height_ratios=(2, 1))
    abrupt = [row for row in rows if row[0] == "abrupt" and np.isfinite(row[3])]
    depths = sorted({row[1] for row in abrupt})
    names = _quartile_names(edges)
    for quartile in range(4):
        mine = [[row for row in abrupt if row[2] == quartile and row[1] == depth] for depth in depths]
        found = [[row for row in some if np.isfinite(row[4])] for some in mine]
        at = [100 * depth for depth, some in zip(depths, found, strict=True) if some]
        delay = [float(np.median([row[4] for row in some])) for some in found if some]
        bound = [float(np.median([row[3] for row in some])) for some in found if some]
        above.plot(at, delay, "o-", color=_COLOURS[quartile], label=names[quartile])
        above.plot(at, bound, ":", color=_COLOURS[quartile])
        share = [100 * len(hit) / len(some) for hit, some in zip(found, mine, strict=True) if some]
        below.plot(
            [100 * depth for depth, some in zip(depths, mine, strict=True) if some],
            share,
            "o-",
            color=_COLOURS[quartile],
        )
    above.set_yscale("log")
    above.set_ylabel("median delay of those found, minutes\n(dotted: the bound)")
    above.legend(title="first-stage events an hour", fontsize=8)
    below.set_ylabel("detectable drops\nfound, %")
    below.set_ylim(0, 105)
    below.set_xlabel("size of the drop, %")
    above.set_title("Delay and recall of detectable abrupt drops, level notice")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def plot_false(rates: dict[str, list[float]], budget: float, path: Path) -> None:
    """False alerts per store-week by quartile of volume, a group of bars for each method."""
    figure, axes = plt.subplots(figsize=(9, 4.5))
    places = np.arange(len(rates))
    for quartile in range(4):
        heights = [values[quartile] for values in rates.values()]
        axes.bar(
            places + (quartile - 1.5) * 0.2,
            heights,
            0.2,
            color=_COLOURS[quartile],
            label=("smallest", "second", "third", "largest")[quartile],
        )
    axes.axhline(budget, color="black", linestyle="--", linewidth=1, label=f"budget {budget:g}")
    axes.set_xticks(places, list(rates), rotation=25, ha="right")
    axes.set_ylabel("false alerts per store-week")
    axes.set_title("False alerts by quartile of volume")
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _quartile_names(edges: list[float]) -> list[str]:
    low, middle, high = (f"{edge:,.0f}" for edge in edges)
    return [f"under {low}", f"{low} to {middle}", f"{middle} to {high}", f"over {high}"]
