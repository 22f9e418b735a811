"""Reports by mail on a real broker, mail server and store: once a period, the PDF attached, nothing of a period before it was asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from scoring.evaluation.schedule import due_report
from scoring.evaluation.spans import span_name
from streams.channels.mail import open_post
from streams.cli import report_mail
from streams.cli.main import app
from streams.config.model import Config
from streams.digests import reports as composing
from streams.digests.reports import ReportComposer, report_thread
from streams.digests.role import ROLE
from streams.digests.sending import SENT, Digests
from streams.incidents.send_log import SendLog, SendRecord
from streams.kafka.admin import create_topics
from streams.settings import Settings
from tests.fixtures.clickhouse import Store
from tests.fixtures.evaluation_seed import ZONE, insert_year, months
from tests.fixtures.mailbox import Inbox
from tests.fixtures.page import PAGE_DATABASE, RunningPage, page_settings

STORE = "mailed-store"
#: in the place of what a test does not use
NotAsked: Any = None


@pytest.fixture(scope="module")
def month_end(page: RunningPage, clickhouse: Store) -> int:
    insert_year(clickhouse.client(PAGE_DATABASE), page.now_ms, STORE, back=6, seed=91)
    return months(page.now_ms)[0].end_ms


def config_of(**report: Any) -> Config:
    asked = {"name": "board", "to": ["boss@shop.example"], "day": 3, "hour": "08:00", "zone": ZONE, **report}
    stores = [{"id": STORE, "name": "Mailed", "zone": ZONE}, {"id": "silent", "zone": ZONE}]
    return Config.model_validate({"stores": stores, "reports": [asked]})


@pytest.fixture
async def log(kafka: str, tmp_path: Path) -> AsyncIterator[SendLog]:
    await create_topics(kafka, partitions=2)
    log = SendLog(Settings(data=tmp_path, kafka=kafka, group_prefix=f"t{tmp_path.name}"), ROLE)
    await log.take_over(0)
    yield log
    await log.close()


async def test_a_report_goes_out_once_with_its_pdf(
    month_end: int,
    clickhouse: Store,
    log: SendLog,
    smtp: tuple[Inbox, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inbox, url = smtp
    monkeypatch.setattr(composing, "_printed", lambda page: b"%PDF of " + page[:15].encode())
    settings = page_settings(
        clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE, smtp_url=SecretStr(url), mail_from="fw@shop.example"
    )  # fmt: skip
    config = config_of()
    clock = [month_end + 3 * 86_400_000]
    due = due_report(config.reports[0].schedule, clock[0])
    assert due is not None
    await log.write(report_thread("board"), SendRecord(1, thread="2020-01-01/2020-01-31", settled=SENT))
    composer = ReportComposer(settings, config)
    digests = Digests(settings, config, log, NotAsked, open_post(settings), lambda: clock[0], composer)
    try:
        await digests.begin()
        inbox.answer = "451 try again later"
        assert await digests.turn() == 0
        inbox.answer = ""
        clock[0] += 3_600_000
        assert [await digests.turn() for _ in range(3)] == [1, 0, 0]
    finally:
        await composer.close()
    (mail,) = inbox.mails
    assert mail["Subject"] == f"Store evaluation · board · {span_name(due.span)}"
    body = mail.get_body(("plain",))
    assert body is not None
    said = body.get_content()
    assert "Mailed · Health: " in said
    assert "Loss: +" in said
    assert "silent: no complete period is known yet" in said
    (attached,) = mail.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == (
        "application/pdf",
        f"board-{span_name(due.span)[:10]}.pdf",
    )
    assert attached.get_content().startswith(b"%PDF of <!doctype")
    assert log.records[report_thread("board")].settled == SENT


async def test_a_new_report_begins_with_the_first_day_that_comes_after_it(
    month_end: int, log: SendLog, tmp_path: Path
) -> None:
    config = config_of(name="new-one")  # all tests share one send log
    clock = [month_end + 5 * 86_400_000]
    digests = Digests(Settings(data=tmp_path), config, log, NotAsked, NotAsked, lambda: clock[0], NotAsked)
    assert (
        len(composing.waiting_reports(config, log, clock[0])) == 1
    )  # due, of a month in which nobody had asked
    await digests.begin()
    assert composing.waiting_reports(config, log, clock[0]) == []
    clock[0] += 31 * 86_400_000
    await digests.begin()
    ((_, due),) = composing.waiting_reports(config, log, clock[0])
    assert due.span.start_ms == month_end


async def test_while_nothing_is_known_of_the_period_it_waits(
    month_end: int, clickhouse: Store, log: SendLog, tmp_path: Path
) -> None:
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE)
    config = config_of(name="silent-one", stores=["silent"])
    at_ms = month_end + 3 * 86_400_000
    await log.write(report_thread("silent-one"), SendRecord(1, thread="before", settled=SENT))
    composer = ReportComposer(settings, config)
    digests = Digests(settings, config, log, NotAsked, NotAsked, lambda: at_ms, composer)
    try:
        assert await digests.turn() == 0
    finally:
        await composer.close()
    record = log.records[report_thread("silent-one")]
    assert (record.settled, record.failures) == ("", 1)


def test_the_mail_is_previewed_and_the_schedule_shown(
    month_end: int, clickhouse: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE)
    monkeypatch.setattr(report_mail, "running_instance", lambda _: settings)
    monkeypatch.setattr(report_mail, "configuration", lambda _: config_of(stores=[STORE], language="zh"))
    monkeypatch.setattr(composing, "_printed", lambda page: None)
    done = CliRunner().invoke(app, ["report", "preview", "board", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "店铺评价 · Mailed · " in done.output
    assert {one.name for one in (tmp_path / "out").iterdir()} == {"board.eml", "board.html"}
    assert "没有能打印 PDF 的 Chromium" in done.output
    done = CliRunner().invoke(app, ["report", "preview", "nobody"])
    assert (done.exit_code, "unknown report 'nobody'; expected one of: board" in done.output) == (1, True)
    done = CliRunner().invoke(app, ["report", "schedule"])
    assert f"to boss@shop.example: {STORE}" in done.output
