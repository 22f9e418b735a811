"""Pictures in a digest, drawn by matplotlib without a display: sparklines, the funnel with what was expected, the radar.

Drawn in a thread, in light and in dark. Chinese is drawn only with a font of the machine that has the characters; where there is
none, the pictures carry no words at all (the words are around them in the mail), never empty boxes.
"""

from __future__ import annotations

import io
import itertools
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from scoring.digest.values import Bucket, Dimension, StageBar

#: fonts with simplified Chinese, as Linux, macOS and Windows name them
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Heiti SC",
    "Arial Unicode MS",
    "Noto Serif CJK SC",
)
LATIN_FONT = "DejaVu Sans"
#: characters that a font must have to be called Chinese here
PROBE = "曝光点击加购下单支付发货复购预期"
#: pixels per CSS pixel
SCALE = 2
_DPI = 100

# matplotlib's font cache and text layout are not meant for several threads at once
_DRAWING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of one variant."""

    paper: str
    ink: str
    dim: str
    faint: str
    actual: str
    ghost: str
    bad: str


LIGHT = Colours("#ffffff", "#1d2630", "#52606d", "#d5dbe1", "#2563a8", "#b9cde4", "#b42318")
DARK = Colours("#1d232a", "#e6eaee", "#a8b3bd", "#3c4650", "#6aa5e8", "#34506e", "#ff8a7a")
#: sparklines have no paper of their own: these are seen on white and on near black
_SPARK = Colours("none", "#7b8794", "#8795a1", "#8795a1", "#3b82d6", "#9aa5b1", "#e5534b")


@lru_cache(maxsize=1)
def chinese_font() -> str | None:
    """The name of a font of this machine that can write Chinese, None if there is none."""
    found = _known_chinese_font()
    if found is None and _learn_new_fonts():
        found = _known_chinese_font()
    return found


def _learn_new_fonts() -> int:
    """Look for fonts that were installed after matplotlib made its list, which it never renews; how many there were."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    new = [path for path in font_manager.findSystemFonts() if path not in known]
    for path in new:
        try:
            font_manager.fontManager.addfont(path)
        except (OSError, RuntimeError, ValueError):
            continue  # a broken font of the machine is not ours to fix
    return len(new)


def _known_chinese_font() -> str | None:
    by_name = {entry.name: entry for entry in font_manager.fontManager.ttflist}
    for name in CHINESE_FONTS:
        entry = by_name.get(name)
        if entry is None:
            continue
        try:
            characters = FT2Font(entry.fname).get_charmap()
        except (OSError, RuntimeError):
            continue
        if all(ord(character) in characters for character in PROBE):
            return name
    return None


def can_write(text: str) -> bool:
    """True if pictures can carry ``text`` here."""
    return text.isascii() or chinese_font() is not None


def _family() -> list[str]:
    found = chinese_font()
    return [found, LATIN_FONT] if found else [LATIN_FONT]


def _figure(width: int, height: int, paper: str) -> Figure:
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI * SCALE)
    FigureCanvasAgg(figure)
    if paper == "none":
        figure.patch.set_alpha(0.0)
    else:
        figure.patch.set_facecolor(paper)
    return figure


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", transparent=None, metadata={"Software": None})
    return buffer.getvalue()


def sparkline(line: Sequence[Bucket], is_bad: bool) -> bytes:
    """A line of what came over a grey line of what was expected; 132 × 30 CSS pixels, without words."""
    with _DRAWING:
        figure = _figure(132, 30, "none")
        axes = figure.add_axes((0.01, 0.06, 0.98, 0.88))
        axes.axis("off")
        places = range(len(line))
        observed = [bucket.observed for bucket in line]
        expected = [math.nan if bucket.expected is None else bucket.expected for bucket in line]
        colour = _SPARK.bad if is_bad else _SPARK.actual
        shortfall = [
            seen < due if not math.isnan(due) else False for seen, due in zip(observed, expected, strict=True)
        ]
        axes.fill_between(
            places,
            observed,
            expected,
            where=shortfall,
            color=colour,
            alpha=0.18,
            linewidth=0,
            interpolate=True,
        )
        axes.plot(places, expected, color=_SPARK.ghost, linewidth=1.1)
        axes.plot(places, observed, color=colour, linewidth=1.5, solid_joinstyle="round")
        top = max([*observed, *(value for value in expected if not math.isnan(value)), 1.0])
        axes.set_ylim(-0.06 * top, top * 1.06)
        axes.set_xlim(-0.5, max(1, len(line)) - 0.5)
        return _png(figure)


def funnel(
    bars: Sequence[StageBar],
    names: Sequence[str],
    counts: Sequence[str],
    changes: Sequence[str],
    colours: Colours,
) -> bytes:
    """One bar a stage over a pale bar of what was expected; ``names``, ``counts`` and ``changes`` are next to the bars.

    Counts of a funnel fall by orders of magnitude, and a tenth less must still be seen: the pale bar's length is the order of
    magnitude of what was expected, the dark one is that part of it that came.
    """
    with _DRAWING:
        figure = _figure(480, 32 * len(bars) + 12, colours.paper)
        axes = figure.add_axes((0.215, 0.02, 0.46, 0.96))
        axes.axis("off")
        top = max(math.log10(10 + max(bar.count or 0, bar.expected or 0)) for bar in bars)
        style: dict[str, Any] = {"fontfamily": _family(), "fontsize": 10.4, "va": "center"}
        for place, bar in enumerate(bars):
            y = len(bars) - 1 - place
            of = bar.count if bar.expected is None else bar.expected
            length = math.log10(10 + (of or 0)) / top
            if bar.expected is not None:
                axes.barh(y, length, height=0.78, color=colours.ghost, zorder=1)
            if bar.count is not None:
                part = min(bar.count / bar.expected, 1.0 / length) if bar.expected else 1.0
                colour = colours.bad if part < 0.95 else colours.actual
                alpha = 1.0 if bar.expected is not None else 0.55
                axes.barh(y, length * part, height=0.42, color=colour, alpha=alpha, zorder=2)
            else:
                axes.plot([0, 1], [y, y], color=colours.faint, linewidth=1, linestyle=(0, (2, 3)), zorder=1)
            ink = colours.dim if bar.count is None else colours.ink
            axes.text(-0.02, y, names[place], ha="right", color=ink, **style)
            axes.text(1.04, y, counts[place], ha="left", color=ink, **style)
            axes.text(1.68, y, changes[place], ha="right", color=ink, **style)
        axes.set_xlim(0, 1)
        axes.set_ylim(-0.6, len(bars) - 0.4)
        return _png(figure)


def radar(axes_values: Sequence[Dimension], names: Sequence[str], colours: Colours) -> bytes:
    """Each step's actual over expected; 100 % is the strong ring, last week is dashed, what was not measured is left open."""
    with _DRAWING:
        figure = _figure(420, 330, colours.paper)
        axes: Any = figure.add_axes((0.17, 0.11, 0.66, 0.76), projection="polar")
        axes.set_facecolor(colours.paper)
        axes.set_theta_zero_location("N")
        axes.set_theta_direction(-1)
        angles = [2 * math.pi * i / len(axes_values) for i in range(len(axes_values))]
        most = 1.25
        circle = [2 * math.pi * i / 120 for i in range(121)]
        for ring, width in ((0.5, 0.6), (1.0, 1.4)):
            axes.plot(
                circle, [ring] * 121, color=colours.dim if ring == 1.0 else colours.faint, linewidth=width
            )
        for angle, axis in zip(angles, axes_values, strict=True):
            is_measured = axis.value is not None
            axes.plot(
                [angle, angle],
                [0, most],
                color=colours.faint,
                linewidth=0.8,
                linestyle="-" if is_measured else (0, (2, 3)),
            )
        before = [(angle, axis.before) for angle, axis in zip(angles, axes_values, strict=True)]
        now = [(angle, axis.value) for angle, axis in zip(angles, axes_values, strict=True)]
        _outline(axes, before, most, colours.dim, dashed=True)
        _outline(axes, now, most, colours.actual, dashed=False)
        for angle, axis in zip(angles, axes_values, strict=True):
            if axis.value is not None:
                colour = colours.bad if axis.value < 0.9 else colours.actual
                axes.plot([angle], [min(axis.value, most)], "o", markersize=4.5, color=colour, zorder=5)
        axes.set_ylim(0, most)
        axes.set_yticks([])
        axes.set_xticks([])
        axes.spines["polar"].set_visible(False)
        for angle, name, axis in zip(angles, names, axes_values, strict=True):
            across = "center" if abs(math.sin(angle)) < 0.2 else "left" if math.sin(angle) > 0 else "right"
            down = "bottom" if math.cos(angle) > 0.9 else "top" if math.cos(angle) < -0.9 else "center"
            axes.text(
                angle, most * (1.1 if down == "center" else 1.03), name, ha=across, va=down, fontfamily=_family(), fontsize=9.6,
                color=colours.dim if axis.value is None else colours.ink, linespacing=1.25,
            )  # fmt: skip
        return _png(figure)


def _outline(
    axes: Any, points: list[tuple[float, float | None]], most: float, colour: str, dashed: bool
) -> None:
    """The line through neighbours that are measured; it is broken where one is not, and closed only if all are."""
    closed = [*points, (2 * math.pi, points[0][1])] if points else []
    style: dict[str, Any] = {"color": colour, "linewidth": 1.1 if dashed else 1.8}
    if dashed:
        style["linestyle"] = (0, (3, 2))
    for (a, x), (b, y) in itertools.pairwise(closed):
        if x is not None and y is not None:
            axes.plot([a, b], [min(x, most), min(y, most)], **style)
            if not dashed:
                axes.fill([0, a, b], [0, min(x, most), min(y, most)], color=colour, alpha=0.14, linewidth=0)
