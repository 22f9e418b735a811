"""One truth in six mouths, of evaluations: page, API, agents' server, command line, report and the views that Grafana reads say the same.

Asked are the health, the dimensions, the steps and the indicators of a store: the number, its interval, its unit, its period, what it is
compared with, its definition, and, where there is no number, which of the lacks that is. Of a store with an alert: what it
cost; of a funnel: the rate of each step. In Chinese and English.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any, Literal

import pytest
from typer.testing import CliRunner

from scoring.digest.health import say_health
from scoring.digest.values import DigestFacts, DigestStore, StoreHealth
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.readings import STEP
from scoring.evaluation.said_numbers import say_number, say_target, unit_of
from scoring.evaluation.score import Unscored
from scoring.evaluation.sentences import reading_name
from scoring.evaluation.spans import SpanLength
from scoring.evaluation.texts import SCORE, TARGET_OUTCOMES
from streams.agents.answers import AnswerStatus
from streams.agents.api import ReadApi
from streams.agents.meanings import meaning_of
from streams.agents.questions import Questions, answered
from streams.cli.main import app
from streams.clickhouse.reader import Database
from streams.config.evaluating import TargetConfig
from streams.config.model import Config, StoreConfig
from streams.evaluation.reporting import known_stores, store_report
from streams.evaluation.stored_health import read_health
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS
from streams.incidents.reader import ReaderWording
from streams.jobs.evaluations import once
from streams.settings import Settings
from tests.contracts.grafana_queries import Asked, Choice, choices, clickhouse_queries
from tests.fixtures.clickhouse import Store, empty_tables, make_tables
from tests.fixtures.digest_facts import context
from tests.fixtures.evaluation_seed import STORE, insert_year
from tests.fixtures.page import PAGE_DATABASE, RunningPage, page_settings
from tests.fixtures.web_seed import ALERT, CONFIG

Tongue = Literal["zh", "en"]
Length = Literal["week", "month"]
LANGUAGES: tuple[Tongue, ...] = ("zh", "en")
#: stores of the long form, each with a past of its own
MANY = 10
#: what a lack of a score is to an agent
STATUS = {
    Unscored.NO_SOURCE: AnswerStatus.UNKNOWN,
    Unscored.BELOW_FLOOR: AnswerStatus.NOT_YET,
    Unscored.NOT_DUE: AnswerStatus.NOT_YET,
    Unscored.NO_COMPARATOR: AnswerStatus.NOT_YET,
    Unscored.ALL_NOISE: AnswerStatus.UNKNOWN,
    Unscored.LOW_COVERAGE: AnswerStatus.UNKNOWN,
}


@dataclass(frozen=True)
class Mouths:
    """What each of them said of a store's evaluation in one language."""

    api: Mapping[str, Any]
    agent: Mapping[str, Any]
    page: Mapping[str, tuple[str, ...]]
    head: str


@pytest.fixture(scope="module")
def written(page: RunningPage, clickhouse: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A store with orders, and its evaluations as the role jobs writes them."""
    insert_year(clickhouse.client(PAGE_DATABASE), page.now_ms, back=6)
    settings = page_settings(clickhouse, tmp_path_factory.mktemp("jobs"), clickhouse_database=PAGE_DATABASE)
    one = Config(stores=tuple(store for store in CONFIG.stores if store.id == STORE))
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, once(settings, one, page.now_ms)).result()


@pytest.fixture
async def questions(page: RunningPage) -> AsyncIterator[Questions]:
    api = ReadApi(page.url, "")
    yield Questions(api)
    await api.close()


def rows_of_page(html: str) -> dict[str, tuple[str, ...]]:
    """The cells of each line of the tables of scores, by its key; the first is its name."""
    found = {}
    for key, row in re.findall(r'<tr data-key="([^"]+)">(.*?)</tr>', html, re.DOTALL):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        found[unescape(key)] = tuple(
            " ".join(unescape(re.sub(r"<[^>]+>", " ", one)).split()) for one in cells
        )
    return found


async def asked(
    page: RunningPage, questions: Questions, store: str, language: Tongue, period: Length = "month"
) -> Mouths:
    """The same period and comparator, of all."""
    which = f"period={period}&against=own"
    api = await asyncio.to_thread(page.json, f"/stores/{store}/evaluation?{which}")
    html = (await asyncio.to_thread(page.get, f"/stores/{store}/evaluation?{which}&lang={language}")).text
    agent = await answered(questions.evaluation, store=store, period=period, against="own", language=language)
    head = re.search(r'<p class="sum">(.*?)</p>', html, re.DOTALL)
    assert head is not None
    return Mouths(api, agent, rows_of_page(html), unescape(head[1]))


def score_text(score: Mapping[str, float], language: Tongue) -> str:
    wording = ReaderWording(language)
    return SCORE(language, **{name: wording.count(score[name]) for name in ("value", "low", "high")})


def value_text(one: Mapping[str, Any], language: Tongue) -> str:
    """A value as people read it, from the number that the API gives, and its kind."""
    wording, indicator = EvaluationReader(language), INDICATOR_BY_ID.get(one.get("id", ""))
    if one["kind"] == IndicatorKind.RATE:
        return wording.percent(one["value"])
    if one["kind"] == IndicatorKind.COUNT and indicator is None:
        return WORDS["per_hundred"](language, value=wording.decimal(100 * one["value"]))
    unit = indicator.unit(language) if indicator and indicator.unit else ""
    return f"{wording.decimal(one['value'])} {unit}".strip()


def assert_scores_agree(
    api: Mapping[str, Any], agent: Mapping[str, Any], said: str, language: Tongue
) -> None:
    """One score, or one lack of it, by API, agent and page."""
    if api["score"] is None:
        reason = Unscored(api["reason"])
        assert agent["score"]["status"] == STATUS[reason], (api, agent)
        assert agent["score"]["why"]
        assert said
        assert not re.match(r"\d", said), said
        return
    assert agent["score"] == {name: round(api["score"][name], 1) for name in ("value", "low", "high")}
    assert said.startswith(score_text(api["score"], language)), (api, said)


async def assert_one_truth(
    mouths: Mouths, questions: Questions, store: str, language: Tongue, period: Length = "month"
) -> int:
    """All that an evaluation says is the same everywhere; returns how many questions that were."""
    api, agent, count = mouths.api, mouths.agent, 0
    at = {name: datetime.fromtimestamp(api[f"{name}_ms"] / 1000, UTC) for name in ("from", "to")}
    assert {name: agent["window"][name] for name in at} == {
        name: one.strftime("%Y-%m-%dT%H:%M:%SZ") for name, one in at.items()
    }
    wording = EvaluationReader(language)
    assert wording.calendar_day(api["from_ms"], api["zone"]) in mouths.head
    assert wording.calendar_day(api["to_ms"] - 1, api["zone"]) in mouths.head
    assert (agent["against"], agent["weights_version"]) == (api["against"], api["weights_version"])
    for one, by_agent in zip(api["dimensions"], agent["dimensions"], strict=True):
        name, said, coverage = mouths.page[one["id"]]
        assert name == meaning_of(one["id"], language)["name"]
        assert by_agent["coverage"] == round(one["coverage"], 3)
        assert wording.percent(one["coverage"]) in coverage
        assert_scores_agree(one, by_agent, said, language)
        count += 1
    for step, by_agent in zip(api["steps"], agent["steps"], strict=True):
        of = STEP + step["step"]
        cells = mouths.page[of]
        assert by_agent["name"] == cells[0]
        assert (cells[3], cells[4]) == (
            value_text(step, language),
            wording.count(step["entered"]),
        )
        assert float(f"{step['value']:.6g}") == by_agent["value"]
        assert ("share" in by_agent["unit"] or "比率" in by_agent["unit"]) == (step["kind"] == "rate")
        assert_scores_agree(step, by_agent, cells[2], language)
        count += 1
    measured = {one["id"]: one for one in api["indicators"] if one["value"] is not None}
    assert {of for of in mouths.page if of in INDICATOR_BY_ID} == set(measured)
    for of, one in measured.items():
        by_agent = await answered(
            questions.evaluation, store=store, of=of, period=period, against="own", language=language
        )
        name, said, value, cases, definition, *_ = mouths.page[of]
        assert (by_agent["name"], by_agent["definition"]) == (name, definition)
        assert value == value_text(one, language)
        assert cases == wording.count(one["n"])
        assert by_agent["rows"][0]["relation"] == one["rows"][0]["relation"]
        assert_scores_agree(one, by_agent, said, language)
        count += 1
    for of in sorted(INDICATOR_BY_ID.keys() - measured.keys()):
        by_agent = await answered(
            questions.evaluation, store=store, of=of, period=period, against="own", language=language
        )
        assert by_agent["status"] in (AnswerStatus.UNKNOWN, AnswerStatus.NOT_YET)
        count += 1
    return count


def assert_views_agree(client: Any, api: Mapping[str, Any], store: str, period: Length = "month") -> None:
    """What Grafana draws, to the last digit."""
    start = datetime.fromtimestamp(api["from_ms"] / 1000, UTC).replace(tzinfo=None)
    rows = client.query(
        "SELECT kind, name, score, low, high, reason FROM evaluations WHERE store_id = {store:String} AND period = {period:String} "
        "AND comparator = 'own' AND period_start = {start:DateTime}",
        parameters={"store": store, "start": start, "period": period},
    ).result_rows
    drawn = {(kind, name): (score, low, high, reason) for kind, name, score, low, high, reason in rows}
    said = {("health", "health"): api["health"]}
    said |= {("dimension", one["id"]): one for one in api["dimensions"]}
    said |= {("indicator", one["id"]): one for one in api["indicators"]}
    said |= {("step", one["step"]): one for one in api["steps"]}
    assert drawn == {
        key: (
            *(one["score"][name] if one["score"] else None for name in ("value", "low", "high")),
            one["reason"],
        )
        for key, one in said.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
async def test_mouths_say_the_same_of_an_evaluation(
    page: RunningPage,
    clickhouse: Store,
    written: None,
    questions: Questions,
    tmp_path: Path,
    language: Tongue,
) -> None:
    mouths = await asked(page, questions, STORE, language)
    assert await assert_one_truth(mouths, questions, STORE, language) > 30
    assert_views_agree(clickhouse.read_client(PAGE_DATABASE), mouths.api, STORE)
    words = ["ask", "evaluation", f"store={STORE}", "period=month", "against=own", f"language={language}"]
    command = await asyncio.to_thread(
        partial(CliRunner().invoke, app, [*words, "--json", "--page", page.url, "--data", str(tmp_path)])
    )
    assert command.exit_code == 0, (command.output, command.exception)
    assert json.loads(command.output) == mouths.agent


@pytest.mark.parametrize("language", LANGUAGES)
async def test_mouths_say_the_same_of_an_alert_and_of_rates(
    page: RunningPage, questions: Questions, language: Tongue
) -> None:
    (api,) = (one for one in (await asyncio.to_thread(page.json, "/alerts?state=firing"))["alerts"] if one["alert_id"] == ALERT)  # fmt: skip
    found = await answered(questions.alerts, state="firing")
    (agent,) = (one for one in found["alerts"] if one["alert"] == ALERT)
    html = unescape((await asyncio.to_thread(page.get, f"/alerts/{ALERT}?lang={language}")).text)
    wording = ReaderWording(language)
    assert agent["money"] == {
        "amount": float(f"{api['money']['amount']:.6g}"),
        "currency": api["money"]["currency"],
    }
    assert wording.money(api["money"]["amount"], api["money"]["currency"]) in html
    assert agent["lost"] == float(f"{api['lost']:.6g}")
    at = datetime.fromtimestamp(page.now_ms / 1000 - 180, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    funnel = await asyncio.to_thread(page.json, f"/stores/us-own/funnel?window=60&at={at}")
    said = await answered(questions.funnel, store="us-own", window=60, at=at, language=language)
    shown = unescape(
        (await asyncio.to_thread(page.get, f"/?store=us-own&window=60&at={at}&lang={language}&tz=UTC")).text
    )
    rates = set(re.findall(r"\d+(?:\.\d+)?%", shown))
    for one, by_agent in zip(funnel["steps"], said["steps"], strict=True):
        assert by_agent["name"] == meaning_of(STEP + one["step"], language)["name"]
        assert by_agent["rate"] == float(f"{one['conversion_rate']:.6g}")
        # the page says the one or the other of what goes on and what drops off
        assert {wording.percent(one["conversion_rate"]), wording.percent(1 - one["conversion_rate"])} & rates
    assert len(funnel["steps"]) >= 4


@pytest.mark.parametrize(
    ("store", "stage", "status"),
    [("jp-amazon", "impression", AnswerStatus.UNKNOWN), ("new-store", "click", AnswerStatus.UNKNOWN)],
)
async def test_what_nobody_knows_has_no_number_anywhere(
    page: RunningPage, questions: Questions, store: str, stage: str, status: AnswerStatus
) -> None:
    api = await asyncio.to_thread(page.json, f"/stores/{store}/funnel?window=1440")
    agent = await answered(questions.funnel, store=store, window=1440)
    (number,) = (one["count"] for one in api["stages"] if one["stage"] == stage)
    (said,) = (one["count"] for one in agent["stages"] if one["stage"] == stage)
    assert number is None
    assert said["status"] == status
    evaluated = await answered(questions.evaluation, store="new-store")
    assert evaluated["status"] == AnswerStatus.NOT_YET
    assert (await asyncio.to_thread(page.get, "/api/v1/stores/new-store/evaluation")).status_code == 404
    out_of_scope = await answered(Questions(questions._api, only=("us-own",)).evaluation, store=store)
    assert out_of_scope["status"] == AnswerStatus.REFUSED


TARGETS = {"logistics.time_to_ship": 20.0, "step:order_to_payment": 0.9, "returns.refunds": 0.2}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_mouths_say_the_same_of_targets(
    clickhouse: Store, tmp_path: Path, serve_page: Callable[..., RunningPage], language: Tongue
) -> None:
    """Page, API, agents, report, the line of health in the mail, and the columns of Grafana's table."""
    present_ms = time.time_ns() // 1_000_000
    name = f"funnelwatch_targets_{uuid.uuid4().hex[:8]}"
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=name)
    make_tables(clickhouse, name)
    insert_year(clickhouse.client(name), present_ms, back=6)
    (store,) = (one for one in CONFIG.stores if one.id == STORE)
    asked_for = tuple(TargetConfig(of=of, value=value, set_by="Li") for of, value in TARGETS.items())
    config = Config(stores=(store,), targets=asked_for)
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, once(settings, config, present_ms)).result()
    page = serve_page(settings, config)
    api, database = ReadApi(page.url, ""), Database(settings)
    mouths = await asked(page, Questions(api), STORE, language)
    await api.close()
    said = {one["of"]: one for one in mouths.api["targets"]}
    assert said.keys() == TARGETS.keys()
    assert {one["met"] for one in said.values()} == {True, False}
    assert {one["of"]: (one["met"], one["sure"]) for one in mouths.agent["targets"]} == {
        of: (one["met"], one["sure"]) for of, one in said.items()
    }
    (health,) = await read_health(database, [STORE], False, present_ms, (SpanLength.MONTH,))
    known, _ = await known_stores(database, config, [store], SpanLength.MONTH, present_ms)
    await database.close()
    wording = EvaluationReader(language)
    lines = {of: say_target(of, one, wording) for of, one in health.targets.items()}
    for of, one in health.targets.items():
        assert (one.value, one.target, one.is_met, one.is_sure) == tuple(
            said[of][key] for key in ("value", "target", "met", "sure")
        )
    assert lines.keys() == TARGETS.keys()
    html = (await asyncio.to_thread(page.get, f"/stores/{STORE}/evaluation?period=month&against=own&lang={language}")).text  # fmt: skip
    report = store_report(known[0], language).page
    for line in lines.values():
        assert line in unescape(html)
        assert line in unescape(report)
    drawn = _grafana_targets(clickhouse.read_client(name), language, present_ms)
    outcome = {of: ("met" if one.is_met else "missed") + ("" if one.is_sure else "_unsure") for of, one in health.targets.items()}  # fmt: skip
    newest = await read_health(again := Database(settings), [STORE], False, present_ms)
    await again.close()
    assert await assert_mail_and_table_agree(page, newest, language) == 1
    assert drawn == {
        reading_name(of, language): (
            say_number(one.value, one.kind, unit_of(of), wording),
            say_number(one.target, one.kind, unit_of(of), wording),
            TARGET_OUTCOMES[outcome[of]](language),
        )
        for of, one in health.targets.items()
    }
    empty_tables(clickhouse, name)


def _grafana_targets(client: Any, language: Tongue, present_ms: int) -> dict[str, tuple[str, str, str]]:
    """By name: value, target and whether it was met, of the lines of Grafana's table that have a target."""
    (query,) = (one for one in clickhouse_queries() if (one.dashboard, one.title) == ("evaluation", "Indicators 指标"))  # fmt: skip
    chosen = {**choices(1, language=language), "length": Choice(["month"]), "store": Choice([STORE])}
    to_s = present_ms // 1000
    rows = client.query(Asked(to_s - 62 * 86_400, to_s, chosen).expanded(query.sql)).named_results()
    return {
        row["indicator_name"]: (row["figure"], row["goal"], row["goal_reached"])
        for row in rows
        if row["goal"]
    }


@pytest.mark.long
async def test_mouths_say_the_same_of_many_stores(
    clickhouse: Store, tmp_path: Path, serve_page: Callable[..., RunningPage]
) -> None:
    """Each store with a past of its own: page, API, agents, command, report and the views of Grafana, by month and by week."""
    present_ms = time.time_ns() // 1_000_000
    settings = page_settings(
        clickhouse, tmp_path, clickhouse_database=f"funnelwatch_mouths_{uuid.uuid4().hex[:8]}"
    )
    make_tables(clickhouse, settings.clickhouse_database)
    client = clickhouse.client(settings.clickhouse_database)
    template = next(store for store in CONFIG.stores if store.id == STORE)
    stores = [template.model_copy(update={"id": f"store-{place:02}"}) for place in range(MANY)]
    for place, store in enumerate(stores):
        insert_year(client, present_ms, store.id, back=5 + place % 5, seed=100 + place)
    config = Config(stores=tuple(stores))
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, once(settings, config, present_ms)).result()
    page = serve_page(settings, config)
    api, reading = ReadApi(page.url, ""), clickhouse.read_client(settings.clickhouse_database)
    questions, count = Questions(api), 0
    for store in stores:
        for language in LANGUAGES:
            for period in ("month", "week"):
                mouths = await asked(page, questions, store.id, language, period)
                count += await assert_one_truth(mouths, questions, store.id, language, period)
                assert_views_agree(reading, mouths.api, store.id, period)
                await assert_report_agrees(settings, config, store, mouths, language, period)
            words = [
                "ask",
                "evaluation",
                f"store={store.id}",
                "period=month",
                "against=own",
                f"language={language}",
            ]
            command = await asyncio.to_thread(
                partial(
                    CliRunner().invoke, app, [*words, "--json", "--page", page.url, "--data", str(tmp_path)]
                )
            )
            said = await answered(
                questions.evaluation, store=store.id, period="month", against="own", language=language
            )
            assert json.loads(command.output) == said
    database = Database(settings)
    healths = await read_health(database, [store.id for store in stores], False, present_ms)
    await database.close()
    for language in LANGUAGES:
        count += await assert_mail_and_table_agree(page, healths, language)
    await api.close()
    empty_tables(clickhouse, settings.clickhouse_database)
    print(f"{count} questions of {len(stores)} stores, 0 differences")


async def assert_mail_and_table_agree(
    page: RunningPage, healths: Sequence[StoreHealth], language: Tongue
) -> int:
    """The mail's line of health, the table of stores on the page and by API: health, days, change and missed targets of each store."""
    html = (await asyncio.to_thread(page.get, f"/evaluation?lang={language}")).text
    table, by_api = rows_of_page(html), {one["store_id"]: one for one in (await asyncio.to_thread(page.json, "/evaluations"))["stores"]}  # fmt: skip
    stores = tuple(DigestStore(one.store_id, one.store_id) for one in healths)
    facts = DigestFacts(0, 1, 1, stores, health=tuple(healths))
    mail = {line.title.split("：" if language == "zh" else ":")[0]: line for line in say_health(facts, context(facts, language))}  # fmt: skip
    assert mail.keys() == {one.store_id for one in healths} != set()
    for one in healths:
        said, cells, line = by_api[one.store_id], " ".join(table[one.store_id]), mail[one.store_id]
        assert (said["first"], said["last"], said["against"]) == (
            one.now.first.isoformat(),
            one.now.last.isoformat(),
            one.comparator,
        )
        assert said["coverage"] == one.now.coverage
        wording = ReaderWording(language)
        assert wording.day(one.now.first) in line.title
        assert wording.day(one.now.first) in cells
        if said["health"] is None:
            assert wording.percent(said["coverage"]) in line.title
        else:
            assert score_text(said["health"], language) in line.title
            assert score_text(said["health"], language) in cells
            assert line.lines[0] in cells
    return len(healths)


async def assert_report_agrees(
    settings: Settings, config: Config, store: StoreConfig, mouths: Mouths, language: Tongue, period: Length
) -> None:
    """The report says what the page says, line by line."""
    database = Database(settings)
    known, _ = await known_stores(database, config, [store], SpanLength(period), time.time_ns() // 1_000_000)
    await database.close()
    html = store_report(known[0], language).page
    text = {
        " ".join(unescape(re.sub(r"<[^>]+>", " ", one)).split())
        for one in re.findall(r"<td[^>]*>(.*?)</td>", html, re.DOTALL)
    }
    scored = {one["id"] for part in ("dimensions", "indicators") for one in mouths.api[part]}
    scored |= {STEP + one["step"] for one in mouths.api["steps"]}
    for cells in (cells for of, cells in mouths.page.items() if of in scored):
        name, score = cells[0], next(one for one in cells[1:] if one)
        assert name in text, (name, sorted(text))
        assert any(one.startswith(score[:12]) for one in text), (name, score)
