"""What was left out of a store's counts: by API, and as a part of the store's page (``streams/web/store/pages.py`` shows it)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from scoring.funnel.units import DAY_MS
from scoring.records.cleaning import reason_texts
from streams.clock import now_ms
from streams.web.cleaning.answers import CleanedCounts, CleanedRows
from streams.web.cleaning.board import CLEANED_DAYS, CLEANED_ROWS, CleanedReasonLine, cleaned_lines
from streams.web.cleaning.queries import CleaningQueries
from streams.web.cleaning.words import CLEANING_WORDS
from streams.web.frame.arguments import limit_of, moment_of, one_of
from streams.web.frame.errors import BadQueryError
from streams.web.frame.queries import store_or_bare
from streams.web.frame.routes import MAX_ROWS, MOMENT, ApiRoute, Parameter, Routes, limit_of_rows
from streams.web.frame.subject import PageServices, Subject
from streams.web.store.known import KnownStores

#: longest span of one answer
MOST_SPAN_MS = 100 * DAY_MS
REASONS = tuple(sorted(reason_texts()))


class CleaningPages:
    """The handlers."""

    def __init__(self, services: PageServices, known: KnownStores, queries: CleaningQueries) -> None:
        self._config, self._known, self._queries = services.config, known, queries

    async def cleaned(self, request: web.Request) -> CleanedCounts:
        """GET /api/v1/stores/{store}/cleaned."""
        from_ms, to_ms = _span(request)
        store_id = await self._known.require(request.match_info["store"])
        return await self._queries.counts(
            store_id, store_or_bare(self._config, store_id).zone, from_ms, to_ms
        )

    async def cleaned_rows(self, request: web.Request) -> CleanedRows:
        """GET /api/v1/stores/{store}/cleaned/rows."""
        from_ms, to_ms = _span(request)
        reason = one_of(request.query, "reason", ("", *REASONS), "")
        store_id = await self._known.require(request.match_info["store"])
        return await self._queries.rows(
            store_id, reason, from_ms, to_ms, limit_of(request.query, 100, MAX_ROWS)
        )


def _span(request: web.Request) -> tuple[int, int]:
    to_ms = moment_of(request.query, "to") or now_ms()
    from_ms = moment_of(request.query, "from") or to_ms - CLEANED_DAYS * DAY_MS
    if not 0 < to_ms - from_ms <= MOST_SPAN_MS:
        raise BadQueryError("from, to: expected a span of more than 0 and at most 100 days")
    return from_ms, to_ms


async def cleaned_board(
    queries: CleaningQueries, store_id: str, zone: str, at_ms: int
) -> tuple[CleanedReasonLine, ...]:
    """What the store's page shows of what was left out: whole days of the store's zone, today included."""
    today = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    first = today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=CLEANED_DAYS - 1)
    from_ms, to_ms = round(first.timestamp() * 1000), at_ms + 1
    counts = await queries.counts(store_id, zone, from_ms, to_ms)
    if not counts.counts:
        return ()
    newest = await queries.newest(store_id, from_ms, to_ms, CLEANED_ROWS)
    days = [(first.date() + timedelta(days=back)).isoformat() for back in range(CLEANED_DAYS)]
    return cleaned_lines(counts, newest, days)


def _routes(services: PageServices) -> Routes:
    known = KnownStores(services.database, services.config)
    pages = CleaningPages(services, known, CleaningQueries(services.database))
    span = (
        Parameter("from", MOMENT, "Start: RFC 3339 or ms; defaults to 14 days before the end."),
        Parameter("to", MOMENT, "End (exclusive): RFC 3339 or ms; defaults to now."),
    )
    reason = Parameter("reason", {"type": "string", "enum": list(REASONS)}, "Only this reason.")
    return Routes(
        api=(
            ApiRoute(
                "/stores/{store}/cleaned",
                "What was left out of a store's counts, by day and reason",
                CleanedCounts,
                pages.cleaned,
                span,
            ),
            ApiRoute(
                "/stores/{store}/cleaned/rows",
                "The rows that were left out of a store's counts, newest first",
                CleanedRows,
                pages.cleaned_rows,
                (reason, *span, limit_of_rows(100, MAX_ROWS)),
            ),
        )
    )


SUBJECT = Subject(__file__, build=_routes, words=CLEANING_WORDS)
