"""The pages: overview, alerts, one alert, its raw rows, dead letters, definitions. Each also answers as its live fragment.

Before it: ``server.py``. After it: ``alert_reads.py`` and the others for the values, ``templates/`` for the look.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from aiohttp import web

from scoring.alerts.actions import CloseReason
from scoring.funnel.stages import STEP_BY_ID, STEPS
from scoring.funnel.units import MINUTE_MS
from scoring.wording.catalogue import checks_for
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.instance.files import role_and_number
from streams.kafka.errors import KafkaUnreachableError
from streams.roles import ROLES_ON_PAGE
from streams.settings import Settings
from streams.web.access import COOKIE
from streams.web.alert_reads import AlertReads, rows_span
from streams.web.answers import Alert, CheckAdvice, Funnel, Series, SeriesPoint, StepScore, StoreRow
from streams.web.ask import BadRequest, at_of, most_of, one_of
from streams.web.chart import LineChart, change_bar, line_chart, spark
from streams.web.comparison import HOURS as COMPARED_HOURS
from streams.web.comparison import Comparisons
from streams.web.forms import Forms, name_of
from streams.web.funnel_reads import WINDOWS, rows_sql
from streams.web.in_force import mute_lines, receiver_lines, route_lines, setting_rows
from streams.web.names import Names
from streams.web.reader import Reader, reader_of
from streams.web.routing_reads import RoutingReads

HERE = Path(__file__).parent
SHOWN_TILES = 12
SHOWN_ALERTS = 8
HOURS = (1, 3, 6, 24, 72)
HISTORY_DAYS = (1, 7, 30, 90)
#: seconds between updates of an open page
LIVE_S = 3
SLOW_LIVE_S = 10
UNJUDGED = ("not_enough_data", "no_baseline", "missing_stage", "no_data", "data_late")


class Pages:
    """The handlers of the pages."""

    def __init__(
        self,
        reads: AlertReads,
        settings: Settings,
        forms: Forms,
        routing: RoutingReads,
        comparisons: Comparisons,
    ) -> None:
        self._reads = reads
        self._settings = settings
        self._forms = forms
        self._routing = routing
        self._comparisons = comparisons
        #: stores whose last page showed no expectation over the whole window
        self._young: set[str] = set()
        self._versions = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:10]
            for path in (HERE / "static").iterdir()
        }
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def reader(self, request: web.Request) -> Reader:
        """Who reads."""
        return reader_of(request, self._settings.language)

    def render(self, request: web.Request, template: str, code: int = 200, **values: Any) -> web.Response:
        """A page, or only its main part when the page's own script asks."""
        reader = self.reader(request)
        fragment = "X-Funnelwatch-Fragment" in request.headers
        text = self._templates.get_template(template).render(
            layout="fragment.html" if fragment else "base.html",
            reader=reader,
            t=reader.word,
            names=Names(reader, self._reads.config),
            asset=lambda name: f"/static/{name}?v={self._versions[name]}",
            with_query=_with_query(request),
            thresholds=self._reads.config.thresholds,
            signed_in=COOKIE in request.cookies,
            form_token=lambda: self._forms.token(request),
            press=lambda: secrets.token_hex(8),
            me=name_of(request),
            **{"here": "", "live": 0, "bare": False, **values},
        )
        return web.Response(status=code, text=text, content_type="text/html")

    async def overview(self, request: web.Request) -> web.Response:
        """Health, store grid, the chosen store, alerts, dead letters."""
        reads, reader, query = self._reads, self.reader(request), request.query
        names = Names(reader, reads.config)
        wall_ms = now_ms()
        at_ms, live = at_of(query, wall_ms)
        # asked together: a page of many questions takes as long as its longest chain
        asking = asyncio.create_task(self._parts_or_problem(request, reader, names, at_ms, live))
        status = await reads.status(self._settings.data, at_ms)
        view: dict[str, Any] = {
            "status": status,
            "parts": sorted(
                (p for p in status.parts if role_and_number(p.name)[0] in ROLES_ON_PAGE),
                key=lambda p: ROLES_ON_PAGE.index(role_and_number(p.name)[0]),
            ),
            "lag_ms": max((s.delay_ms for s in status.sources), default=None),
            "now_ms": at_ms,
            "wall_ms": wall_ms,
            "past": not live,
            "problem": status.detail,
            "title": "Funnelwatch",
            "spoken": "",
        }
        if status.ready:
            view.update(await asking)
        else:  # the store is away: the other questions would only wait for it
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        return self.render(
            request, "overview.html", here="overview", live=LIVE_S if live else 0, shown=SHOWN_TILES, **view
        )

    async def _parts_or_problem(
        self, request: web.Request, reader: Reader, names: Names, at_ms: int, live: bool
    ) -> dict[str, Any]:
        try:
            return await self._live_parts(request, reader, names, at_ms, live)
        except ClickHouseUnreachableError as error:
            return {"problem": str(error)}

    async def _live_parts(
        self, request: web.Request, reader: Reader, names: Names, at_ms: int, live: bool
    ) -> dict[str, Any]:
        reads, query = self._reads, request.query
        # the grid first: it asks for the worth of an order at this moment, which the alerts then share
        grid = await reads.stores(at_ms, live)
        listed, letters = await asyncio.gather(
            reads.alerts("", "", 50, at_ms), reads.dead_letter_summary(24, at_ms)
        )
        stores, alerts = grid.stores, listed.alerts
        firing = [a for a in alerts if a.state == "firing"]
        chosen = _chosen(stores, query.get("store"))
        view: dict[str, Any] = {
            "stores": stores,
            "sparks": {row.store_id: spark(row.spark) for row in stores},
            "tile_link": _tile_link(request),
            "tally": {
                "firing": sum(row.state in ("firing", "breach") for row in stores),
                "normal": sum(row.state == "normal" for row in stores),
                "unjudged": sum(row.state in UNJUDGED for row in stores),
            },
            "alerts": (firing + [a for a in alerts if a.state != "firing"])[: max(SHOWN_ALERTS, len(firing))],
            "letters": letters,
            "store": None,
            "spoken": reader.word("spoken_quiet"),
            "title": "Funnelwatch",
        }
        if firing:
            first = f"{names.store(firing[0].store_id)} {names.step(firing[0].step)}"
            view["spoken"] = reader.word("spoken_firing", n=len(firing), first=first)
            view["title"] = reader.word("title_firing", n=len(firing))
        if chosen is not None:
            view.update(await self._store_parts(request, reader, names, chosen, firing, at_ms))
        return view

    async def _store_parts(
        self,
        request: web.Request,
        reader: Reader,
        names: Names,
        row: StoreRow,
        firing: list[Alert],
        at_ms: int,
    ) -> dict[str, Any]:
        reads, query = self._reads, request.query
        step = query.get("step") or (row.worst.step if row.worst else "click_to_add_to_cart")
        if step not in STEP_BY_ID:
            raise BadRequest(f"step: one of {', '.join(STEP_BY_ID)}")
        segment = query.get("segment", "")
        window = _choice(query.get("window"), WINDOWS, 60)
        # whether a store is young shows in its funnel, which is asked for with its line: mostly it is what it was before
        line_hours = {young: _choice(query.get("hours"), HOURS, 1 if young else 3) for young in (True, False)}
        hours = line_hours[row.store_id in self._young and "window" not in query]
        funnel, series, segments = await asyncio.gather(
            reads.funnel(row.store_id, window, "", at_ms),
            reads.readable_series(row.store_id, step, segment, hours, at_ms),
            reads.segments(row.store_id, at_ms),
        )
        is_young = "window" not in query and not _has_expectation(funnel)
        if is_young:  # scored for less than the window: what can be compared says more than what cannot
            self._young.add(row.store_id)
            shorter = await reads.funnel(row.store_id, WINDOWS[0], "", at_ms)
            funnel = shorter if _has_expectation(shorter) else funnel
        elif "window" not in query:
            self._young.discard(row.store_id)
        if hours != line_hours[is_young]:
            hours = line_hours[is_young]
            series = await reads.readable_series(row.store_id, step, segment, hours, at_ms)
        opened = next(
            (
                a.opened_at_ms
                for a in firing
                if (a.store_id, a.step, a.segment) == (row.store_id, step, segment)
            ),
            None,
        )
        return {
            "store": reads.store(row.store_id),
            "windows": WINDOWS,
            "funnel": funnel,
            "bars": _bars(funnel, names),
            "step": step,
            "step_ids": [s.id for s in STEPS],
            "segment": segment,
            "segments": segments,
            "hours": hours,
            "series": series,
            "line": _line(series, reader, opened),
            "chart_label": chart_label(series, reader, names),
            "score": _score(row, step) if not segment else None,
        }

    async def alerts(self, request: web.Request) -> web.Response:
        """Alerts of up to 90 days, chosen by store, step, state and time, with how fast people were."""
        at_ms, query = now_ms(), request.query
        chosen: dict[str, Any] = {
            "state": one_of(query, "state", ("", "firing", "pending", "resolved"), ""),
            "store": query.get("store", ""),
            "step": one_of(query, "step", ("", *STEP_BY_ID), ""),
            "days": _choice(query.get("days"), HISTORY_DAYS, 30),
        }
        state, store, step, days = chosen["state"], chosen["store"], chosen["step"], chosen["days"]
        view: dict[str, Any] = {"alerts": (), "responses": None, "problem": ""}
        try:
            view["alerts"] = (await self._reads.alerts(state, store, 200, at_ms, step=step, days=days)).alerts
            view["responses"] = await self._reads.responses(state, store, step, days, at_ms)
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self.render(
            request,
            "alerts.html",
            here="alerts",
            live=SLOW_LIVE_S,
            now_ms=at_ms,
            chosen=chosen,
            days_offered=HISTORY_DAYS,
            step_ids=[s.id for s in STEPS],
            store_ids=list(
                dict.fromkeys([s.id for s in self._reads.config.stores] + ([store] if store else []))
            ),
            **view,
        )

    async def alert(
        self,
        request: web.Request,
        failure: str = "",
        filled: Mapping[str, str] | None = None,
        code: int = 422,
    ) -> web.Response:
        """One alert: what is known, where, since when, who is on it, what to check, the rows behind it.

        ``failure`` says why a press was refused; ``filled`` is what was typed, so that nobody types it twice.
        """
        reads, reader, at_ms = self._reads, self.reader(request), now_ms()
        names = Names(reader, reads.config)
        found = await reads.alert_and_actions(request.match_info["alert"])
        if found is None:
            return self.missing(request, "no_such_alert")
        alert, actions = found
        acts = tuple(reads.deeds.act(action) for action in actions)
        end_ms = min(at_ms, (alert.resolved_at_ms or at_ms) + 30 * 60_000)
        hours = min(72.0, max(2.0, (end_ms - alert.opened_at_ms) / 3_600_000 + 1.5))
        series = line = None
        if alert.step in STEP_BY_ID:
            series = await reads.readable_series(alert.store_id, alert.step, alert.segment, hours, end_ms)
            line = _line(series, reader, alert.opened_at_ms)
        transitions = await reads.transitions(alert.alert_id)
        done = next((act for act in acts if act.action_id == request.query.get("done")), None)
        return self.render(
            request,
            "alert.html",
            code if failure else 200,
            here="alerts",
            live=0 if failure else SLOW_LIVE_S,
            a=alert,
            now_ms=at_ms,
            store=names.config(alert.store_id),
            life=sorted([*transitions, *acts], key=lambda entry: entry.at_ms),
            done=done,
            failure=failure,
            filled=defaultdict(str, filled or {}),
            assignees=sorted({act.who for act in acts} | {act.assignee for act in acts if act.assignee}),
            close_reasons=[reason.value for reason in CloseReason],
            silences_minutes=(30, 120, 480),
            checks=advice(alert, reader),
            series=series,
            line=line,
            chart_label=chart_label(series, reader, names) if series else "",
            sql=rows_sql(alert.store_id, *rows_span(alert, at_ms)),
        )

    async def routing(self, request: web.Request) -> web.Response:
        """Who is told of an alert, and why."""
        alert = await self._reads.alert(request.match_info["alert"])
        if alert is None:
            return self.missing(request, "no_such_alert")
        view: dict[str, Any] = {"routing": None, "problem": ""}
        try:
            view["routing"] = await self._routing.routing(alert.alert_id, self.reader(request).language)
        except KafkaUnreachableError as error:
            view["problem"] = str(error)
        return self.render(
            request,
            "routing.html",
            503 if view["problem"] else 200,
            here="alerts",
            a=alert,
            store=self._reads.store(alert.store_id),
            **view,
        )

    async def compare(self, request: web.Request) -> web.Response:
        """Stores against their own expectations, by platform."""
        at_ms, hours = now_ms(), _choice(request.query.get("hours"), COMPARED_HOURS, 24)
        view: dict[str, Any] = {"comparison": None, "problem": ""}
        try:
            view["comparison"] = await self._comparisons.comparison(hours, at_ms)
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self.render(
            request,
            "compare.html",
            here="compare",
            live=SLOW_LIVE_S,
            hours=hours,
            hours_offered=COMPARED_HOURS,
            mark=change_bar,
            **view,
        )

    async def settings(self, request: web.Request) -> web.Response:
        """The settings in force, without secrets, and the silences in force."""
        config, at_ms, reader = self._reads.config, now_ms(), self.reader(request)
        view: dict[str, Any] = {"silences": (), "problem": ""}
        try:
            view["silences"] = await self._reads.deeds.silences(at_ms)
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self.render(
            request,
            "settings.html",
            here="settings",
            now_ms=at_ms,
            config=config,
            rows=setting_rows(self._settings, reader.language),
            routes=route_lines(config),
            receivers=receiver_lines(config),
            mutes=mute_lines(config, at_ms),
            **view,
        )

    def confirm(self, request: web.Request, code: int, view: dict[str, Any]) -> web.Response:
        """What a link of a message does, asks, or has done."""
        done = view.pop("done")
        act = self._reads.deeds.act(done) if done else None
        alert: Alert | None = view["alert"]
        return self.render(
            request,
            "confirm.html",
            code,
            bare=True,
            act=act,
            store=self._reads.store(alert.store_id) if alert else None,
            **view,
        )

    async def rows(self, request: web.Request) -> web.Response:
        """The raw events behind an alert."""
        alert = await self._reads.alert(request.match_info["alert"])
        if alert is None:
            return self.missing(request, "no_such_alert")
        types, from_ms, to_ms = rows_span(alert, now_ms())
        raw = await self._reads.raw_events(
            alert.store_id, types, from_ms, to_ms, most_of(request.query, 200, 1000)
        )
        return self.render(
            request, "rows.html", here="alerts", a=alert, raw=raw, store=self._reads.store(alert.store_id)
        )

    async def dead_letters(self, request: web.Request) -> web.Response:
        """Refused records of the last week."""
        reason, at_ms = request.query.get("reason", ""), now_ms()
        view: dict[str, Any] = {"summary": None, "letters": (), "problem": ""}
        try:
            view["summary"] = await self._reads.dead_letter_summary(7 * 24, at_ms)
            view["letters"] = (await self._reads.dead_letters(reason, "", 7 * 24, 100, at_ms)).letters
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self.render(
            request,
            "letters.html",
            here="dead_letters",
            live=SLOW_LIVE_S,
            reason=reason,
            now_ms=at_ms,
            **view,
        )

    async def definitions(self, request: web.Request) -> web.Response:
        """What every state and number means."""
        names = Names(self.reader(request), self._reads.config)
        return self.render(request, "definitions.html", here="definitions", states=names.states_explained())

    def missing(self, request: web.Request, what: str) -> web.Response:
        """A page that says that something is not there."""
        word = self.reader(request).word
        return self.render(request, "message.html", 404, heading=word(what), detail=word(f"{what}_detail"))

    def failed(self, request: web.Request, status: int, heading: str, detail: str) -> web.Response:
        """A page that says what went wrong."""
        return self.render(
            request, "message.html", status, heading=self.reader(request).word(heading), detail=detail
        )


def advice(alert: Alert, reader: Reader) -> tuple[CheckAdvice, ...]:
    """What to check for an alert, in the reader's language."""
    names = Names(reader, None)
    checks = checks_for(alert.step, alert.kind, alert.label)
    return tuple(CheckAdvice(c.owner, names.owner(c.owner), c.text(reader.language)) for c in checks)


def chart_label(series: Series, reader: Reader, names: Names) -> str:
    """The line in words, for those who do not see it: the last half hour (at least one point)."""
    recent = series.points[-max(1, 30 // series.resolution_minutes) :]
    said: dict[str, object] = {
        "step": names.step(series.step),
        "from": reader.clock(series.from_ms),
        "to": reader.clock(series.to_ms),
        "observed": reader.count(sum(p.observed for p in recent)),
    }
    if any(p.expected is None for p in recent):
        return reader.word("chart_label_plain", **said)
    expected = sum(p.expected or 0.0 for p in recent)
    below = math.sqrt(sum(_below(p) ** 2 for p in recent))
    above = math.sqrt(sum(((p.high or 0.0) - (p.expected or 0.0)) ** 2 for p in recent))
    return reader.word(
        "chart_label",
        **said,
        expected=reader.count(expected),
        low=reader.count(max(0.0, expected - below)),
        high=reader.count(expected + above),
    )


def _below(point: SeriesPoint) -> float:
    expected, low, high = point.expected or 0.0, point.low or 0.0, point.high or 0.0
    return high - expected if low <= 0 else expected - low  # a bound cut off at zero hides its spread


def _line(series: Series, reader: Reader, mark_ms: int | None) -> LineChart:
    offset = datetime.fromtimestamp(series.to_ms / 1000, UTC).astimezone(ZoneInfo(reader.zone)).utcoffset()
    return line_chart(series, mark_ms, int(offset.total_seconds() * 1000) if offset else 0)


def _bars(funnel: Funnel, names: Names) -> list[dict[str, Any]]:
    """Bars in percent of the widest, on a logarithmic scale, so that the last stages can be seen beside the first."""
    widest = max((max(s.count or 0, s.expected or 0.0) for s in funnel.stages), default=0) or 1

    def width(value: float) -> float:
        return round(99 * math.log1p(value) / math.log1p(widest), 2)

    rows = []
    for i, stage in enumerate(funnel.stages):
        state = funnel.steps[i - 1].state if i else "normal"
        observed, ghost = width(stage.count or 0), None if stage.expected is None else width(stage.expected)
        rows.append(
            {
                "stage": stage.stage,
                "name": names.stage(stage.stage),
                "count": stage.count,
                "expected": stage.expected,
                "width": observed,
                "ghost": ghost,
                "short": round(ghost - observed, 2)
                if ghost and state == "breach" and ghost > observed
                else 0,
                "state": state,
                "next": funnel.steps[i] if i < len(funnel.steps) else None,
            }
        )
    return rows


def _chosen(stores: tuple[StoreRow, ...], wanted: str | None) -> StoreRow | None:
    known = next((row for row in stores if row.store_id == wanted), None)
    if wanted and known is None:
        raise BadRequest(f"store: there is no store {wanted!r}")
    return known or (stores[0] if stores else None)


def _has_expectation(funnel: Funnel) -> bool:
    return any(stage.expected is not None for stage in funnel.stages)


def _score(row: StoreRow, step: str) -> StepScore | None:
    return next((s for s in row.steps if s.step == step), None)


def _choice(value: str | None, allowed: tuple[int, ...], default: int) -> int:
    if value is None:
        return default
    if not value.isdigit() or int(value) not in allowed:
        raise BadRequest(f"one of {', '.join(map(str, allowed))} is possible, not {value[:20]!r}")
    return int(value)


def _with_query(request: web.Request) -> Callable[..., str]:
    def link(**changes: Any) -> str:
        query = {k: v for k, v in request.query.items() if k != "lang"}
        query.update({k: str(v) for k, v in changes.items() if v is not None})
        for gone in (k for k, v in changes.items() if v is None):
            query.pop(gone, None)
        return str(request.rel_url.with_query(query))

    return link


def _tile_link(request: web.Request) -> Callable[[StoreRow], str]:
    """A tile leads to its store; to the time of its last data when that is long ago."""

    def link(row: StoreRow) -> str:
        query = {k: v for k, v in request.query.items() if k in ("window", "hours", "at")}
        stale = row.last_event_ms is not None and now_ms() - row.last_event_ms > 26 * 3_600_000
        if stale and "at" not in query:
            query["at"] = str((row.last_event_ms or 0) + MINUTE_MS)
        return str(
            request.rel_url.with_path("/").with_query({**query, "store": row.store_id}).with_fragment("store")
        )

    return link
