"""The chosen store on the overview: its funnel as bars, and the line of one of its steps."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from aiohttp import web

from scoring.funnel.stages import STEP_BY_ID
from streams.config.model import Config
from streams.web.alerts.answers import Alert
from streams.web.frame.arguments import choice_of
from streams.web.frame.errors import BadQueryError
from streams.web.frame.names import Names
from streams.web.frame.render import Renderer
from streams.web.grid.answers import StoreTile
from streams.web.store.answers import Funnel
from streams.web.store.lines import line_in_words, line_of
from streams.web.store.queries import WINDOWS, StoreQueries

#: spans of the line, in hours
HOURS = (1, 3, 6, 24, 72)


class ChosenStore:
    """Asks for the parts of one store. One per process: it remembers which stores are young."""

    def __init__(self, config: Config, renderer: Renderer, stores: StoreQueries) -> None:
        self._config, self._renderer, self._stores = config, renderer, stores
        #: stores whose last page showed no expectation over the whole window
        self._young: set[str] = set()

    async def parts(
        self, request: web.Request, row: StoreTile, firing: list[Alert], at_ms: int
    ) -> dict[str, Any]:
        """The values of the template."""
        reader, names, query = self._renderer.reader(request), self._renderer.names(request), request.query
        stores, store_id = self._stores, row.store_id
        step = query.get("step") or (row.worst.step if row.worst else "click_to_add_to_cart")
        if step not in STEP_BY_ID:
            raise BadQueryError(f"step: unknown step {step[:40]!r}; expected one of {', '.join(STEP_BY_ID)}")
        segment = query.get("segment", "")
        window = choice_of(query, "window", WINDOWS, 60)
        # whether a store is young shows in its funnel, which is asked for with its line: mostly it is what it was before
        line_hours = {young: choice_of(query, "hours", HOURS, 1 if young else 3) for young in (True, False)}
        hours = line_hours[store_id in self._young and "window" not in query]
        funnel, series, segments = await asyncio.gather(
            stores.funnel(store_id, window, "", at_ms),
            stores.readable_series(store_id, step, segment, hours, at_ms),
            stores.segments(store_id, at_ms),
        )
        is_young = "window" not in query and not _has_expectation(funnel)
        if is_young:  # scored for less than the window: what can be compared says more than what cannot
            self._young.add(store_id)
            shorter = await stores.funnel(store_id, WINDOWS[0], "", at_ms)
            funnel = shorter if _has_expectation(shorter) else funnel
        elif "window" not in query:
            self._young.discard(store_id)
        if hours != line_hours[is_young]:
            hours = line_hours[is_young]
            series = await stores.readable_series(store_id, step, segment, hours, at_ms)
        place = (store_id, step, segment)
        opened = next((a.opened_at_ms for a in firing if (a.store_id, a.step, a.segment) == place), None)
        return {
            "store": names.config(store_id),
            "windows": WINDOWS,
            "funnel": funnel,
            "pageless_orders": next((s.pageless for s in funnel.stages if s.pageless), 0),
            "bars": _bars(funnel, names),
            "step": step,
            "step_ids": list(dict.fromkeys([*(s.step for s in funnel.steps), step])),
            "segment": segment,
            "segments": segments,
            "hours": hours,
            "hours_offered": HOURS,
            "series": series,
            "line": line_of(series, reader, opened),
            "chart_label": line_in_words(series, reader, names),
            "score": next((s for s in row.steps if s.step == step), None) if not segment else None,
        }


def _has_expectation(funnel: Funnel) -> bool:
    return any(stage.expected is not None for stage in funnel.stages)


def _bars(funnel: Funnel, names: Names) -> list[dict[str, Any]]:
    """Bars in percent of the widest, on a logarithmic scale, so that the last stages can be seen next to the first."""
    widest = max((max(s.count or 0, s.expected or 0.0) for s in funnel.stages), default=0) or 1

    def width(value: float) -> float:
        return round(99 * math.log1p(value) / math.log1p(widest), 2)

    rows = []
    for i, stage in enumerate(funnel.stages):
        state = funnel.steps[i - 1].state if i else "normal"
        observed, ghost = width(stage.count or 0), None if stage.expected is None else width(stage.expected)
        is_short = bool(ghost) and state == "breach" and (ghost or 0.0) > observed
        rows.append(
            {
                "stage": stage.stage,
                "name": names.stage(stage.stage),
                "count": stage.count,
                "expected": stage.expected,
                "width": observed,
                "ghost": ghost,
                "short": round((ghost or 0.0) - observed, 2) if is_short else 0,
                "state": state,
                "next": funnel.steps[i] if i < len(funnel.steps) else None,
            }
        )
    return rows
