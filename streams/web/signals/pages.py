"""A store's signals by API; the store's page shows them as a part of its own (``streams/web/store/pages.py``)."""

from __future__ import annotations

from aiohttp import web

from scoring.funnel.stages import STEPS
from scoring.funnel.units import HOUR_MS
from streams.clock import now_ms
from streams.incidents.releases import InvalidReleaseError, publish_release, release_of
from streams.web.evaluation.asking import LANGUAGE, language_of
from streams.web.frame.actions import PATIENCE_S
from streams.web.frame.arguments import at_of, number_of
from streams.web.frame.broker import broker_within
from streams.web.frame.errors import BadQueryError
from streams.web.frame.forms import json_of
from streams.web.frame.routes import AT, ApiRoute, Routes, hours_back
from streams.web.frame.subject import PageServices, Subject
from streams.web.signals.answers import MarkedRelease, ReleaseRequest, StoreSignals
from streams.web.signals.queries import read_signals
from streams.web.signals.words import SIGNAL_WORDS
from streams.web.store.known import KnownStores

MOST_HOURS = 24 * 31
#: without knowing what a store has, every step of the whole funnel
ALL_STEPS = tuple(step.id for step in STEPS)


class SignalPages:
    """The handlers."""

    def __init__(self, known: KnownStores, services: PageServices) -> None:
        self._known, self._database, self._settings = known, services.database, services.settings

    async def signals(self, request: web.Request) -> StoreSignals:
        """GET /api/v1/stores/{store}/signals."""
        hours = number_of(request.query, "hours", 24, 1, MOST_HOURS)
        at_ms, _ = at_of(request.query, now_ms())
        store = await self._known.require(request.match_info["store"])
        from_ms = at_ms - round(hours * HOUR_MS)
        return await read_signals(self._database, store, ALL_STEPS, from_ms, at_ms, language_of(request))

    async def release(self, request: web.Request) -> MarkedRelease:
        """POST /api/v1/stores/{store}/releases."""
        wanted = await json_of(request, ReleaseRequest)
        store = await self._known.require(request.match_info["store"])
        present = now_ms()
        try:
            made = release_of(store, wanted.name, present if wanted.at_ms is None else wanted.at_ms, present)
        except InvalidReleaseError as error:
            raise BadQueryError(str(error)) from error
        async with broker_within(self._settings, PATIENCE_S):
            await publish_release(self._settings, made)
        return MarkedRelease(store, made.object, made.since_ms)


def _routes(services: PageServices) -> Routes:
    pages = SignalPages(KnownStores(services.database, services.config), services)
    return Routes(
        api=(
            ApiRoute(
                "/stores/{store}/signals",
                "What platforms report next to numbers: declined payments by code, stock-outs, listing trouble, with the step where they are felt",
                StoreSignals,
                pages.signals,
                (hours_back(24, MOST_HOURS), LANGUAGE, AT),
            ),
            ApiRoute(
                "/stores/{store}/releases",
                "Mark that something of a shop was changed: it is shown next to what fell after it",
                MarkedRelease,
                pages.release,
                method="POST",
                body=ReleaseRequest,
            ),
        )
    )


SUBJECT = Subject(__file__, build=_routes, words=SIGNAL_WORDS)
