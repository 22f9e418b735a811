"""The page that compares stores by their evaluation: only what is counted alike, a rank only where nothing overturns it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aiohttp import web

from scoring.digest.values import StoreHealth
from scoring.evaluation.comparing import DefinitionDifference, Ranking
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.figure import exposed
from scoring.evaluation.indicator import Direction
from scoring.evaluation.sentences import (
    reading_name,
    say_difference,
    say_ranking,
    say_score,
)
from scoring.evaluation.spans import SpanLength, span_name
from scoring.evaluation.texts import COMPARATOR_NAMES, COVERAGE
from scoring.wording.text import Language
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.evaluation.grouped import ComparedNumber, StoreGroup, store_groups
from streams.evaluation.said_values import said_value
from streams.evaluation.stored_health import read_health
from streams.evaluation.wording import EvaluationReader
from streams.web.evaluation.answers import group_of
from streams.web.evaluation.asking import FRESH_S, PERIODS, language_of, length_of
from streams.web.evaluation.store_answers import EvaluationComparison, stores_of
from streams.web.evaluation.store_table import StoreLine, firing_alerts, store_lines
from streams.web.frame.arguments import at_of
from streams.web.frame.subject import PageServices


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One store of a small picture; ``width`` of its bar in percent of the longest."""

    store: str
    value: str
    n: str
    width: float


@dataclass(frozen=True, slots=True)
class ComparedPicture:
    """One number of all stores: its bars, or why they must not be compared."""

    id: str
    name: str
    is_lower_better: bool
    lines: tuple[ComparedLine, ...]
    unlike: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as the page shows it. ``health`` are the scores of its stores in the group's period, in words."""

    group: StoreGroup
    names: Mapping[str, str]
    first: str
    last: str
    ranking: tuple[str, ...]
    pictures: tuple[ComparedPicture, ...]
    health: Mapping[str, str]


class GroupPages:
    """The handlers."""

    def __init__(self, services: PageServices) -> None:
        self._config, self._renderer, self._database = services.config, services.renderer, services.database

    async def group_page(self, request: web.Request) -> web.Response:
        """GET /evaluation."""
        length, reader = length_of(request), self._renderer.reader(request)
        view: dict[str, Any] = {"lines": (), "groups": (), "problem": ""}
        try:
            names = {store.id: store.called(reader.language) for store in self._config.stores}
            wording = EvaluationReader(reader.language)
            groups = await self._groups(request, length)
            healths = await self._healths(request, groups)
            view["groups"] = [_view(one, names, healths, wording) for one in groups if len(one.compared) > 1]
            view["lines"] = await self._lines(request, length, wording)
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self._renderer.render(
            request,
            "evaluation/groups.html",
            503 if view["problem"] else 200,
            period=length.value if length else "",
            periods=PERIODS,
            lengths={one: reader.word(f"evaluation_length_{one}") for one in PERIODS},
            **view,
        )

    async def _lines(
        self, request: web.Request, length: SpanLength | None, wording: EvaluationReader
    ) -> list[StoreLine]:
        """Every store by its newest period of a length, or of the longest that has a score."""
        healths, firing = await self._newest(request, length)
        # a thousand stores take some 200 ms to put into words
        return await asyncio.to_thread(store_lines, self._config.stores, healths, firing, wording)

    async def _newest(
        self, request: web.Request, length: SpanLength | None
    ) -> tuple[dict[str, StoreHealth], dict[str, int]]:
        """The health of each store in its newest period of a length, and how many of its alerts are firing."""
        at_ms, is_present = at_of(request.query, now_ms())
        chosen = {"lengths": (length,)} if length else {}
        key = ("evaluated stores", length.value if length else "", 0 if is_present else at_ms)
        read = partial(read_health, self._database, (), True, at_ms, **chosen)
        healths = {one.store_id: one for one in await self._database.shared(key, FRESH_S, read)}
        return healths, await firing_alerts(self._database, at_ms, is_present)

    async def evaluations(self, request: web.Request) -> EvaluationComparison:
        """GET /api/v1/evaluations."""
        length, language = length_of(request), language_of(request)
        groups = await self._groups(request, length)
        healths = await self._healths(request, groups)
        stores = await asyncio.to_thread(stores_of, self._config.stores, *await self._newest(request, length))
        return EvaluationComparison(tuple(group_of(one, healths, language) for one in groups), stores)

    async def _groups(self, request: web.Request, length: SpanLength | None) -> tuple[StoreGroup, ...]:
        at_ms, is_present = at_of(request.query, now_ms())
        key = ("evaluations", length.value if length else "", 0 if is_present else at_ms)
        return await self._database.shared(
            key, FRESH_S, lambda: store_groups(self._database, self._config, length, at_ms)
        )

    async def _healths(self, request: web.Request, groups: Sequence[StoreGroup]) -> dict[str, StoreHealth]:
        """The health of each store in the period of its group, as the role jobs wrote it."""
        at_ms, is_present = at_of(request.query, now_ms())
        found: dict[str, StoreHealth] = {}
        for length in sorted({group.length for group in groups if group.length is not None}):
            own = [group for group in groups if group.length is length]
            stores = [store for group in own for store in group.stores]
            key = ("evaluated health", length.value, 0 if is_present else at_ms)
            read = partial(read_health, self._database, stores, False, at_ms, (length,))
            known = {one.store_id: one for one in await self._database.shared(key, FRESH_S, read)}
            found |= {
                store: known[store]
                for group in own
                for store in group.stores
                if store in known and _is_of(known[store], group)
            }
        return found


def _is_of(health: StoreHealth, group: StoreGroup) -> bool:
    """Whether a health is of the period in which a group is compared."""
    days = f"{health.now.first}/{health.now.last}"
    return group.span is not None and days == span_name(group.span)


def _view(
    group: StoreGroup,
    names: Mapping[str, str],
    healths: Mapping[str, StoreHealth],
    wording: EvaluationReader,
) -> GroupView:
    span, language = group.span, wording.language
    known = {store: healths[store] for store in group.stores if store in healths}
    return GroupView(
        group,
        names,
        wording.calendar_day(span.start_ms, span.zone) if span else "",
        wording.calendar_day(span.end_ms - 1, span.zone) if span else "",
        say_ranking(_named(group.ranking, names), language) if group.ranking else (),
        tuple(_picture(one, names, wording) for one in group.numbers if len(group.compared) > 1),
        {store: _health(one, wording) for store, one in known.items()},
    )


def _health(one: StoreHealth, wording: EvaluationReader) -> str:
    score = one.now.health
    if score is None:
        return COVERAGE(wording.language, share=wording.percent(one.now.coverage))
    return f"{say_score(score, wording)} · {COMPARATOR_NAMES[one.comparator](wording.language)}"


def _named(ranking: Ranking, names: Mapping[str, str]) -> Ranking:
    """The same with the names of stores for their ids."""
    return replace(
        ranking,
        groups=tuple(
            replace(one, stores=tuple(names[store] for store in one.stores)) for one in ranking.groups
        ),
        differences=_with_names(ranking.differences, names),
    )


def _with_names(
    found: tuple[DefinitionDifference, ...], names: Mapping[str, str]
) -> tuple[DefinitionDifference, ...]:
    return tuple(replace(one, one=names[one.one], other=names[one.other]) for one in found)


def _picture(one: ComparedNumber, names: Mapping[str, str], wording: EvaluationReader) -> ComparedPicture:
    language: Language = wording.language
    indicator = INDICATOR_BY_ID.get(one.id)
    longest = max((figure.value for figure in one.figures.values()), default=0.0) or 1.0
    return ComparedPicture(
        one.id,
        reading_name(one.id, language),
        indicator is not None and indicator.direction is Direction.LOWER,
        tuple(
            ComparedLine(
                store,
                said_value(figure, indicator.unit if indicator else None, wording),
                wording.count(exposed(figure)),
                100 * figure.value / longest,
            )
            for store, figure in one.figures.items()
        ),
        tuple(say_difference(difference, language) for difference in _with_names(one.differences, names)),
    )
