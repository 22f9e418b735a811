"""A question that ClickHouse does not answer takes its own part of the overview away, and no other; what it says of the database fits."""

from __future__ import annotations

import html
import re

import pytest

from streams.incidents import trade
from streams.web.alerts import queries as alerts
from streams.web.dead_letters import queries as letters
from streams.web.grid import queries as grid
from streams.web.status import queries as status
from streams.web.store import queries as store
from tests.fixtures.page import RunningPage

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
