"""The table, the picture and the files of the results."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.bench.windowed_count.timing import Timing

RESULTS = Path(__file__).parents[1] / "results"
LABELS = {
    "monitor": "Funnelwatch monitor\n(segments, duplicates, scoring,\ntransactional changelog)",
    "monitor_two": "Funnelwatch monitor,\ntwo processes",
    "faust": "Faust as documented",
    "quixstreams": "Quix Streams",
    "bytewax": "Bytewax (no recovery store)",
    "kafka_streams": "Kafka Streams, Java, 2 threads",
    "aiokafka_empty": "aiokafka, nothing done",
    "librdkafka_empty": "librdkafka, nothing done",
}
#: how many processes the monitor is in each of its rows
OURS = {"monitor": 1, "monitor_two": 2}
#: what the monitor, one process, must reach: times the other's events per second, then per CPU second
BARS: dict[str, tuple[float, float]] = {
    "faust": (100, 0),
    "quixstreams": (20, 0),
    "bytewax": (5, 0),
    "kafka_streams": (1.5, 2.5),
    "aiokafka_empty": (0.8, 0),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One competitor's medians. ``events`` is how many it was given; ``digest`` that of the counts all agree on.

    ``broker_cores`` and ``other_cores`` are how many cores the broker and everything else on the machine were using
    meanwhile: figures per second are only worth something where the last is near zero.
    """

    name: str
    events: int
    events_per_s: float
    events_per_cpu_s: float
    peak_mb: float
    digest: str | None
    runs: tuple[float, ...]
    broker_cores: float = 0.0
    other_cores: float = 0.0

    @classmethod
    def of(cls, name: str, timings: Sequence[Timing], digest: str | None) -> Row:
        """The medians of some runs."""
        rates = [timing.events / timing.wall_s for timing in timings]
        per_cpu = [timing.events / max(timing.cpu_s, 0.01) for timing in timings]
        peak = median(timing.peak_mb for timing in timings)
        return cls(
            name,
            timings[0].events,
            round(median(rates), 1),
            round(median(per_cpu), 1),
            round(peak, 1),
            digest,
            tuple(round(rate, 1) for rate in rates),
            round(median(timing.broker_cpu_s / timing.wall_s for timing in timings), 2),
            round(median(timing.others_cpu_s / timing.wall_s for timing in timings), 2),
        )


def table(rows: Sequence[Row]) -> str:
    """The rows as text, with the ratio to each of the monitor's one process, and of its two."""
    ours = [row for row in rows if row.name in OURS]
    head = f"{'':17} {'events':>10} {'events/s':>10} {'per CPU s':>10} {'peak MB':>8} {'broker':>7} {'others':>7}"
    for one in ours:
        head += f"  {one.name + ' ÷ it':>16} {'per CPU s':>9}"
    lines = [head + "  bar"]
    for row in rows:
        line = (
            f"{row.name:17} {row.events:>10,} {row.events_per_s:>10,.0f} {row.events_per_cpu_s:>10,.0f} "
            f"{row.peak_mb:>8,.0f} {row.broker_cores:>7.2f} {row.other_cores:>7.2f}"
        )
        for one in ours:
            line += f"  {one.events_per_s / row.events_per_s:>16.2f} {one.events_per_cpu_s / row.events_per_cpu_s:>9.2f}"
        lines.append(line + "".join(f"  {_bar(row, one)}" for one in ours if one.name == "monitor"))
    return "\n".join(line.rstrip() for line in lines)


def _bar(row: Row, ours: Row) -> str:
    if row.name not in BARS:
        return ""
    wanted, wanted_per_cpu = BARS[row.name]
    reached = (
        ours.events_per_s >= wanted * row.events_per_s
        and ours.events_per_cpu_s >= wanted_per_cpu * row.events_per_cpu_s
    )
    more = f", {wanted_per_cpu:g} per CPU s" if wanted_per_cpu else ""
    return f"{'reached' if reached else 'MISSED'} ({wanted:g}{more})"


def store(rows_by_events: Mapping[int, Sequence[Row]], notes: Sequence[str]) -> list[str]:
    """Write the dated results, ``latest.json`` and the picture; gives the files written."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    most = max(rows_by_events)
    found = {
        "windowed_count": [asdict(row) for row in rows_by_events[most]],
        "windowed_count_by_size": {
            str(events): [asdict(row) for row in rows] for events, rows in rows_by_events.items()
        },
        "windowed_count_about": {
            "at": now.isoformat(timespec="seconds"),
            "runs": {str(events): len(rows[0].runs) for events, rows in rows_by_events.items()},
            "notes": list(notes),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "versions": {
                name: version(name)
                for name in (
                    "aiokafka",
                    "faust-streaming",
                    "quixstreams",
                    "bytewax",
                    "confluent-kafka",
                    "msgspec",
                )
            },
        },
    }
    dated = RESULTS / f"windowed-count-{now:%Y-%m-%d}.json"
    dated.write_text(json.dumps(found, indent=1) + "\n")
    latest = RESULTS / "latest.json"
    known = json.loads(latest.read_text()) if latest.exists() else {}
    latest.write_text(json.dumps({**known, **found}, indent=1) + "\n")
    picture = RESULTS / "windowed-count.png"
    draw(rows_by_events[most], picture)
    return [f"written to {path}" for path in (dated, latest, picture)]


def draw(rows: Sequence[Row], path: Path) -> None:
    """A bar for each competitor: events a second with how many times it the monitor does, and events a CPU second."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    ordered = sorted(rows, key=lambda row: row.events_per_s)
    ours = [row for row in rows if row.name in OURS]
    figure, axes = plt.subplots(figsize=(10, 0.75 * len(rows) + 1.2))
    places = range(len(ordered))
    colours = ["#c2410c" if row.name in OURS else "#64748b" for row in ordered]
    fast = axes.barh(
        [place + 0.2 for place in places], [row.events_per_s for row in ordered], 0.38, color=colours
    )
    axes.barh(
        [place - 0.2 for place in places],
        [row.events_per_cpu_s for row in ordered],
        0.38,
        color=colours,
        alpha=0.4,
    )
    axes.bar_label(fast, [f" {row.events_per_s:,.0f}{_times(row, ours)}" for row in ordered], fontsize=9)
    axes.set_yticks(list(places), [LABELS.get(row.name, row.name) for row in ordered], fontsize=9)
    processes = " and ".join("one process" if OURS[row.name] == 1 else "two" for row in ours)
    rows_by_events = f"\nin brackets: how many times it the monitor's {processes} did" if ours else ""
    axes.set_xlabel(f"events per second (full) and per CPU second (pale){rows_by_events}")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.2)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _times(row: Row, ours: Sequence[Row]) -> str:
    """How many times a competitor's events a second the monitor's rows have: (2.3×, 3.1×)."""
    if row.name in OURS or not ours:
        return ""
    return " (" + ", ".join(f"{one.events_per_s / row.events_per_s:.3g}×" for one in ours) + ")"
