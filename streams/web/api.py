"""The API, ``/api/v1``: the values the page shows, as JSON for others, and actions on alerts. Described by ``openapi.py`` from the same table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from scoring.events.event import EventType, RejectReason
from scoring.funnel.stages import STEP_BY_ID
from scoring.funnel.units import HOUR_MS
from streams.clock import now_ms
from streams.settings import Settings
from streams.web import answers
from streams.web.access import problem
from streams.web.acts import ActionRequest, Acts
from streams.web.alert_reads import ALERT_DAYS, AlertReads, rows_span
from streams.web.ask import EARLIEST_MS, LATEST_MS, BadRequest, at_of, moment_of, most_of, number_of, one_of
from streams.web.comparison import HOURS, Comparisons
from streams.web.funnel_reads import MOST_ROWS, RESOLUTIONS_MINUTES, WINDOWS, rows_sql
from streams.web.pages import advice
from streams.web.reader import reader_of
from streams.web.routing_reads import RoutingReads

Query = Callable[[web.Request], Awaitable[Any]]
#: most points of a series
MOST_ANSWERED = 2000
ALERT_STATES = ("", "pending", "firing", "resolved")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter, as the OpenAPI document tells it."""

    name: str
    schema: dict[str, Any]
    text: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One question of the API."""

    path: str
    summary: str
    answer: type
    handler: Query
    parameters: tuple[Parameter, ...] = ()
    method: str = "GET"
    body: type | None = None
    code: int = 200


MOMENT: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": EARLIEST_MS, "maximum": LATEST_MS},
        {"type": "string", "format": "date-time", "pattern": "^20[0-9][0-9]-"},
    ]
}
AT = Parameter("at", MOMENT, "The moment asked about: RFC 3339 text or integer ms; without it, now.")
SEGMENT = Parameter("segment", {"type": "string", "default": ""}, "A segment; empty is the whole store.")
STORE = Parameter("store", {"type": "string"}, "Only this store.")
STEP = Parameter("step", {"type": "string", "enum": list(STEP_BY_ID)}, "Only this step.")
STATE = Parameter("state", {"type": "string", "enum": list(ALERT_STATES[1:])}, "Only this state.")
DAYS = Parameter(
    "days",
    {"type": "number", "default": ALERT_DAYS, "minimum": 0.04, "maximum": ALERT_DAYS},
    "How many days back.",
)


def _limit(default: int, most: int) -> Parameter:
    schema = {"type": "integer", "default": default, "minimum": 1, "maximum": most}
    return Parameter("limit", schema, "Most rows in the answer.")


def _hours(default: float, most: float) -> Parameter:
    schema = {"type": "number", "default": default, "minimum": 0.25, "maximum": most}
    return Parameter("hours", schema, "How many hours back.")


class Api:
    """The handlers of the API."""

    def __init__(
        self,
        reads: AlertReads,
        settings: Settings,
        acts: Acts,
        routing: RoutingReads,
        comparisons: Comparisons,
    ) -> None:
        self._reads = reads
        self._settings = settings
        self._routing = routing
        self._comparisons = comparisons
        step_ids = list(STEP_BY_ID)
        self.routes: tuple[Route, ...] = (
            Route("/stores", "The store grid, worst first", answers.Stores, self.stores, (AT,)),
            Route("/stores/{store}", "One store of the grid", answers.StoreRow, self.store, (AT,)),
            Route(
                "/stores/{store}/funnel",
                "A store's funnel over a rolling window",
                answers.Funnel,
                self.funnel,
                (
                    Parameter(
                        "window", {"type": "integer", "enum": list(WINDOWS), "default": 60}, "Minutes."
                    ),
                    SEGMENT,
                    AT,
                ),
            ),
            Route(
                "/stores/{store}/series",
                "Observed and expected arrivals of one step",
                answers.Series,
                self.series,
                (
                    Parameter("step", {"type": "string", "enum": step_ids}, "The step.", required=True),
                    SEGMENT,
                    _hours(3, 24 * 14),
                    Parameter(
                        "resolution",
                        {"type": "integer", "enum": list(RESOLUTIONS_MINUTES)},
                        "Minutes a point; without it, the finest that gives at most 240 points.",
                    ),
                    AT,
                ),
            ),
            Route(
                "/stores/{store}/segments",
                "The store's segments, largest first",
                list[str],
                self.segments,
                (AT,),
            ),
            Route(
                "/stores/{store}/events",
                "Raw events of a store, newest first; at most 72 hours at once",
                answers.RawEvents,
                self.events,
                (
                    Parameter("from", MOMENT, "Start: RFC 3339 or ms; without it, an hour ago."),
                    Parameter("to", MOMENT, "End (exclusive): RFC 3339 or ms; without it, now."),
                    Parameter(
                        "type", {"type": "string", "enum": [t.value for t in EventType]}, "Only this type."
                    ),
                    _limit(200, MOST_ROWS),
                ),
            ),
            Route("/windows", "Every store's rolling stage counts", answers.Windows, self.windows, (STORE,)),
            Route(
                "/alerts",
                f"Alerts of the last {ALERT_DAYS} days, open ones first",
                answers.Alerts,
                self.alerts,
                (STATE, STORE, STEP, DAYS, _limit(100, 500)),
            ),
            Route(
                "/alerts/responses",
                "How fast alerts were acknowledged and over, and what they were closed as",
                answers.Responses,
                self.responses,
                (STATE, STORE, STEP, DAYS),
            ),
            Route(
                "/alerts/{alert}",
                "One alert with its life and what to check",
                answers.AlertDetail,
                self.alert,
            ),
            Route(
                "/alerts/{alert}/routing",
                "Who is told of an alert, and why; at most ten seconds old",
                answers.Routing,
                self.routing,
            ),
            Route(
                "/alerts/{alert}/actions",
                "Acknowledge, assign, comment, silence, unsilence or close an alert",
                answers.Act,
                acts.by_api,
                method="POST",
                body=ActionRequest,
                code=201,
            ),
            Route("/silences", "The silences in force", answers.Silences, self.silences),
            Route(
                "/comparison",
                "Every store against its own expectation, by platform",
                answers.Comparison,
                self.comparison,
                (Parameter("hours", {"type": "integer", "enum": list(HOURS), "default": 24}, "Span."),),
            ),
            Route(
                "/dead-letters/summary",
                "Refused records by reason",
                answers.DeadLetterSummary,
                self.letter_summary,
                (_hours(24, 24 * 90),),
            ),
            Route(
                "/dead-letters",
                "Refused records, newest first",
                answers.DeadLetters,
                self.letters,
                (
                    Parameter(
                        "reason",
                        {"type": "string", "enum": [r.value for r in RejectReason]},
                        "Only this reason.",
                    ),
                    STORE,
                    _hours(24, 24 * 90),
                    _limit(100, MOST_ROWS),
                ),
            ),
            Route("/status", "Ages of the data and state of the parts", answers.Status, self.status, (AT,)),
        )

    async def stores(self, request: web.Request) -> answers.Stores:
        """GET /stores."""
        return await self._reads.stores(*at_of(request.query, now_ms()))

    async def store(self, request: web.Request) -> answers.StoreRow:
        """GET /stores/{store}."""
        wanted = request.match_info["store"]
        rows = (await self._reads.stores(*at_of(request.query, now_ms()))).stores
        found = next((row for row in rows if row.store_id == wanted), None)
        if found is None:
            raise NotThere(f"there is no store {wanted!r}")
        return found

    async def _known(self, request: web.Request) -> str:
        return (await self.store(request)).store_id

    async def funnel(self, request: web.Request) -> answers.Funnel:
        """GET /stores/{store}/funnel."""
        window = one_of(request.query, "window", tuple(map(str, WINDOWS)), "60")
        at_ms, _ = at_of(request.query, now_ms())
        store = await self._known(request)
        return await self._reads.funnel(store, int(window), request.query.get("segment", ""), at_ms)

    async def series(self, request: web.Request) -> answers.Series:
        """GET /stores/{store}/series."""
        step = one_of(request.query, "step", tuple(STEP_BY_ID), "")
        hours = number_of(request.query, "hours", 3, 0.25, 24 * 14)
        resolution = one_of(request.query, "resolution", ("", *map(str, RESOLUTIONS_MINUTES)), "")
        if resolution and hours * 60 / int(resolution) > MOST_ANSWERED:
            raise BadRequest(f"hours, resolution: at most {MOST_ANSWERED} points in one answer")
        at_ms, _ = at_of(request.query, now_ms())
        store = await self._known(request)
        return await self._reads.series(
            store, step, request.query.get("segment", ""), hours, at_ms, int(resolution or 0)
        )

    async def segments(self, request: web.Request) -> list[str]:
        """GET /stores/{store}/segments."""
        at_ms, _ = at_of(request.query, now_ms())
        return await self._reads.segments(await self._known(request), at_ms)

    async def events(self, request: web.Request) -> answers.RawEvents:
        """GET /stores/{store}/events."""
        query, present = request.query, now_ms()
        to_ms = moment_of(query, "to") or present
        from_ms = moment_of(query, "from") or to_ms - HOUR_MS
        if not 0 < to_ms - from_ms <= 72 * HOUR_MS:
            raise BadRequest("from, to: a span of more than 0 and at most 72 hours")
        every = tuple(t.value for t in EventType)
        chosen = one_of(query, "type", ("", *every), "")
        most = most_of(query, 200, MOST_ROWS)
        return await self._reads.raw_events(
            request.match_info["store"], (chosen,) if chosen else every, from_ms, to_ms, most
        )

    async def windows(self, request: web.Request) -> answers.Windows:
        """GET /windows."""
        return await self._reads.windows(request.query.get("store", ""))

    async def alerts(self, request: web.Request) -> answers.Alerts:
        """GET /alerts."""
        state, store, step, days = _chosen(request)
        most = most_of(request.query, 100, 500)
        return await self._reads.alerts(state, store, most, now_ms(), step=step, days=days)

    async def responses(self, request: web.Request) -> answers.Responses:
        """GET /alerts/responses."""
        return await self._reads.responses(*_chosen(request), now_ms())

    async def alert(self, request: web.Request) -> answers.AlertDetail:
        """GET /alerts/{alert}."""
        found = await self._reads.alert_and_actions(request.match_info["alert"])
        if found is None:
            raise NotThere("there is no such alert")
        alert, actions = found
        return answers.AlertDetail(
            alert=alert,
            transitions=await self._reads.transitions(alert.alert_id),
            checks=advice(alert, reader_of(request, self._settings.language)),
            rows_sql=rows_sql(alert.store_id, *rows_span(alert, now_ms())),
            actions=tuple(self._reads.deeds.act(action) for action in actions),
        )

    async def routing(self, request: web.Request) -> answers.Routing:
        """GET /alerts/{alert}/routing."""
        language = reader_of(request, self._settings.language).language
        answer = await self._routing.routing(request.match_info["alert"], language)
        if not answer.known:
            raise NotThere("the notifier's log does not hold this alert")
        return answer

    async def silences(self, _: web.Request) -> answers.Silences:
        """GET /silences."""
        at_ms = now_ms()
        return answers.Silences(at_ms, await self._reads.deeds.silences(at_ms))

    async def comparison(self, request: web.Request) -> answers.Comparison:
        """GET /comparison."""
        hours = int(one_of(request.query, "hours", tuple(map(str, HOURS)), "24"))
        return await self._comparisons.comparison(hours, now_ms())

    async def letter_summary(self, request: web.Request) -> answers.DeadLetterSummary:
        """GET /dead-letters/summary."""
        return await self._reads.dead_letter_summary(
            number_of(request.query, "hours", 24, 0.25, 24 * 90), now_ms()
        )

    async def letters(self, request: web.Request) -> answers.DeadLetters:
        """GET /dead-letters."""
        query = request.query
        reason = one_of(query, "reason", ("", *(r.value for r in RejectReason)), "")
        hours = number_of(query, "hours", 24, 0.25, 24 * 90)
        most = most_of(query, 100, MOST_ROWS)
        return await self._reads.dead_letters(reason, query.get("store", ""), hours, most, now_ms())

    async def status(self, request: web.Request) -> answers.Status:
        """GET /status."""
        at_ms, _ = at_of(request.query, now_ms())
        return await self._reads.status(self._settings.data, at_ms)


def _chosen(request: web.Request) -> tuple[str, str, str, float]:
    """State, store, step and days of the alerts asked about."""
    query = request.query
    return (
        one_of(query, "state", ALERT_STATES, ""),
        query.get("store", ""),
        one_of(query, "step", ("", *STEP_BY_ID), ""),
        number_of(query, "days", ALERT_DAYS, 0.04, ALERT_DAYS),
    )


class NotThere(Exception):
    """What was asked for does not exist. Handled by ``server.py``, which answers 404."""


def as_json(handler: Query, code: int = 200) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler's value as a JSON answer."""

    async def answer(request: web.Request) -> web.Response:
        value = await handler(request)
        return web.Response(status=code, body=msgspec.json.encode(value), content_type="application/json")

    return answer


async def no_such_question(request: web.Request) -> web.Response:
    """Every other path below /api."""
    return problem(404, "no_such_path", f"{request.path} is not part of the API; see /api/v1/openapi.json")
