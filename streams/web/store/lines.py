"""The line of a step as page and alert show it: its geometry on the reader's clock, and the same in words."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from streams.web.frame.names import Names
from streams.web.frame.reader import PageReader
from streams.web.store.answers import Series, SeriesPoint
from streams.web.store.chart import LineChart, line_chart

#: what the line in words covers: the latest minutes of it
SPOKEN_MINUTES = 30


def line_of(series: Series, reader: PageReader, mark_ms: int | None) -> LineChart:
    """The line with round ticks on the reader's clock; ``mark_ms`` is a moment to mark."""
    offset = datetime.fromtimestamp(series.to_ms / 1000, UTC).astimezone(ZoneInfo(reader.zone)).utcoffset()
    return line_chart(series, mark_ms, int(offset.total_seconds() * 1000) if offset else 0)


def line_in_words(series: Series, reader: PageReader, names: Names) -> str:
    """The line for those who do not see it: its last half hour (at least one point)."""
    recent = series.points[-max(1, SPOKEN_MINUTES // series.resolution_minutes) :]
    values: dict[str, object] = {
        "step": names.step(series.step),
        "from": reader.clock(series.from_ms),
        "to": reader.clock(series.to_ms),
        "observed": reader.count(sum(p.observed for p in recent)),
    }
    if any(p.expected is None for p in recent):
        return reader.word("chart_label_plain", **values)
    expected = sum(p.expected or 0.0 for p in recent)
    below = math.sqrt(sum(_below(p) ** 2 for p in recent))
    above = math.sqrt(sum(((p.high or 0.0) - (p.expected or 0.0)) ** 2 for p in recent))
    return reader.word(
        "chart_label",
        **values,
        expected=reader.count(expected),
        low=reader.count(max(0.0, expected - below)),
        high=reader.count(expected + above),
    )


def _below(point: SeriesPoint) -> float:
    expected, low, high = point.expected or 0.0, point.low or 0.0, point.high or 0.0
    return high - expected if low <= 0 else expected - low  # a bound cut off at zero hides its spread
