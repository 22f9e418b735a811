"""The page Evaluation of a store: six dimensions, steps, what is clearly low, what to do, and the rows behind every number."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from scoring.alerts.actions import TARGET_KINDS
from scoring.evaluation.assembling import findings_in
from scoring.evaluation.attribution.lines import Attribution
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.evaluating import SCORED_AGAINST, StoreEvaluation
from scoring.evaluation.explaining import explain
from scoring.evaluation.figure import Figure, SourceRows
from scoring.evaluation.readings import STEP
from scoring.evaluation.results import ORDERS, SALES
from scoring.evaluation.spans import SpanLength
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clickhouse.reader import Database
from streams.clock import now_ms
from streams.evaluation.advised import judged, read_lives
from streams.evaluation.attributed import rates_of
from streams.evaluation.attribution_answer import AttributionAnswer, attribution_answer
from streams.evaluation.attribution_view import ATTRIBUTION, line_with, rows_name
from streams.evaluation.knowing import KnownStore, attributed, known_store
from streams.evaluation.order_days import TRUSTED_MS
from streams.evaluation.page import attributed_inputs, stored_view
from streams.evaluation.view import EvaluationView
from streams.web.evaluation.advice import AdvicePages, AdviceRequest
from streams.web.evaluation.answers import (
    EvaluatedAdvice,
    EvaluationAnswer,
    EvaluationRows,
    findings_of,
    indicators_of,
    part_of,
    step_of,
    targets_of,
)
from streams.web.evaluation.asking import FRESH_S, LANGUAGE, PERIOD, PERIODS, language_of, length_of
from streams.web.evaluation.group_pages import GroupPages
from streams.web.evaluation.platform_answers import platform_targets_of
from streams.web.evaluation.store_answers import EvaluationComparison
from streams.web.evaluation.target_pages import TargetPages
from streams.web.evaluation.words import EVALUATION_WORDS
from streams.web.frame.arguments import at_of, limit_of, one_of
from streams.web.frame.errors import NotFoundError
from streams.web.frame.queries import store_or_bare
from streams.web.frame.routes import (
    AT,
    MAX_ROWS,
    ApiRoute,
    PageRoute,
    Parameter,
    Routes,
    limit_of_rows,
)
from streams.web.frame.subject import NavigationEntry, PageServices, Subject
from streams.web.store.known import KnownStores

AGAINST = ("", *(kind.value for kind in SCORED_AGAINST))
#: rows that the page shows
_SHOWN_ROWS = 100


class EvaluationPages:
    """The handlers."""

    def __init__(self, services: PageServices, known: KnownStores) -> None:
        self._config, self._renderer, self._database = services.config, services.renderer, services.database
        self._known, self._sender = known, services.actions

    async def page(self, request: web.Request) -> web.Response:
        """GET /stores/{store}/evaluation."""
        store = store_or_bare(self._config, request.match_info["store"])
        view: dict[str, Any] = {"v": None, "problem": ""}
        length, word = length_of(request), self._renderer.reader(request).word
        read = None
        try:
            known = await self.known(request)
            if known is not None:
                known = replace(known, attribution=await self._attributed(request, known))
                read = known.read
                view["v"], view["read"] = self._view(request, known), read
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self._renderer.render(
            request,
            "evaluation/evaluation.html",
            503 if view["problem"] else 200,
            store=self._renderer.names(request).config(store.id),
            period=read.length.value if read is not None else length.value if length else "",
            periods=PERIODS,
            lengths={one: word(f"evaluation_length_{one}") for one in PERIODS},
            **view,
        )

    async def rows_page(self, request: web.Request) -> web.Response:
        """GET /stores/{store}/evaluation/rows."""
        store = store_or_bare(self._config, request.match_info["store"])
        found = await self._rows(request, _SHOWN_ROWS)
        return self._renderer.render(
            request,
            "evaluation/figure_rows.html",
            store=self._renderer.names(request).config(store.id),
            found=found,
            name=rows_name(found.of, self._renderer.reader(request).language),
        )

    async def evaluation(self, request: web.Request) -> EvaluationAnswer:
        """GET /api/v1/stores/{store}/evaluation."""
        known = await self._shared(request)
        if known is None:
            raise _unknown_period(length_of(request))
        read, evaluation, language = known.read, known.evaluation, language_of(request)
        kind = _kind(request, evaluation)
        funnel = evaluation.funnel.get(kind, evaluation.funnel[ComparatorKind.OWN])
        return EvaluationAnswer(
            evaluation.store_id,
            read.length,
            evaluation.span.start_ms,
            evaluation.span.end_ms,
            evaluation.span.zone,
            read.known_until_ms,
            kind,
            tuple(one for one in SCORED_AGAINST if any(one in each.scores for each in evaluation.indicators)),
            read.peers,
            evaluation.weights_version,
            part_of(evaluation.health[kind], language),
            tuple(part_of(one, language) for one in evaluation.dimensions[kind]),
            indicators_of(evaluation, kind, language),
            tuple(step_of(step, language) for step in funnel.steps),
            funnel.stage,
            str(funnel.lost),
            read.currency,
            targets_of(evaluation),
            findings_of(findings_in(evaluation, read.volumes, read.decoys, read.checked), language),
            platform_targets_of(read.platform_targets, language),
        )

    async def attribution(self, request: web.Request) -> AttributionAnswer:
        """GET /api/v1/stores/{store}/attribution."""
        known = await self._shared(request)
        if known is None:
            raise _unknown_period(length_of(request))
        found = await self._attributed(request, known)
        if found is None:
            raise NotFoundError("no order and no ads report of this store lies in the period")
        return attribution_answer(found)

    async def evaluation_inputs(self, request: web.Request) -> dict[str, Any]:
        """GET /api/v1/stores/{store}/evaluation/inputs."""
        known = await self._shared(request)
        if known is None or known.evaluation is None:
            raise _unknown_period(length_of(request))
        return {**explain(known.evaluation), **attributed_inputs(await self._attributed(request, known))}

    async def evaluation_rows(self, request: web.Request) -> EvaluationRows:
        """GET /api/v1/stores/{store}/evaluation/rows."""
        return await self._rows(request, limit_of(request.query, 100, MAX_ROWS))

    async def known(self, request: web.Request) -> KnownStore | None:
        """The store that a request asks about, with what people did about its advice until this moment."""
        known = await self._shared(request)
        if known is None:
            return None
        pending = tuple(self._sender.all_pending())
        lives = await read_lives(self._database, known.config.id, pending)
        read = known.read
        return replace(known, lives=judged(lives, read.figures, read.spans, read.known_until_ms))

    async def _shared(self, request: web.Request) -> KnownStore | None:
        store_id = await self._known.require(request.match_info["store"])
        at_ms, is_present = at_of(request.query, now_ms())
        length, store = length_of(request), store_or_bare(self._config, store_id)
        pending = tuple(self._sender.all_pending())
        newest = next((one.action_id for one in reversed(pending) if one.kind in TARGET_KINDS), "")
        key = ("evaluation", store_id, length.value if length else "", 0 if is_present else at_ms, newest)
        return await self._database.shared(
            key,
            FRESH_S,
            lambda: known_store(
                self._database,
                self._config,
                store,
                length,
                at_ms,
                pending,
                trusted_ms=TRUSTED_MS,
                has_attribution=False,
            ),
        )

    async def _attributed(self, request: web.Request, known: KnownStore) -> Attribution | None:
        at_ms, is_present = at_of(request.query, now_ms())
        span = known.read.spans[0]
        key = ("attribution", known.config.id, span.start_ms, span.end_ms, 0 if is_present else at_ms)
        return await self._database.shared(
            key, FRESH_S, lambda: attributed(self._database, known, rates_of(self._config))
        )

    def _view(self, request: web.Request, known: KnownStore) -> EvaluationView:
        language = self._renderer.reader(request).language
        return stored_view(known, language, _kind(request, known.evaluation))

    async def _rows(self, request: web.Request, most: int) -> EvaluationRows:
        known, of = await self._shared(request), request.query.get("of", "")
        if known is not None and of.startswith(ATTRIBUTION):
            known = replace(known, attribution=await self._attributed(request, known))
        behind = _behind(known, of) if known is not None else None
        if behind is None:
            raise NotFoundError(f"of: no number {of[:64]!r} in this evaluation")
        return await read_rows(self._database, of, behind, most)


async def read_rows(database: Database, of: str, behind: SourceRows, most: int) -> EvaluationRows:
    """The rows behind a figure: its own condition, asked of its own relation."""
    sql = f"SELECT *\nFROM {behind.relation}\nWHERE {behind.condition}\nORDER BY 1, 2\nLIMIT {most + 1}"
    rows = await database.rows(sql)
    columns = tuple(rows[0]) if rows else ()
    cells = tuple(tuple(_text(row[column]) for column in columns) for row in rows[:most])
    return EvaluationRows(of, sql, columns, cells, len(rows) > most)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else str(value)


def _unknown_period(length: SpanLength | None) -> NotFoundError:
    return NotFoundError(f"no complete {length.value if length else 'day'} of this store is known")


def _kind(request: web.Request, evaluation: StoreEvaluation) -> ComparatorKind:
    asked = one_of(request.query, "against", AGAINST, "")
    return ComparatorKind(asked) if asked else evaluation.headline or ComparatorKind.OWN


def _behind(known: KnownStore, of: str) -> SourceRows | None:
    """The rows of an indicator, a step, orders and sales, a platform's target, or a line of the attribution."""
    if known.attribution is not None and (found := line_with(known.attribution, of)) is not None:
        line, at = found
        return line.rows[at]
    steps = {STEP + one.step: one.figure for one in known.evaluation.funnel[ComparatorKind.OWN].steps}
    indicators = {one.indicator.id: one.figure for one in known.evaluation.indicators}
    figure: Figure | None = steps.get(of) or indicators.get(of)
    if figure is not None:
        return figure.rows[0]
    if of in (ORDERS, SALES) and (sold := known.read.sold.get(known.read.spans[0])) is not None:
        return sold.rows
    return next((one.rows for one in known.read.platform_targets if one.of == of), None)


_AGAINST = Parameter(
    "against",
    {"type": "string", "enum": [kind.value for kind in SCORED_AGAINST]},
    "What to compare with; defaults to the first that there is of peers, benchmark, own.",
)


def _store_routes(pages: EvaluationPages) -> tuple[ApiRoute, ...]:
    return (
        ApiRoute(
            "/stores/{store}/evaluation",
            "A store's evaluation: scores with intervals and coverage, losses by step, each with its rows",
            EvaluationAnswer,
            pages.evaluation,
            (PERIOD, _AGAINST, LANGUAGE, AT),
        ),
        ApiRoute(
            "/stores/{store}/attribution",
            "By which channels and campaigns a store's orders came, what ads cost, and what platforms claim; each with its rows",
            AttributionAnswer,
            pages.attribution,
            (PERIOD, AT),
        ),
        ApiRoute(
            "/stores/{store}/evaluation/inputs",
            "Every input of every score, for whoever recomputes them (deploy/docs/recompute.py)",
            dict[str, Any],
            pages.evaluation_inputs,
            (PERIOD, AT),
        ),
        ApiRoute(
            "/stores/{store}/evaluation/rows",
            "The rows behind one number of a store's evaluation",
            EvaluationRows,
            pages.evaluation_rows,
            (
                Parameter(
                    "of",
                    {"type": "string"},
                    "Id of an indicator, step:ID of a step, such as step:order_to_payment, the `of` of a platform's target, or what `rows` of an attribution gives.",
                    required=True,
                ),
                PERIOD,
                AT,
                limit_of_rows(100, MAX_ROWS),
            ),
        ),
    )


def _advice_routes(advice: AdvicePages) -> tuple[ApiRoute, ...]:
    return (
        ApiRoute(
            "/stores/{store}/evaluation/advice",
            "The advice that a store was given, who took it on, and what came of it",
            tuple[EvaluatedAdvice, ...],
            advice.advice,
            (PERIOD, LANGUAGE, AT),
        ),
        ApiRoute(
            "/stores/{store}/evaluation/advice",
            "Accept or decline a piece of advice, or say that it is done",
            EvaluatedAdvice,
            advice.by_api,
            (PERIOD, LANGUAGE),
            method="POST",
            body=AdviceRequest,
        ),
    )


def _routes(services: PageServices) -> Routes:
    pages = EvaluationPages(services, KnownStores(services.database, services.config))
    advice = AdvicePages(services, pages.known)
    groups, targets = GroupPages(services), TargetPages(services)
    return Routes(
        pages=(
            PageRoute("/evaluation", groups.group_page),
            PageRoute("/evaluation/targets", targets.page),
            PageRoute("/evaluation/targets/file", targets.upload, "POST"),
            PageRoute("/evaluation/targets/one", targets.set_one, "POST"),
            PageRoute("/evaluation/targets/undo", targets.undo, "POST"),
            PageRoute("/stores/{store}/evaluation", pages.page),
            PageRoute("/stores/{store}/evaluation/rows", pages.rows_page),
            PageRoute("/stores/{store}/evaluation/advice", advice.on_page, "POST"),
        ),
        api=(
            ApiRoute(
                "/evaluations",
                "Every store as it was evaluated last, and stores of one kind by what is counted alike, with a rank where neither weights nor noise overturn it",
                EvaluationComparison,
                groups.evaluations,
                (PERIOD, LANGUAGE, AT),
            ),
            *_store_routes(pages),
            *_advice_routes(advice),
        ),
    )


SUBJECT = Subject(
    __file__,
    build=_routes,
    words=EVALUATION_WORDS,
    navigation=NavigationEntry("/evaluation", "evaluation"),
)
