"""The small picture of a card: what came as a line, what was expected as a dashed one with its range, without words; of a report
its periods, those of the alert on red.

Drawn by Pillow, which loads in a moment; matplotlib, which draws the morning mail, would cost the notifier a second and 60 MB. Words
are next to the picture (``CardCurve.words``), so it needs no font of the reader's language. The clock is the reader's, the days of a report its own.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import math
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from scoring.funnel.units import DAY_MS
from scoring.wording.card import CardCurve, CurvePoint
from streams.channels.message import Message, SendRejectedError, SendRetryableError

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

_log = structlog.get_logger()
WIDTH, HEIGHT = 640, 260
#: drawn larger and made smaller, so that lines are smooth
_FINER = 2
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 20, 16, 38
_PAPER, _INK, _GRID = "#ffffff", "#52606d", "#e3e8ed"
_OBSERVED, _MISSING, _EXPECTED, _BAND, _ALERT = "#2563a8", "#b42318", "#6b7885", "#e6edf5", "#fbdad6"
_DASH, _GAP = 9, 6
#: tick marks of the clock
_TICKS = 4
#: dates are wider than times
_DATE_TICKS = 3

Place = tuple[float, float]


async def pictures_of(message: Message, upload: Callable[[bytes], Awaitable[str]]) -> dict[str, str]:
    """What ``upload`` gave for the picture of each card that has one, by alert. A picture that cannot be had costs nothing else."""
    found = {}
    try:
        for card in message.cards:
            if card.curve is not None:
                found[card.alert_id] = await upload(await asyncio.to_thread(picture_of, card.curve))
    except (SendRejectedError, SendRetryableError) as error:
        _log.warning("picture_not_sent", reason=str(error))
    return found


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size=20 * _FINER)


def picture_of(curve: CardCurve) -> bytes:
    """The curve as a PNG of 640 × 260 pixels."""
    from PIL import Image, ImageDraw  # only processes that send pictures load it

    image = Image.new("RGB", (WIDTH * _FINER, HEIGHT * _FINER), _PAPER)
    draw = ImageDraw.Draw(image)
    frame = _Frame(curve)
    for point in curve.points:
        if point.is_marked:
            draw.rectangle(frame.column(point.at_ms), fill=_ALERT)
    frame.grid(draw, ZoneInfo(curve.zone))
    for run in curve_runs(curve, lambda point: point.expected is not None):
        band = [frame.place(p.at_ms, p.high) for p in run] + [frame.place(p.at_ms, p.low) for p in run[::-1]]
        if len(run) > 1:
            draw.polygon(band, fill=_BAND)
        _dashed(draw, [frame.place(p.at_ms, p.expected or 0.0) for p in run])
    for run in curve_runs(curve, lambda _: True):
        draw.line(
            [frame.place(p.at_ms, p.observed) for p in run], fill=_OBSERVED, width=3 * _FINER, joint="curve"
        )
    for point in curve.points:
        is_below = point.expected is not None and point.observed < point.low  # than chance explains
        if is_below or curve.period_ms is not None:
            x, y = frame.place(point.at_ms, point.observed)
            r = (4 if is_below else 3) * _FINER
            draw.ellipse((x - r, y - r, x + r, y + r), fill=_MISSING if is_below else _OBSERVED)
    small = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    # few colours: half the bytes; chosen so that a colour of few pixels, the red dot, is kept
    buffer = io.BytesIO()
    small.quantize(64, Image.Quantize.MAXCOVERAGE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


class _Frame:
    """From moments and counts to places in the picture."""

    def __init__(self, curve: CardCurve) -> None:
        self._curve, points = curve, curve.points
        #: a period is as wide as its column: half of it is before and half behind its place
        half_ms = (curve.period_ms or 0) // 2
        self._from_ms, self._to_ms = points[0].at_ms - half_ms, points[-1].at_ms + half_ms
        self._half_ms = half_ms
        self._top = max([1.0, *(max(p.observed, p.high if p.expected is not None else 0.0) for p in points)])

    def column(self, at_ms: int) -> tuple[Place, Place]:
        """The column of a period, from corner to corner."""
        return self.place(at_ms - self._half_ms, self._top), self.place(at_ms + self._half_ms, 0.0)

    def place(self, at_ms: float, value: float) -> Place:
        """Where a count at a moment is."""
        across = (at_ms - self._from_ms) / max(1, self._to_ms - self._from_ms)
        x = _LEFT + across * (WIDTH - _LEFT - _RIGHT)
        y = HEIGHT - _BOTTOM - value / self._top * (HEIGHT - _TOP - _BOTTOM)
        return x * _FINER, y * _FINER

    def grid(self, draw: ImageDraw.ImageDraw, zone: ZoneInfo) -> None:
        """Lines at nothing, half and most, and the clock below."""
        for value in (0.0, self._top / 2, self._top):
            (left, y), (right, _) = self.place(self._from_ms, value), self.place(self._to_ms, value)
            draw.line((left, y, right, y), fill=_GRID, width=_FINER)
            text = f"{value:,.0f}" if self._top >= 4 or value in (0.0, self._top) else f"{value:.1f}"
            draw.text((left - 8 * _FINER, y), text, fill=_INK, font=_font(), anchor="rm")
        for at_ms, text, anchor in self._ticks(zone):
            x, y = self.place(at_ms, 0.0)
            draw.text((x, y + 8 * _FINER), text, fill=_INK, font=_font(), anchor=anchor)

    def _ticks(self, zone: ZoneInfo) -> Iterator[tuple[float, str, str]]:
        """Moments along the picture, each with its words and where these are anchored: of a report periods, else the clock."""
        points, period_ms = self._curve.points, self._curve.period_ms
        many = _TICKS if period_ms is None else min(_DATE_TICKS, len(points) - 1)
        for tick in range(many + 1):
            at_ms = self._from_ms + (self._to_ms - self._from_ms) * tick / _TICKS
            if period_ms is not None:
                at_ms = points[round((len(points) - 1) * tick / max(1, many))].at_ms
            clock = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
            form = "%Y-%m-%d" if period_ms is not None and period_ms >= DAY_MS else "%H:%M"
            yield at_ms, f"{clock:{form}}", "lt" if tick == 0 else "rt" if tick == many else "mt"


def curve_runs(curve: CardCurve, is_shown: Callable[[CurvePoint], bool]) -> list[list[CurvePoint]]:
    """The stretches of points that are shown; a period that was not reported ends one."""
    runs: list[list[CurvePoint]] = [[]]
    before_ms: int | None = None
    for point in curve.points:
        is_gap = (
            curve.period_ms is not None
            and before_ms is not None
            and point.at_ms - before_ms > 1.5 * curve.period_ms
        )
        if is_gap or not is_shown(point):
            runs.append([])
        if is_shown(point):
            runs[-1].append(point)
        before_ms = point.at_ms
    return [run for run in runs if run]


def _dashed(draw: ImageDraw.ImageDraw, places: list[Place]) -> None:
    """A dashed line: Pillow has none of its own."""
    dash, period, walked = _DASH * _FINER, (_DASH + _GAP) * _FINER, 0.0
    for (x0, y0), (x1, y1) in itertools.pairwise(places):
        length = max(1e-9, math.dist((x0, y0), (x1, y1)))
        for number in range(int(walked // period), int((walked + length) // period) + 1):
            begin = max(0.0, (number * period - walked) / length)
            end = min(1.0, (number * period + dash - walked) / length)
            if begin < end:
                ends = [(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for share in (begin, end)]
                draw.line(ends, fill=_EXPECTED, width=2 * _FINER)
        walked += length
