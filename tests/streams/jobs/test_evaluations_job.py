"""The evaluation job over the real engine: the views say what the page says, and only what changed is evaluated again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.spans import SpanLength
from streams.clickhouse.reader import Database
from streams.config.model import Config, StoreConfig
from streams.evaluation.knowing import known_store
from streams.jobs.evaluations import once
from streams.settings import Settings, load_settings
from tests.fixtures.evaluation_seed import ZONE, insert_year, months
from tests.fixtures.report_seed import COLUMNS, report_row

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
#: six that are alike, and one that is alone
STORES = [f"alike-{number}" for number in range(6)]
CONFIG = Config(
    stores=(
        *(StoreConfig(id=one, zone=ZONE, platform="lazada", country="TH", ship_within_days=2) for one in STORES),
        StoreConfig(id="alone", zone=ZONE, platform="shopify", country="DE"),
    )
)  # fmt: skip


@pytest.fixture
async def settings(clickhouse: Any, ready_database: str) -> Settings:
    made = load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_reader_password=SecretStr(clickhouse.reader_password),
        clickhouse_database=ready_database,
    )
    client = clickhouse.client(ready_database)
    for number, store in enumerate([*STORES, "alone"]):
        insert_year(client, NOW_MS, store, seed=60 + number, back=6)
    return made


@pytest.mark.slow
async def test_views_say_what_the_page_says_and_what_did_not_change_is_left_alone(
    settings: Settings, clickhouse: Any
) -> None:
    client = clickhouse.client(settings.clickhouse_database)
    assert await once(settings, CONFIG, NOW_MS) > 7 * 13
    database = Database(settings, timeout_s=60)
    try:
        for store in (STORES[3], "alone"):
            known = await known_store(
                database, CONFIG, CONFIG.store(store) or pytest.fail(store), SpanLength.MONTH, NOW_MS
            )
            assert known is not None
            _same(client, store, known.evaluation)
    finally:
        await database.close()
    assert await once(settings, CONFIG, NOW_MS) == 0
    _restate(client)
    assert {row[0] for row in _evaluated_again(client, await once(settings, CONFIG, NOW_MS))} == {"alone"}
    _release(client)
    assert {row[0] for row in _evaluated_again(client, await once(settings, CONFIG, NOW_MS))} == {"alone"}


def _release(client: Any) -> None:
    """A release was marked in the last month: what was found then was not evaluated again with it."""
    start = datetime.fromtimestamp(months(NOW_MS)[0].start_ms / 1000, UTC)
    names = ["store_id", "kind", "object", "since", "source", "told_at", "digest"]
    row = ["alone", "release", "theme 4.2", start + timedelta(days=9), "people", NOW, 7]
    client.insert("signal_versions_raw", [row], column_names=names)


def _same(client: Any, store: str, evaluation: Any) -> None:
    start = datetime.fromtimestamp(evaluation.span.start_ms / 1000, UTC).replace(tzinfo=None)
    rows = client.query(
        "SELECT kind, name, comparator, score, low, high, coverage, reason FROM evaluations "
        "WHERE store_id = {store:String} AND period = 'month' AND period_start = {start:DateTime}",
        parameters={"store": store, "start": start},
    ).result_rows
    found = {(kind, name, comparator): tuple(rest) for kind, name, comparator, *rest in rows}
    kinds = (ComparatorKind.OWN, ComparatorKind.PEERS)
    expected: dict[tuple[str, str, str], tuple[Any, ...]] = {}
    for kind in kinds:
        for part, what in (*((one, "dimension") for one in evaluation.dimensions[kind]), (evaluation.health[kind], "health")):  # fmt: skip
            expected[what, part.id, kind.value] = (*_score(part.score), part.coverage, part.lack.reason.value if part.lack else "")  # fmt: skip
        for one in evaluation.indicators:
            lack = one.lacks.get(kind)
            expected["indicator", one.indicator.id, kind.value] = (*_score(one.scores.get(kind)), None, lack.reason.value if lack else "")  # fmt: skip
        for step in evaluation.funnel[kind].steps:
            expected["step", step.step, kind.value] = (*_score(step.score), None, step.lack.reason.value if step.lack else "")  # fmt: skip
    assert found == expected
    shown = "SELECT DISTINCT comparator FROM evaluations WHERE is_headline AND period = 'month' AND store_id = {store:String} AND period_start = {start:DateTime}"
    first = client.query(shown, parameters={"store": store, "start": start}).result_rows
    assert first == [((evaluation.headline or ComparatorKind.OWN).value,)]
    assert any(kind == "indicator" and rest[0] is not None for (kind, _, _), rest in found.items())
    values = dict(
        client.query(
            "SELECT name, value FROM indicators WHERE store_id = {store:String} AND period = 'month' AND period_start = {start:DateTime}",
            parameters={"store": store, "start": start},
        ).result_rows
    )
    for one in evaluation.indicators:
        assert values[one.indicator.id] == (one.figure.value if one.figure else None)


def _score(score: Any) -> tuple[float | None, ...]:
    return (None, None, None) if score is None else (score.value, score.low, score.high)


def _restate(client: Any) -> None:
    """One day of the last month is reported again, and a day after the newest complete period for everybody else."""
    day = datetime.fromtimestamp(months(NOW_MS)[0].start_ms / 1000, UTC)
    again = report_row("clicks", day, "1", source="meta", store="alone", delay=timedelta(days=20))
    late = report_row("clicks", NOW - timedelta(hours=2), "5", source="meta", store=STORES[0])
    client.insert("report_versions_raw", [again, late], column_names=COLUMNS)


def _evaluated_again(client: Any, written: int) -> list[tuple[str]]:
    assert written > 0
    newest = "(SELECT max(evaluated_at) FROM evaluations)"
    rows: list[tuple[str]] = client.query(
        f"SELECT DISTINCT store_id FROM evaluations WHERE evaluated_at = {newest}"
    ).result_rows
    return rows


async def test_every_finding_and_the_advice_of_what_was_found_has_a_row(
    settings: Settings, clickhouse: Any
) -> None:
    client = clickhouse.client(settings.clickhouse_database)
    await once(settings, Config(stores=(CONFIG.stores[-1],)), NOW_MS)
    standings = {row[0] for row in client.query("SELECT DISTINCT standing FROM findings").result_rows}
    assert standings <= {"found", "replaced", "not_enough", "absent"}
    per_period = client.query(
        "SELECT uniqExact(number) FROM (SELECT count() AS number FROM findings GROUP BY period, period_start)"
    ).result_rows
    assert per_period == [(1,)]
    orphans = client.query(
        "SELECT count() FROM advice WHERE (period, period_start, rule) NOT IN "
        "(SELECT period, period_start, rule FROM findings WHERE standing = 'found')"
    ).result_rows
    assert orphans == [(0,)]
