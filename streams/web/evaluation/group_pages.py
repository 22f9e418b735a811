"""The page that compares stores by their evaluation: only what is counted alike, a rank only where nothing overturns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from scoring.evaluation.comparing import DefinitionDifference, Ranking
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.figure import exposed
from scoring.evaluation.indicator import Direction
from scoring.evaluation.sentences import reading_name, say_difference, say_ranking
from scoring.evaluation.spans import SpanLength
from scoring.wording.text import Language
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.evaluation.grouped import ComparedNumber, StoreGroup, store_groups
from streams.evaluation.view import said_value
from streams.evaluation.wording import EvaluationReader
from streams.web.evaluation.answers import EvaluationComparison, group_of
from streams.web.evaluation.asking import FRESH_S, PERIODS, language_of, length_of
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
    """A group as the page shows it."""

    group: StoreGroup
    names: Mapping[str, str]
    first: str
    last: str
    ranking: tuple[str, ...]
    pictures: tuple[ComparedPicture, ...]


class GroupPages:
    """The handlers."""

    def __init__(self, services: PageServices) -> None:
        self._config, self._renderer, self._database = services.config, services.renderer, services.database

    async def group_page(self, request: web.Request) -> web.Response:
        """GET /evaluation."""
        length, reader = length_of(request), self._renderer.reader(request)
        view: dict[str, Any] = {"groups": (), "problem": ""}
        try:
            names = {store.id: store.called(reader.language) for store in self._config.stores}
            wording = EvaluationReader(reader.language)
            view["groups"] = [_view(one, names, wording) for one in await self._groups(request, length)]
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

    async def evaluations(self, request: web.Request) -> EvaluationComparison:
        """GET /api/v1/evaluations."""
        groups = await self._groups(request, length_of(request))
        language = language_of(request)
        return EvaluationComparison(tuple(group_of(one, language) for one in groups))

    async def _groups(self, request: web.Request, length: SpanLength | None) -> tuple[StoreGroup, ...]:
        at_ms, is_present = at_of(request.query, now_ms())
        key = ("evaluations", length.value if length else "", 0 if is_present else at_ms)
        return await self._database.shared(
            key, FRESH_S, lambda: store_groups(self._database, self._config, length, at_ms)
        )


def _view(group: StoreGroup, names: Mapping[str, str], wording: EvaluationReader) -> GroupView:
    span, language = group.span, wording.language
    return GroupView(
        group,
        names,
        wording.calendar_day(span.start_ms, span.zone) if span else "",
        wording.calendar_day(span.end_ms - 1, span.zone) if span else "",
        say_ranking(_named(group.ranking, names), language) if group.ranking else (),
        tuple(_picture(one, names, wording) for one in group.numbers if len(group.compared) > 1),
    )


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
