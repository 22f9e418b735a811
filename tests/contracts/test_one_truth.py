"""One truth in six mouths: page, API, agents' server, command line, mail and Grafana say the same of the same store and day.

Asked is of three stores how many events each stage had on one whole day, in Chinese and English: number, unit, window and definition.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from babel.numbers import format_decimal
from typer.testing import CliRunner

from deploy.grafana.live_queries import NUMBERS
from scoring.digest.schedule import Occurrence, occurrence_now
from scoring.digest.texts import NOT_SUPPLIED
from scoring.funnel.stages import STAGES
from streams.agents.api import ReadApi
from streams.agents.questions import Questions, answered
from streams.cli.main import app
from streams.config.subscribers import SubscriberConfig
from streams.digests.composing import DigestComposer
from streams.incidents.reader import LOCALES, ReaderWording
from tests.contracts.grafana_queries import Asked, Choice, choices
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage, page_settings
from tests.fixtures.web_seed import CONFIG

ASKED_OF = ("us-own", "cn-taobao", "jp-amazon")
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Said:
    """What one of the six said of one stage: its name, and its number as it writes one; None: not supplied."""

    unit: str
    number: str | None


def zone_after_midnight(now_ms: int) -> str:
    """A zone in which the day began 15 to 75 minutes ago: the seeded 26 hours hold all of the day before, scored to its end."""
    hour = datetime.fromtimestamp((now_ms - 15 * 60_000) / 1000, UTC).hour
    return f"Etc/GMT+{hour}" if hour <= 12 else f"Etc/GMT-{24 - hour}"


@pytest.fixture(scope="module")
def day(page: RunningPage) -> Occurrence:
    return occurrence_now(subscriber("us-own", "en", zone_after_midnight(page.now_ms)).schedule, page.now_ms)


def subscriber(store: str, language: str, zone: str) -> SubscriberConfig:
    return SubscriberConfig.model_validate(
        {"name": "six", "to": ("six@example.com",), "zone": zone, "language": language, "stores": (store,)}
    )


@pytest.fixture
async def questions(page: RunningPage) -> AsyncIterator[Questions]:
    api = ReadApi(page.url, "")
    yield Questions(api)
    await api.close()


def at_text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_page(page: RunningPage, store: str, language: str, when: Occurrence) -> tuple[str, list[Said]]:
    """The window in words, and the stages, of the overview with the store chosen."""
    at = at_text(when.to_ms - 60_000)
    html = page.get(f"/?store={store}&window=1440&at={at}&lang={language}&tz=UTC").text
    found = re.findall(
        r'<li class="stage[^>]*>.*?class="name">(.*?)</span>.*?class="num">(?:<span[^>]*>(.*?)</span>|<b>(.*?)</b>)',
        html,
        re.DOTALL,
    )
    window = re.search(r'id="h-funnel">.*?<p class="hint">(.*?)</p>', html, re.DOTALL)
    assert window is not None
    return " ".join(unescape(window[1]).split()), [
        Said(unescape(name), number or None) for name, _, number in found
    ]


async def from_mail(
    composer: DigestComposer, store: str, language: str, when: Occurrence, now_ms: int
) -> list[Said]:
    whom = subscriber(store, language, zone_after_midnight(now_ms))
    laid = (await composer.compose(whom, when, now_ms)).laid
    missing = NOT_SUPPLIED(language)  # type: ignore[arg-type]
    said = [Said(one.name, None if one.count == missing else one.count) for one in laid.said.stages]
    for one in laid.said.stages:  # and so it is in the text of the mail itself
        assert f"{one.name}: {one.count}" in laid.text
    return said


def from_grafana(client: Any, store: str, language: str, when: Occurrence) -> dict[str, int]:
    chosen = {**choices(2, language=language), "store": Choice([store], (store,))}
    chosen |= {"platform": Choice(["$__all"], ("other",)), "country": Choice(["$__all"], ("—",))}
    asked = Asked(when.from_ms // 1000, when.to_ms // 1000 - 1, chosen)
    rows = client.query(asked.expanded(NUMBERS)).named_results()
    return {row["stage_name"]: int(row["observed"]) for row in rows}


def exact(value: int, language: str) -> str:
    return str(format_decimal(value, locale=LOCALES[language]))  # type: ignore[index]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("store", ASKED_OF)
async def test_six_mouths_say_the_same_of_a_day(
    page: RunningPage,
    clickhouse: Store,
    day: Occurrence,
    questions: Questions,
    tmp_path: Path,
    store: str,
    language: str,
) -> None:
    at = at_text(day.to_ms - 60_000)
    api = await asyncio.to_thread(page.json, f"/stores/{store}/funnel?window=1440&at={at}")
    agent = await answered(questions.funnel, store=store, window=1440, at=at, language=language)
    words = ["ask", "funnel", f"store={store}", "window=1440", f"at={at}", f"language={language}", "--json"]
    command = await asyncio.to_thread(
        partial(CliRunner().invoke, app, [*words, "--page", page.url, "--data", str(tmp_path)])
    )
    shown_window, shown = await asyncio.to_thread(from_page, page, store, language, day)
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE)
    composer = DigestComposer(settings, CONFIG)
    mailed = await from_mail(composer, store, language, day, page.now_ms)
    await composer.close()
    drawn = from_grafana(clickhouse.read_client(PAGE_DATABASE), store, language, day)
    names = [(await questions.definition(stage.value, language))["name"] for stage in STAGES]  # type: ignore[arg-type]

    # the window: a whole day, in all of them
    assert (api["from_ms"], api["to_ms"]) == (day.from_ms, day.to_ms)
    assert (agent["window"]["from"], agent["window"]["to"]) == (at_text(day.from_ms), at_text(day.to_ms))
    assert command.exit_code == 0, (command.output, command.exception)
    assert json.loads(command.output) == agent
    # the numbers with their units, in the words of each
    counts = [one["count"] for one in api["stages"]]
    assert sum(count or 0 for count in counts) > 1000
    assert [_plain(one["count"]) for one in agent["stages"]] == counts
    assert shown == [
        Said(name, None if count is None else exact(count, language))
        for name, count in zip(names, counts, strict=True)
    ]
    short = ReaderWording(language)  # type: ignore[arg-type]
    # what no source supplies has no line in a mail
    lines = {one.unit for one in mailed}
    assert {name for name, count in zip(names, counts, strict=True) if count} <= lines
    assert mailed == [
        Said(name, short.count(count) if count else None)
        for name, count in zip(names, counts, strict=True)
        if name in lines
    ]
    assert drawn == {name: count for name, count in zip(names, counts, strict=True) if count}
    assert re.search(r"\d", shown_window)


def _plain(number: Any) -> int | None:
    if isinstance(number, dict):
        return 0 if number["status"] == "zero" else None
    return int(number)


def test_there_is_a_day_that_the_seeded_rows_hold_whole() -> None:
    midnight_ms = time.time_ns() // 86_400_000_000_000 * 86_400_000
    for minute in range(0, 24 * 60, 7):
        at_ms = midnight_ms + minute * 60_000 + 45_000
        when = occurrence_now(subscriber("a", "en", zone_after_midnight(at_ms)).schedule, at_ms)
        assert 15 * 60_000 <= at_ms - when.to_ms < 75 * 60_000
        assert when.to_ms - when.from_ms == 86_400_000
