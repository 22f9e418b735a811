"""The bars of the waterfall as geometry."""

from __future__ import annotations

from typing import Any

from streams.web.store.change_answers import Contributions


def waterfall(found: Contributions) -> tuple[dict[str, Any], ...]:
    """Bars of the waterfall, in percent of the chart's width: each part begins where the one before ended.

    The chart reaches from the lowest to the highest of these edges and not from nothing, where small changes of a large
    whole would all look alike.
    """
    at, edges = found.then, [found.then]
    for part in found.parts:
        at += part.events
        edges.append(at)
    least, span = min(edges), max(max(edges) - min(edges), 1e-9)
    bars = []
    for part, begin, end in zip(found.parts, edges, edges[1:], strict=False):
        low, high = sorted((begin, end))
        bars.append(
            {
                "part": part,
                "start": round(99.5 * (low - least) / span, 2),
                "width": round(max(99.5 * (high - low) / span, 0.5), 2),
                "is_fall": part.events < 0,
            }
        )
    return tuple(bars)
