"""A store's reports by API, and as a part of the store's page (``streams/web/store/pages.py`` shows it)."""

from __future__ import annotations

from aiohttp import web

from scoring.funnel.units import DAY_MS
from scoring.records.measures import MEASURES
from scoring.records.report_row import Period
from streams.clock import now_ms
from streams.web.frame.arguments import limit_of, moment_of, one_of
from streams.web.frame.errors import BadQueryError
from streams.web.frame.routes import MOMENT, ApiRoute, Parameter, Routes, choice, limit_of_rows
from streams.web.frame.subject import PageServices, Subject
from streams.web.reports.answers import Reports
from streams.web.reports.board import BOARD_DAYS, ReportBoard, board_of
from streams.web.reports.queries import NEVER_ADDED, ReportQueries, is_never_added
from streams.web.reports.words import REPORT_WORDS
from streams.web.store.known import KnownStores

#: longest span of one answer, and most rows in it
MAX_SPAN_MS, MAX_FIGURES = 400 * DAY_MS, 10_000
MEASURE_NAMES = tuple(measure.name for measure in MEASURES)
PERIODS = tuple(period.value for period in Period)
ADD = ("", "days")
#: rows of parts that the page adds up, at most
_MAX_SUMS = 5000


class ReportPages:
    """The handlers."""

    def __init__(self, known: KnownStores, queries: ReportQueries) -> None:
        self._known, self._queries = known, queries

    async def reports(self, request: web.Request) -> Reports:
        """GET /api/v1/stores/{store}/reports."""
        query = request.query
        to_ms = moment_of(query, "to") or now_ms()
        from_ms = moment_of(query, "from") or to_ms - BOARD_DAYS * DAY_MS
        if not 0 < to_ms - from_ms <= MAX_SPAN_MS:
            raise BadQueryError("from, to: expected a span of more than 0 and at most 400 days")
        measure = one_of(query, "measure", ("", *MEASURE_NAMES), "")
        add = one_of(query, "add", ADD, "")
        if add and measure and is_never_added(measure):
            raise BadQueryError(f"add: {measure} {NEVER_ADDED}; leave out add, or ask for another measure")
        return await self._queries.figures(
            await self._known.require(request.match_info["store"]),
            from_ms,
            to_ms,
            limit_of(query, 1000, MAX_FIGURES),
            source=query.get("source", ""),
            measure=measure,
            period=one_of(query, "period", ("", *PERIODS), ""),
            parts=one_of(query, "parts", ("no", "yes"), "no") == "yes",
            add=add == "days",
        )


async def report_board(queries: ReportQueries, store_id: str, at_ms: int) -> ReportBoard:
    """What the store's page shows of its reports."""
    span = store_id, at_ms - (BOARD_DAYS + 1) * DAY_MS, at_ms
    reports = await queries.figures(*span, MAX_FIGURES)
    return board_of(reports, await queries.sums_of_parts(*span, _MAX_SUMS))


def _routes(services: PageServices) -> Routes:
    pages = ReportPages(KnownStores(services.database, services.config), ReportQueries(services.database))
    return Routes(
        api=(
            ApiRoute(
                "/stores/{store}/reports",
                "Figures that platforms report themselves; never part of event counts, and people never added over days",
                Reports,
                pages.reports,
                (
                    Parameter("from", MOMENT, "Start: RFC 3339 or ms; defaults to 28 days before the end."),
                    Parameter("to", MOMENT, "End (exclusive): RFC 3339 or ms; defaults to now."),
                    Parameter("source", {"type": "string"}, "Only this source, such as shopee."),
                    Parameter(
                        "measure", {"type": "string", "enum": list(MEASURE_NAMES)}, "Only this measure."
                    ),
                    Parameter(
                        "period", {"type": "string", "enum": list(PERIODS)}, "Only this length of period."
                    ),
                    choice("parts", ("no", "yes"), "no", "Figures of parts (products, campaigns) as well."),
                    Parameter(
                        "add",
                        {"type": "string", "enum": ["days"]},
                        "Sums over the days, too. Rejected for a measure that counts people; null in totals.",
                    ),
                    limit_of_rows(1000, MAX_FIGURES),
                ),
            ),
        )
    )


SUBJECT = Subject(__file__, build=_routes, words=REPORT_WORDS)
