"""A question that ClickHouse does not answer takes its own part of a page away, and no other; what it says of the database fits."""

from __future__ import annotations

import html
import re
import time

import pytest

from streams.incidents import present, trade
from streams.web.alerts import action_queries as actions
from streams.web.alerts import queries as alerts
from streams.web.cleaning import queries as cleaning
from streams.web.comparison import queries as comparison
from streams.web.dead_letters import queries as letters
from streams.web.grid import queries as grid
from streams.web.overview import pages as overview
from streams.web.reports import queries as reports
from streams.web.signals import queries as signals
from streams.web.status import queries as status
from streams.web.store import change_queries as changes
from streams.web.store import queries as store
from tests.deadlines import within
from tests.fixtures.page import RunningPage
from tests.fixtures.web_seed import ALERT

#: the real engine rejects it
UNANSWERED = "SELECT no_such_column FROM alerts"


def said(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2])).split())


@pytest.mark.parametrize(
    ("module", "query", "part", "part_zh"),
    [
        (trade, "AMOUNTS", "Today's figures", "今日数据"),
        (alerts, "ALERTS", "Alerts", "告警"),
        (letters, "REASONS", "Rejected events", "被拒数据"),
        (store, "COUNTS", "The chosen store", "所选店铺"),
        (status, "PULSE", "Data health", "数据状况"),
    ],
)
def test_one_unanswered_question_took_the_whole_overview_with_it(
    page: RunningPage, monkeypatch: pytest.MonkeyPatch, module: object, query: str, part: str, part_zh: str
) -> None:
    page.get("/?lang=en", headers={"Cookie": "funnelwatch_zone=Asia/Tokyo"})  # what others asked is shared
    monkeypatch.setattr(module, query, UNANSWERED)
    # a clock that nobody else looks by
    answer = page.get("/?lang=en&store=sg-shopee", headers={"Cookie": "funnelwatch_zone=Pacific/Apia"})
    text = said(answer.text)
    assert answer.status_code == 200
    assert f"Not read this time: {part}." in text
    assert "no_such_column" in text
    assert "US-独立站" in text
    assert "Data cannot be read right now" not in text
    assert "Database Slow" in text
    assert "No alert is firing" not in text
    chinese = said(page.get("/?lang=zh&store=sg-shopee", headers={"Cookie": "funnelwatch_zone=Pacific/Fiji"}).text)  # fmt: skip
    assert f"这次没有读到：{part_zh}。" in chinese


def test_a_database_that_gave_no_answer_was_called_normal(
    page: RunningPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Database Answering" in said(page.get("/?lang=en").text)
    monkeypatch.setattr(grid, "NEWEST_SCORES", UNANSWERED)
    text = said(page.get(f"/?lang=en&at={page.now_ms + 1000}").text)
    assert "Data cannot be read right now" in text
    assert "Database Slow" in text


@pytest.mark.parametrize(
    ("module", "query", "path", "part", "stays"),
    [
        (changes, "COUNTS", "/stores/us-own?hours=6", "Which step changed most", "Platform reports"),
        (changes, "_SQL", "/stores/us-own", "Cohorts", "Which step changed most"),
        (signals, "SIGNALS", "/stores/us-own", "Signals", "Which step changed most"),
        (reports, "FIGURES", "/stores/us-own", "Platform reports", "Which step changed most"),
        (cleaning, "COUNTS", "/stores/us-own", "Left out", "Which step changed most"),
        (comparison, "COUNTS", "/compare?hours=6", "Rate", "US-独立站"),
        (alerts, "RESPONSES", "/alerts?days=7", "Response", "US-独立站"),
        (present, "_PRESENT", "/alerts?days=7", "How things are now", "US-独立站"),
        (actions, "ACTIONS_OF", "/alerts?days=7", "Who is on it", "US-独立站"),
        (store, "STAGE_LINE", f"/alerts/{ALERT}", "The chart", "Check first"),
        (alerts, "TRANSITIONS", f"/alerts/{ALERT}", "Timeline", "Check first"),
    ],
)
def test_one_unanswered_question_took_a_whole_page_with_it(
    page: RunningPage,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    query: str,
    path: str,
    part: str,
    stays: str,
) -> None:
    unanswered = dict.fromkeys(getattr(module, query), UNANSWERED) if query == "_SQL" else UNANSWERED
    monkeypatch.setattr(module, query, unanswered)
    # a moment that nobody else looks at: what others asked is shared
    at = (
        f"{'&' if '?' in path else '?'}at={page.now_ms - 3_700_000 * len(part)}"
        if path.startswith("/stores")
        else ""
    )
    deadline, text = time.monotonic() + within(20), ""
    while (
        "Not read this time" not in text and time.monotonic() < deadline
    ):  # what was asked a moment ago is shared
        answer = page.get(f"{path}{at}", headers={"Cookie": "funnelwatch_lang=en"})
        text = said(answer.text)
    assert answer.status_code == 200
    assert f"Not read this time: {part}." in text
    assert "no_such_column" in text
    assert stays in text


def test_what_nobody_could_read_is_not_offered_as_unclaimed(
    page: RunningPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 'action="/alerts/acknowledge"' in page.get("/alerts?lang=en").text
    monkeypatch.setattr(actions, "ACTIONS_OF", UNANSWERED)
    assert 'action="/alerts/acknowledge"' not in page.get("/alerts?lang=en").text


@pytest.mark.parametrize(("query", "wanted"), [("", "Alerts firing: "), (UNANSWERED, "Stores as expected: ")])
def test_nothing_was_off_while_an_alert_that_is_on_no_tile_fired(
    page: RunningPage, monkeypatch: pytest.MonkeyPatch, query: str, wanted: str
) -> None:
    monkeypatch.setattr(overview, "STATES", {**overview.STATES, "off": frozenset()})
    if query:
        monkeypatch.setattr(alerts, "ALERTS", query)
    zone = "Pacific/Niue" if query else "Pacific/Kiritimati"
    text = said(page.get("/?lang=en", headers={"Cookie": f"funnelwatch_zone={zone}"}).text)
    assert wanted in text
    assert "Nothing is off" not in text
