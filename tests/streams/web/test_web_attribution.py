"""Where a store's orders came from: the same numbers on the page, by API, to agents, in the view and in a report, each with its rows."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scoring.evaluation.attribution.texts import ATTRIBUTION_NOTES, CHANNEL_NAMES
from scoring.evaluation.spans import SpanLength, last_spans
from streams.agents.api import ReadApi
from streams.agents.questions import Questions
from streams.cli import report, report_check
from streams.cli.main import app
from streams.config.model import Config
from streams.jobs import evaluations
from tests.fixtures.clickhouse import Store
from tests.fixtures.evaluation_seed import STORE, ZONE
from tests.fixtures.journeys_seed import ad_rows, insert_journeys, journeys_of
from tests.fixtures.page import PAGE_DATABASE, RunningPage, page_settings

PERIOD = "period=month"
ADS = {
    "spring_sale": ("60.00", "3", "190.10"),
    "brand": ("10.01", "1", "33.30"),
    "untagged": ("5.00", "0", "0"),
}


@pytest.fixture(scope="module")
def seeded(page: RunningPage, clickhouse: Store) -> RunningPage:
    span = last_spans(page.now_ms, ZONE, SpanLength.MONTH, 1)[0]
    insert_journeys(
        clickhouse.client(PAGE_DATABASE), journeys_of(span, STORE, 700, 3), ad_rows(span, STORE, ADS)
    )
    return page


@pytest.fixture(scope="module")
def answer(seeded: RunningPage) -> dict[str, Any]:
    found = seeded.get(f"/api/v1/stores/{STORE}/attribution?{PERIOD}")
    assert found.status_code == 200, found.text
    return found.json()  # type: ignore[no-any-return]


def lines(answer: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    name = "campaign" if kind == "campaign" else "channel"
    return {
        one[name]: one
        for one in answer["lines"]
        if one["kind"] == kind and one["channel"] in ("paid", one[name])
    }


def test_orders_and_money_of_channels_add_up_to_the_cent(answer: dict[str, Any]) -> None:
    credits_ = [
        {one["model"]: one for one in line["credits"]}
        for line in answer["lines"]
        if line["kind"] == "channel"
    ]
    for model in ("last", "linear", "position"):
        some = [one[model] for one in credits_ if model in one]
        assert sum(Decimal(one["orders"]) for one in some) == answer["known"]
        assert sum(Decimal(one["money"]) for one in some) == Decimal(answer["known_money"])
    assert answer["known"] < answer["orders"]
    assert answer["withheld"] == {"markov": "below_floor", "shapley": "below_floor"}
    assert (answer["currency"], answer["base"]["into"], answer["base"]["day"] > "2026") == (
        "EUR",
        "USD",
        True,
    )


def test_spend_is_held_against_the_shop_s_orders_and_next_to_what_is_claimed(answer: dict[str, Any]) -> None:
    paid, spring = lines(answer, "channel")["paid"], lines(answer, "campaign")["Spring Sale"]
    days = round((answer["to_ms"] - answer["from_ms"]) / 86_400_000)
    assert Decimal(paid["spend"]) == Decimal("75.01") * days
    assert paid["cost_per_order"]["value"] == pytest.approx(float(paid["spend"]) / paid["orders_of_spend"])
    assert (
        spring["cost_per_order"]["low"] < spring["cost_per_order"]["value"] < spring["cost_per_order"]["high"]
    )
    assert spring["claimed_roas"] == pytest.approx(190.10 / 60)
    assert Decimal(spring["claimed_orders"]) == 3 * days
    assert lines(answer, "campaign")["untagged"]["reasons"]["cost_per_order"] == "no_tag"


def test_the_page_says_the_same_in_both_languages(seeded: RunningPage, answer: dict[str, Any]) -> None:
    paid = lines(answer, "channel")["paid"]
    for language in ("zh", "en"):
        html = seeded.get(f"/stores/{STORE}/evaluation?{PERIOD}&lang={language}").text
        section = html[html.index('aria-labelledby="h-attribution"') :]
        assert CHANNEL_NAMES["paid"](language) in section
        assert ATTRIBUTION_NOTES[2](language)[:20] in section
        assert f"{paid['roas']['value']:.2f} (" in section
        assert re.search(r"evaluation/rows\?of=attribution%3Aorders%7Cpaid%7C%7C&amp;period=month", section)


def test_a_number_leads_to_its_orders_and_to_the_rows_of_its_spend(
    seeded: RunningPage, answer: dict[str, Any]
) -> None:
    for row in lines(answer, "channel")["paid"]["rows"]:
        found = seeded.get(
            f"/api/v1/stores/{STORE}/evaluation/rows",
            params={"of": row["of"], "period": "month", "limit": 500},
        ).json()
        assert len(found["rows"]) == row["count"], row
    shown = seeded.get(
        f"/stores/{STORE}/evaluation/rows", params={"of": row["of"], "period": "month", "lang": "en"}
    )
    assert (shown.status_code, "Paid ads" in shown.text) == (200, True)
    missing = seeded.get(
        f"/api/v1/stores/{STORE}/evaluation/rows?of=attribution:orders%7Cnone%7C%7C&{PERIOD}"
    )
    assert missing.status_code == 404


def test_a_store_without_orders_says_so(seeded: RunningPage) -> None:
    found = seeded.get("/api/v1/stores/nowhere/attribution")
    assert found.status_code == 404


async def test_agents_get_the_page_s_numbers_and_why_others_are_missing(
    seeded: RunningPage, answer: dict[str, Any]
) -> None:
    api = ReadApi(seeded.url, "")
    try:
        found = await Questions(api).attribution(STORE, "month")
        withheld = await Questions(api).attribution(STORE, "month", "markov")
    finally:
        await api.close()
    paid = next(one for one in found["lines"] if one["kind"] == "channel" and one["channel"] == "⟦paid⟧")
    wanted = lines(answer, "channel")["paid"]
    assert paid["roas"]["value"] == pytest.approx(wanted["roas"]["value"], rel=1e-5)
    assert paid["orders"] == float(next(one["orders"] for one in wanted["credits"] if one["model"] == "last"))
    assert (withheld["status"], withheld["orders_with_a_way"]) == ("not_yet", answer["recent_orders"])


async def test_the_view_and_a_checked_report_say_the_same(
    seeded: RunningPage,
    answer: dict[str, Any],
    clickhouse: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE)
    config = Config.model_validate({"stores": [{"id": STORE, "zone": ZONE}]})
    await evaluations.once(settings, config, seeded.now_ms)
    rows = (
        clickhouse.read_client(PAGE_DATABASE)
        .query(
            "SELECT channel, model, orders, money, roas FROM attribution WHERE kind = 'channel' AND period = 'month' AND orders IS NOT NULL"
        )
        .result_rows
    )
    wanted = {
        (line["channel"], one["model"]): (Decimal(one["orders"]), Decimal(one["money"]))
        for line in answer["lines"] if line["kind"] == "channel" for one in line["credits"]
    }  # fmt: skip
    assert {(channel, model): (orders, money) for channel, model, orders, money, _ in rows} == wanted
    assert [roas for channel, model, *_, roas in rows if (channel, model) == ("paid", "last")] == [
        lines(answer, "channel")["paid"]["roas"]["value"]
    ]


def test_a_report_holds_the_attribution_and_every_number_of_it_is_derived_again(
    seeded: RunningPage,
    answer: dict[str, Any],
    clickhouse: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE)
    config = Config.model_validate({"stores": [{"id": STORE, "zone": ZONE}]})
    monkeypatch.setattr(report, "running_instance", lambda _: settings)
    monkeypatch.setattr(report, "configuration", lambda _: config)
    monkeypatch.setattr(report_check, "running_instance", lambda _: settings)
    asked = ["report", "--store", STORE, "--period", "month", "--language", "en", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, [*asked, "--format", "html", "--format", "json"])
    assert done.exit_code == 0, done.output
    inputs = json.loads((tmp_path / f"{STORE}.json").read_text("utf-8"))
    assert inputs["attribution"] == answer
    page = tmp_path / f"{STORE}.html"
    assert CliRunner().invoke(app, ["report", "check", str(page)]).exit_code == 0
    changed = page.read_text("utf-8").replace("<td>untagged", "<td>tagged", 1)
    page.write_text(changed, "utf-8")
    again = CliRunner().invoke(app, ["report", "check", str(page)])
    assert (again.exit_code, "tagged" in again.output) == (1, True)
