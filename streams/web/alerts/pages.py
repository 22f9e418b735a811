"""The pages of alerts (list, one alert, the raw events behind it) and the same by API."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from scoring.alerts.actions import CloseReason
from scoring.alerts.alert import AlertKind
from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.stages import STEP_BY_ID
from scoring.funnel.units import HOUR_MS, MINUTE_MS
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.incidents.alert_rows import ALERT_DAYS
from streams.incidents.breakdown import LONGEST_MS
from streams.incidents.curve import WITHOUT_MINUTES
from streams.web.alerts.action_pages import SILENCES_MINUTES, ActionPages, ActionRequest
from streams.web.alerts.action_queries import ActionQueries
from streams.web.alerts.advice import advice
from streams.web.alerts.answers import ActionEntry, Alert, AlertDetail, Alerts, Responses, SignalMeanwhile
from streams.web.alerts.drifts import drift_said
from streams.web.alerts.handling import BOX, HANDLINGS, MOST, ManyPages, handled, is_unclaimed
from streams.web.alerts.life import turns
from streams.web.alerts.link_pages import LinkPages
from streams.web.alerts.queries import AlertQueries, rows_span
from streams.web.alerts.reports import (
    ReportSaid,
    behind,
    counted_by,
    course_behind,
    figures_behind,
    period_named,
    report_said,
)
from streams.web.alerts.signals import signals_meanwhile
from streams.web.alerts.words import ALERT_WORDS
from streams.web.frame.arguments import at_of, choice_of, limit_of, number_of, one_of
from streams.web.frame.errors import NO_ALERT, NotFoundError
from streams.web.frame.forms import name_of
from streams.web.frame.parts import late_parts, unless_late
from streams.web.frame.routes import (
    AT,
    MAX_ROWS,
    STORE,
    ApiRoute,
    PageRoute,
    Parameter,
    Routes,
    limit_of_rows,
)
from streams.web.frame.subject import NavigationEntry, PageServices, Subject
from streams.web.grid.money import AlertPrices
from streams.web.reports.queries import ReportQueries
from streams.web.reports.words import measure_name
from streams.web.store.lines import line_in_words, line_of
from streams.web.store.queries import StoreQueries

STATES = ("", "pending", "firing", "resolved")
#: spans of the list, in days
HISTORY_DAYS = (1, 7, 30, 90)
ALL_STEPS = (*STEP_BY_ID, *PERIOD_STEP_BY_ID)
ANY_STEP = Parameter("step", {"type": "string", "enum": list(ALL_STEPS)}, "Only this step.")
#: seconds between updates of an open page
LIVE_S = 10
NO_LINE: dict[str, Any] = {"series": None, "line": None, "chart_label": ""}
STATE = Parameter("state", {"type": "string", "enum": list(STATES[1:])}, "Only this state.")
DAYS = Parameter(
    "days",
    {"type": "number", "default": ALERT_DAYS, "minimum": 0.04, "maximum": ALERT_DAYS},
    "How many days back.",
)


class AlertPages:
    """The handlers that show alerts."""

    def __init__(
        self, services: PageServices, alerts: AlertQueries, actions: ActionQueries, stores: StoreQueries
    ) -> None:
        self._config, self._renderer = services.config, services.renderer
        self._alerts, self._actions, self._stores = alerts, actions, stores
        self._database = services.database
        self._reports = ReportQueries(services.database)

    async def list_page(self, request: web.Request) -> web.Response:
        """GET /alerts: alerts of up to 90 days, chosen by store, step, state and time, and how fast the responses were."""
        at_ms, query = now_ms(), request.query
        state = one_of(query, "state", STATES, "")
        store = query.get("store", "")
        step = one_of(query, "step", ("", *ALL_STEPS), "")
        days = choice_of(query, "days", HISTORY_DAYS, 30)
        handling, name = one_of(query, "handling", HANDLINGS, ""), name_of(request)
        view: dict[str, Any] = {"alerts": (), "free": set(), "responses": None, "problem": ""}
        late: dict[str, str] = {}
        try:
            listed, view["responses"] = await asyncio.gather(
                self._alerts.alerts(state, store, 200, at_ms, step=step, days=days, late=late),
                unless_late(late, "responses", self._alerts.responses(state, store, step, days, at_ms)),
            )
            # who has taken one is not known where it could not be read: nothing is chosen by it, and nothing offered
            view["alerts"] = listed.alerts if "people" in late else handled(listed.alerts, handling, name)
            if "people" not in late:
                view["free"] = {alert.alert_id for alert in view["alerts"] if is_unclaimed(alert)}
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self._renderer.render(
            request,
            "alerts/alerts.html",
            live=LIVE_S,
            now_ms=at_ms,
            chosen={"state": state, "store": store, "step": step, "days": days, "handling": handling},
            acknowledged=number_of(query, "acknowledged", 0, 0, MOST) if "acknowledged" in query else None,
            box=BOX,
            days_offered=HISTORY_DAYS,
            step_ids=ALL_STEPS,
            **late_parts(late, self._renderer.reader(request)),
            store_ids=list(dict.fromkeys([s.id for s in self._config.stores] + ([store] if store else []))),
            **view,
        )

    async def alert_page(self, request: web.Request) -> web.Response:
        """GET /alerts/{alert}."""
        return await self.show_alert(request)

    async def show_alert(
        self,
        request: web.Request,
        failure: str = "",
        filled: Mapping[str, str] | None = None,
        code: int = 422,
    ) -> web.Response:
        """One alert: what is known, where, since when, who handles it, what to check, the rows behind it.

        ``failure`` says why an action was not taken; ``filled`` is what was typed, so that nobody types it twice.
        """
        late: dict[str, str] = {}
        found = await self._alerts.alert_and_actions(request.match_info["alert"], late)
        if found is None:
            return self._renderer.missing(request, "no_such_alert")
        alert, actions = found
        at_ms, entries = now_ms(), tuple(self._actions.entry(action) for action in actions)
        store = self._renderer.names(request).config(alert.store_id)
        return self._renderer.render(
            request,
            "alerts/alert.html",
            code if failure else 200,
            live=0 if failure else LIVE_S,
            a=alert,
            now_ms=at_ms,
            store=store,
            done=next((e for e in entries if e.action_id == request.query.get("done")), None),
            failure=failure,
            filled=defaultdict(str, filled or {}),
            assignees=sorted({e.who for e in entries} | {e.assignee for e in entries if e.assignee}),
            close_reasons=[reason.value for reason in CloseReason],
            silences_minutes=SILENCES_MINUTES,
            checks=advice(alert, self._renderer.reader(request)),
            report=report_said(alert, self._renderer.reader(request).language),
            period=partial(period_named, alert),
            sql=behind(alert, at_ms, self._config),
            breakdown_link=_breakdown_link(alert, at_ms),
            **await self._parts(request, alert, entries, at_ms, late),
        )

    async def _parts(
        self,
        request: web.Request,
        alert: Alert,
        entries: Sequence[ActionEntry],
        at_ms: int,
        late: dict[str, str],
    ) -> dict[str, Any]:
        """What is read for the page of one alert alone: each part on its own."""
        reader, names = self._renderer.reader(request), self._renderer.names(request)
        zone = names.config(alert.store_id).zone
        transitions, line, course, drift, signals = await asyncio.gather(
            unless_late(late, "life", self._alerts.transitions(alert.alert_id)),
            unless_late(late, "late_line", self._line(request, alert, at_ms)),
            unless_late(late, "late_line", course_behind(self._database, self._config, alert, reader)),
            unless_late(late, "late_line", drift_said(self._database, alert, zone)),
            unless_late(late, "meanwhile", self._signals(request, alert, at_ms)),
        )
        life = [*turns(transitions or (), reader, names), *entries]
        return {
            "life": sorted(life, key=lambda entry: entry.at_ms),
            "course": course,
            "drift": drift,
            "signals": signals or (),
            **(line or NO_LINE),
            **late_parts(late, reader),
        }

    async def _line(self, request: web.Request, alert: Alert, at_ms: int) -> dict[str, Any]:
        """The line of the alert's step from before it opened to a while after its end."""
        if alert.step not in STEP_BY_ID or alert.kind == AlertKind.DRIFT:
            return NO_LINE
        end_ms = min(at_ms, (alert.resolved_at_ms or at_ms) + 30 * MINUTE_MS)
        hours = min(72.0, max(2.0, (end_ms - alert.opened_at_ms) / HOUR_MS + 1.5))
        series = await self._stores.readable_series(
            alert.store_id, alert.step, alert.segment, hours, end_ms, members=alert.members
        )
        reader, names = self._renderer.reader(request), self._renderer.names(request)
        return {
            "series": series,
            "line": line_of(series, reader, alert.opened_at_ms),
            "chart_label": line_in_words(series, reader, names),
        }

    async def _signals(self, request: web.Request, alert: Alert, at_ms: int) -> tuple[SignalMeanwhile, ...]:
        """What platforms said meanwhile; an alert on a source is about the source itself."""
        if alert.kind == AlertKind.SOURCE:
            return ()
        language = self._renderer.reader(request).language
        return await signals_meanwhile(self._database, alert, at_ms, language)

    async def rows_page(self, request: web.Request) -> web.Response:
        """GET /alerts/{alert}/rows: the raw events behind an alert."""
        alert = await self._alerts.alert(request.match_info["alert"])
        if alert is None:
            return self._renderer.missing(request, "no_such_alert")
        said = report_said(alert, self._renderer.reader(request).language)
        if said is not None:
            return await self._report_rows(request, alert, said)
        most = limit_of(request.query, 200, MAX_ROWS)
        raw = await self._stores.raw_events(
            alert.store_id,
            *rows_span(alert, now_ms()),
            most,
            members=alert.members,
            counted=counted_by(alert, self._config),
        )
        store = self._renderer.names(request).config(alert.store_id)
        return self._renderer.render(request, "alerts/rows.html", a=alert, raw=raw, store=store)

    async def _report_rows(self, request: web.Request, alert: Alert, said: ReportSaid) -> web.Response:
        """The figures behind an alert on a platform's report."""
        language = self._renderer.reader(request).language
        return self._renderer.render(
            request,
            "alerts/report_rows.html",
            a=alert,
            said=said,
            figures=await figures_behind(self._reports, alert),
            measure=lambda measure: measure_name(measure, language),
            sql=behind(alert, now_ms(), self._config),
            store=self._renderer.names(request).config(alert.store_id),
        )

    async def alerts(self, request: web.Request) -> Alerts:
        """GET /api/v1/alerts."""
        state, store, step, days = _chosen(request)
        most = limit_of(request.query, 100, 500)
        at_ms, live = at_of(request.query, now_ms())
        return await self._alerts.alerts(state, store, most, at_ms, step=step, days=days, live=live)

    async def responses(self, request: web.Request) -> Responses:
        """GET /api/v1/alerts/responses."""
        return await self._alerts.responses(*_chosen(request), now_ms())

    async def alert(self, request: web.Request) -> AlertDetail:
        """GET /api/v1/alerts/{alert}."""
        found = await self._alerts.alert_and_actions(request.match_info["alert"])
        if found is None:
            raise NotFoundError(NO_ALERT.both())
        alert, actions = found
        return AlertDetail(
            alert=alert,
            transitions=await self._alerts.transitions(alert.alert_id),
            checks=advice(alert, self._renderer.reader(request)),
            rows_sql=behind(alert, now_ms(), self._config),
            actions=tuple(self._actions.entry(action) for action in actions),
            signals=await self._signals(request, alert, now_ms()),
        )


def _breakdown_link(alert: Alert, at_ms: int) -> str:
    """Where the alert's step is split by product and more; empty for a pool, and where no raw events are behind it."""
    if alert.step not in STEP_BY_ID or alert.members or alert.kind in WITHOUT_MINUTES:
        return ""
    to_ms = (alert.resolved_at_ms or at_ms) // MINUTE_MS * MINUTE_MS
    from_ms = max(alert.opened_at_ms - alert.window_minutes * MINUTE_MS, to_ms - LONGEST_MS)
    query = urlencode({"step": alert.step, "from": from_ms, "to": to_ms, "alert": alert.alert_id})
    return f"/stores/{quote(alert.store_id, safe='')}/breakdown?{query}"


def _chosen(request: web.Request) -> tuple[str, str, str, float]:
    """State, store, step and days of the alerts asked for."""
    query = request.query
    return (
        one_of(query, "state", STATES, ""),
        query.get("store", ""),
        one_of(query, "step", ("", *ALL_STEPS), ""),
        number_of(query, "days", ALERT_DAYS, 0.04, ALERT_DAYS),
    )


def _routes(services: PageServices) -> Routes:
    actions = ActionQueries(services.database, services.actions)
    alerts = AlertQueries(services.database, AlertPrices(services.worth), actions, services.present)
    pages = AlertPages(services, alerts, actions, StoreQueries(services.database))
    acting = ActionPages(services, alerts, actions, pages.show_alert)
    links = LinkPages(services, alerts, actions)
    return Routes(
        pages=(
            PageRoute("/alerts", pages.list_page),
            PageRoute("/alerts/acknowledge", ManyPages(services, alerts).acknowledge, "POST"),
            PageRoute("/alerts/{alert}", pages.alert_page),
            PageRoute("/alerts/{alert}/rows", pages.rows_page),
            PageRoute("/alerts/{alert}/actions", acting.on_page, "POST"),
            PageRoute("/alerts/{alert}/actions", acting.back),
            PageRoute("/do/{token}", links.confirm),
            PageRoute("/do/{token}", links.do, "POST"),
        ),
        api=(
            ApiRoute(
                "/alerts",
                f"Alerts of the last {ALERT_DAYS} days, open ones first",
                Alerts,
                pages.alerts,
                (STATE, STORE, ANY_STEP, DAYS, limit_of_rows(100, 500), AT),
            ),
            ApiRoute(
                "/alerts/responses",
                "How fast alerts were acknowledged and resolved, and what they were closed as",
                Responses,
                pages.responses,
                (STATE, STORE, ANY_STEP, DAYS),
            ),
            ApiRoute(
                "/alerts/{alert}", "One alert with its life and what to check", AlertDetail, pages.alert
            ),
            ApiRoute(
                "/alerts/{alert}/actions",
                "Acknowledge, assign, comment, silence, unsilence or close an alert",
                ActionEntry,
                acting.by_api,
                method="POST",
                body=ActionRequest,
                code=201,
            ),
        ),
    )


SUBJECT = Subject(
    __file__,
    build=_routes,
    words=ALERT_WORDS,
    navigation=NavigationEntry("/alerts", "alerts"),
    open_paths=("/do/",),
)
