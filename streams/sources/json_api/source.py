"""The source ``json_api``: any API that answers with JSON, asked as the connection's configuration says."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from scoring.events.event import Source
from scoring.funnel.units import DAY_MS
from scoring.records.raw_delivery import RawDelivery
from scoring.sources.budget import BudgetRate
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.endings import Use, uses_of_address
from scoring.sources.json_mapping import RecordMapping, translate_rows
from scoring.sources.json_paths import MISSING, json_path
from scoring.sources.json_values import (
    UnreadableValueError,
    day_of,
    is_given,
    moment_of,
    money_of,
    read_json,
    text_of,
    whole_of,
)
from scoring.sources.second_way import MONEY, DayFigures
from scoring.sources.tokens import TokenPair
from scoring.sources.translated import ConnectionTerms, Translated, TranslationError
from scoring.wording.text import Text
from streams.sources.asking import (
    AnswerGarbledError,
    HttpAnswer,
    HttpRequest,
    PlatformApi,
    PlatformRejectedError,
    judge_http,
)
from streams.sources.connection import Connection
from streams.sources.json_api.config import AuthConfig, JsonApiConnection, ResourceConfig, SecondWayConfig
from streams.sources.json_api.paging import next_mark, page_query
from streams.sources.mask_names import mask_names
from streams.sources.oauth import pair_by_form
from streams.sources.source import (
    Asking,
    Authorisation,
    Poll,
    PolledRow,
    PollPage,
    SourceSpec,
    Supply,
    every_stage,
    polled_row,
)

# ---------------------------------------------------------------- what is asked for


def polls(config: JsonApiConnection) -> tuple[Poll, ...]:
    """A poll for each resource."""
    return tuple(_poll(config, resource) for resource in config.resources)


def _poll(config: JsonApiConnection, resource: ResourceConfig) -> Poll:
    names = mask_names(_mappings(config, resource), config.personal, config.people)
    return Poll(
        resource=resource.name,
        plan=PollPlan(
            interval_s=resource.interval_s,
            window_s=resource.window_days * 86_400,
            overlap_s=resource.overlap_s,
            settle_s=resource.settle_s,
            first_s=resource.first_days * 86_400,
        ),
        fetch=partial(fetch, config, resource),
        has_past=bool(resource.from_parameter),
        restated_days=resource.restated_days,
        version=config.version,
        personal=names.personal,
        people=names.people,
        kept=names.kept,
        ids=names.ids,
        stores=names.stores,
    )


async def fetch(
    config: JsonApiConnection, resource: ResourceConfig, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """One page of a window."""
    query = [*resource.query.items(), *_span(resource, window), *page_query(resource.paging, mark)]
    url = config.url.rstrip("/") + resource.path
    if resource.paging.kind == "link" and mark:
        url, query = _same_host(mark, url), []
    answer = await api.ask(HttpRequest(url, query=tuple(query), headers=config.headers))
    document = answer.json()
    try:
        rows = _rows_at(document, resource.rows, answer)
        made = [_row(row, resource) for row in rows]
        total = _total(document, resource)
        served = _served(document, answer, config, resource)
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    return PollPage(
        rows=made,
        next_mark=next_mark(resource.paging, mark, document, answer.headers, len(rows)),
        total=total,
        cursor_mark=_mark(rows, resource),
        served=served,
    )


def _span(resource: ResourceConfig, window: PollWindow) -> list[tuple[str, str]]:
    if resource.since_parameter:
        return [(resource.since_parameter, window.mark)] if window.mark else []
    span = [(resource.from_parameter, written(window.from_ms, resource.time))]
    if resource.to_parameter:
        span.append((resource.to_parameter, written(window.to_ms, resource.time)))
    return span


def written(at_ms: int, form: str) -> str:
    """A moment as the API takes it."""
    if form == "ms":
        return str(at_ms)
    if form == "s":
        return str(at_ms // 1000)
    when = datetime.fromtimestamp(at_ms / 1000, UTC)
    return (
        when.date().isoformat()
        if form == "day"
        else when.isoformat(timespec="seconds").replace("+00:00", "Z")
    )


def _same_host(link: str, url: str) -> str:
    """The address of the next page: on the host that was asked, for it carries our key."""
    asked, given = urlsplit(url), urlsplit(link)
    if given.netloc and (given.scheme, given.netloc) != (asked.scheme, asked.netloc):
        raise PlatformRejectedError(f"{asked.hostname} sends us on to another host, {given.hostname}")
    return link if given.netloc else f"{asked.scheme}://{asked.netloc}{link}"


def _rows_at(document: Any, path: str, answer: HttpAnswer) -> list[dict[str, Any]]:
    rows = document if path == "$" else json_path(path).of(document)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        what = "nothing" if rows is MISSING else f"{type(rows).__name__}"
        raise AnswerGarbledError(
            f"{answer.host} has no list of rows at {path}, but {what}: not an empty answer"
        )
    return rows


def _row(row: dict[str, Any], resource: ResourceConfig) -> PolledRow:
    changed = json_path(resource.changed).of(row) if resource.changed else MISSING
    row_id = text_of(json_path(resource.id).of(row), resource.id)
    changed_ms = moment_of(changed, resource.changed or "changed", "UTC")
    store = next((one.constants["store"] for one in resource.mapping if "store" in one.constants), "")
    return polled_row(row_id, row, changed_ms, store)


def _total(document: Any, resource: ResourceConfig) -> int | None:
    found = json_path(resource.paging.total).of(document) if resource.paging.total else MISSING
    return whole_of(found, "total") if is_given(found) else None


def _served(document: Any, answer: HttpAnswer, config: JsonApiConnection, resource: ResourceConfig) -> str:
    if config.version_header:
        return answer.headers.get(config.version_header, "")
    return text_of(json_path(resource.version).of(document), "version") if resource.version else ""


def _mark(rows: Sequence[dict[str, Any]], resource: ResourceConfig) -> str:
    """What ``since_parameter`` takes to go on after the last row."""
    if not resource.mark or not rows:
        return ""
    return text_of(json_path(resource.mark).of(rows[-1]), "mark")


# ---------------------------------------------------------------- how it is asked


def asking(connection: Connection) -> Asking:
    """How the API is asked."""
    config: JsonApiConnection = connection.config
    auth, rate = config.auth, BudgetRate(config.rate, max(1.0, config.rate))
    has_tokens = auth.kind in ("client_credentials", "refresh_token")
    host = urlsplit(config.url).hostname or config.url
    return Asking(
        app=config.app or host,
        app_rate=BudgetRate(config.app_rate, max(1.0, config.app_rate)) if config.app_rate else BudgetRate(),
        shop_rate=rate,
        authorise=partial(authorise, auth, connection),
        judge=judge_http,
        first_pair=partial(_first_pair, auth, connection),
        new_pair=partial(_new_pair, auth, connection) if has_tokens else None,
        left=partial(_left, config.left_header),
        timeout_s=config.timeout_s,
    )


def authorise(
    auth: AuthConfig, connection: Connection, request: HttpRequest, pair: TokenPair | None
) -> HttpRequest:
    """The request with what authorises it."""
    headers, query = dict(request.headers), request.query
    if pair is not None:
        headers["Authorization"] = f"Bearer {pair.access}"
    elif auth.kind == "bearer":
        headers["Authorization"] = f"Bearer {connection.secret(auth.secret)}"
    elif auth.kind == "basic":
        word = f"{auth.user}:{connection.secret(auth.secret)}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(word).decode()}"
    elif auth.kind == "header":
        headers[auth.name] = connection.secret(auth.secret)
    elif auth.kind == "query":
        query = (*query, (auth.name, connection.secret(auth.secret)))
    return HttpRequest(request.url, request.method, query, headers, request.body)


def _first_pair(auth: AuthConfig, connection: Connection) -> TokenPair | None:
    if auth.kind != "refresh_token":
        return None
    return TokenPair(access="", refresh=connection.secret(auth.refresh_token), expires_ms=1)


async def _new_pair(
    auth: AuthConfig, connection: Connection, api: PlatformApi, old: TokenPair | None
) -> TokenPair:
    """A new pair (RFC 6749, 4.4 and 6)."""
    form = {"grant_type": auth.kind, "client_id": auth.client_id}
    if auth.client_secret:
        form["client_secret"] = connection.secret(auth.client_secret)
    if auth.scope:
        form["scope"] = auth.scope
    return await pair_by_form(api, auth.token_url, form, old)


def _left(header: str, answer: HttpAnswer) -> float | None:
    said = answer.headers.get(header, "") if header else ""
    try:
        return float(said) if said else None
    except ValueError:
        return None


# ---------------------------------------------------------------- what it says


def _mappings(config: JsonApiConnection, resource: ResourceConfig) -> tuple[RecordMapping, ...]:
    return tuple(one.mapping() for one in resource.mapping)


def _all_mappings(config: JsonApiConnection) -> dict[str, tuple[RecordMapping, ...]]:
    return {resource.name: _mappings(config, resource) for resource in config.resources}


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """What a row says: by the mappings of the resource that it was asked for as."""
    try:
        document = read_json(delivery.body)
    except UnreadableValueError as error:
        raise TranslationError(str(error)) from error
    mappings = terms.settings.get(delivery.topic)
    if mappings is None:
        raise TranslationError(f"the connection has no resource {delivery.topic!r} any more")
    return translate_rows(document, mappings, delivery, terms)


async def second_way(api: PlatformApi, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
    """The figures of closed days as the API gives them itself."""
    config: JsonApiConnection = connection.config
    wanted = config.second_way
    assert wanted is not None
    first_ms = _midnight_ms(min(days))
    query = [
        *wanted.query.items(),
        (wanted.from_parameter, written(first_ms, wanted.time)),
        (wanted.to_parameter, written(_midnight_ms(max(days)) + DAY_MS, wanted.time)),
    ]
    url = config.url.rstrip("/") + wanted.path
    answer = await api.ask(HttpRequest(url, query=tuple(query), headers=config.headers))
    rows = _rows_at(answer.json(), wanted.rows, answer)
    zone = connection.zones.get(connection.stores[0], "UTC")
    known = {day.isoformat() for day in days}
    found: dict[str, dict[str, str]] = {}
    try:
        for row in rows:
            day = day_of(json_path(wanted.day).of(row), "day", zone).isoformat()
            if day in known:
                _add(found.setdefault(day, {}), row, wanted, connection)
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    return [DayFigures(day, figures) for day, figures in sorted(found.items())]


def _midnight_ms(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _add(figures: dict[str, str], row: Any, wanted: SecondWayConfig, connection: Connection) -> None:
    """Add a row of a day: there may be one for each currency."""
    for name, path in (("orders", wanted.orders), ("paid", wanted.paid)):
        value = json_path(path).of(row) if path else MISSING
        if is_given(value):
            figures[name] = str(int(figures.get(name, "0")) + whole_of(value, name))
    value = json_path(wanted.amount).of(row) if wanted.amount else MISSING
    if is_given(value):
        said = text_of(json_path(wanted.currency).of(row), "currency") if wanted.currency else ""
        name = MONEY + (said or connection.currencies.get(connection.stores[0], "")).upper()
        figures[name] = str(Decimal(figures.get(name, "0")) + Decimal(money_of(value, "amount")))


def _authorisation(config: JsonApiConnection) -> Authorisation:
    if config.auth.kind == "none":
        return Authorisation.NONE
    has_tokens = config.auth.kind in ("client_credentials", "refresh_token")
    return Authorisation.TOKEN if has_tokens else Authorisation.KEY


def _uses(config: JsonApiConnection) -> list[Use]:
    """What its addresses ask for, if they are a platform's own."""
    wanted: list[ResourceConfig | SecondWayConfig] = [*config.resources]
    if config.second_way is not None:
        wanted.append(config.second_way)
    addresses = [f"{config.url.rstrip('/')}{one.path}?{urlencode(one.query, safe=',')}" for one in wanted]
    return [use for address in addresses for use in uses_of_address(address)]


SOURCE = SourceSpec(
    name="json_api",
    words=Text("JSON 接口", "JSON API"),
    supplies=every_stage(Supply.STATUS),
    definition=Text(
        "按设置定时读取的 JSON 接口；每个字段的含义由连接的映射决定，时间取接口返回的时间。",
        "Any API that answers with JSON, asked on a schedule; the connection's mapping decides what a field means, and times are those "
        "of the answer.",
    ),
    events_as=(Source.POLL,),
    polls=polls,
    asking=asking,
    translate=translate,
    second_way=second_way,
    has_second_way=lambda config: config.second_way is not None,
    config=JsonApiConnection,
    terms=_all_mappings,
    authorisation=_authorisation,
    uses=_uses,
)
