"""The role on a real broker, a real mail server and the real engine: one mail a subscriber and day, whatever happens."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from scoring.alerts.actions import HumanActionKind
from streams.clock import now_ms
from streams.config.loading import load_config
from streams.config.model import Config
from streams.digests.composing import UNSUBSCRIBE
from streams.digests.role import ROLE
from streams.digests.sending import SENT, Digests
from streams.incidents.action_log import new_action, publish_action
from streams.incidents.links import Link, sign
from streams.incidents.send_log import SendLog, SendRecord
from streams.kafka.admin import create_topics
from streams.settings import Settings
from tests.deadlines import within
from tests.fixtures.clickhouse import Databases, Store
from tests.fixtures.forking import start_python
from tests.fixtures.mailbox import Inbox
from tests.streams.channels.hook import until


@pytest.fixture(scope="module")
def database(clickhouse: Store, databases: Databases) -> Iterator[str]:
    with databases.lent(clickhouse) as name:
        yield name


#: in the place of what a test does not use
NotAsked: Any = None
Start = Callable[[], Any]


@pytest.fixture
async def start(
    kafka: str, clickhouse: Store, database: str, smtp: tuple[Inbox, str], tmp_path: Path
) -> Start:
    """Start a digests process for this test's subscriber, who was there the day before and whose hour was forty minutes ago."""
    await create_topics(kafka, partitions=2)
    due = datetime.now(UTC) - timedelta(minutes=40)
    name = tmp_path.name.replace("_", "-").strip("-")
    (tmp_path / "funnelwatch.yaml").write_text(
        "stores: [{id: us-shop, name: US shop}]\n"
        f"digests: [{{name: s-{name}, to: [{name}@shop.example], zone: UTC, hour: '{due:%H:%M}', language: en}}]\n"
    )
    settings = Settings(data=tmp_path, kafka=kafka, group_prefix=f"t{tmp_path.name}")
    yesterday_ms = now_ms() - 24 * 3_600_000
    await write_down(settings, f"s-{name}", SendRecord(yesterday_ms, thread="yesterday", settled=SENT))
    environment = {
        **os.environ,
        "FUNNELWATCH_DATA": str(tmp_path),
        "FUNNELWATCH_KAFKA": kafka,
        "FUNNELWATCH_GROUP_PREFIX": f"t{tmp_path.name}",
        "FUNNELWATCH_SESSION_TIMEOUT_S": "6",
        "FUNNELWATCH_CLICKHOUSE_URL": clickhouse.url,
        "FUNNELWATCH_CLICKHOUSE_DATABASE": database,
        "FUNNELWATCH_CLICKHOUSE_READER_PASSWORD": clickhouse.reader_password,
        "FUNNELWATCH_SMTP_URL": smtp[1],
        "FUNNELWATCH_LOG_FORMAT": "json",
    }
    script = (
        "import asyncio; from streams.settings import load_settings; from streams.config.loading import load_config;"
        "from streams.roles import until_stopped;"
        "from streams.instance.files import StateReport; from streams.digests.role import ROLE, run; s = load_settings();"
        "config = load_config(s.data / 'funnelwatch.yaml'); report = StateReport(s.data, ROLE);"
        "asyncio.run(until_stopped(run(s, config, report), lambda: report.is_stopping))"
    )

    @contextmanager
    def begin() -> Iterator[subprocess.Popen[bytes]]:
        process = start_python("-c", script, env=environment)
        try:
            yield process
        finally:
            process.kill()
            process.wait(within(60))

    return begin


async def write_down(settings: Settings, subscriber: str, record: SendRecord) -> None:
    log = SendLog(settings, ROLE)
    try:
        await log.take_over(0)
        await log.write(subscriber, record)
    finally:
        await log.close()


async def test_a_new_subscriber_gets_no_mail_of_the_days_before(kafka: str, tmp_path: Path) -> None:
    await create_topics(kafka, partitions=2)
    settings = Settings(data=tmp_path, kafka=kafka, group_prefix=f"t{tmp_path.name}")
    config = Config.model_validate(
        {"digests": [{"name": "new", "to": ["new@shop.example"], "hour": "09:00"}]}
    )
    installed_ms = round(datetime(2026, 3, 5, 15, tzinfo=UTC).timestamp() * 1000)
    clock = [installed_ms]
    log = SendLog(settings, ROLE)
    try:
        await log.take_over(0)
        digests = Digests(settings, config, log, NotAsked, NotAsked, lambda: clock[0])
        assert len(digests.waiting()) == 1  # due six hours ago, of a day on which nothing was installed
        await digests.begin()
        assert digests.waiting() == []
        clock[0] += 18 * 3_600_000
        await digests.begin()
        ((_, when),) = digests.waiting()
        assert when.day.isoformat() == "2026-03-06"
    finally:
        await log.close()


def state(folder: Path) -> str:
    try:
        return (folder / "run" / "digests.json").read_text()
    except FileNotFoundError:
        return ""


async def test_three_processes_send_one_mail_that_says_it_is_late(
    start: Start, smtp: tuple[Inbox, str], tmp_path: Path
) -> None:
    inbox, _ = smtp
    with ExitStack() as running:
        processes = [running.enter_context(start()) for _ in range(3)]
        await until(lambda: len(inbox.mails) > 0, 60)
        await until(lambda: "leading; next: " in state(tmp_path))
        # the last one left takes over and finds the day settled
        for process in processes[:2]:
            process.send_signal(signal.SIGINT)
            process.wait(within(60))
        (tmp_path / "run" / "digests.json").unlink(missing_ok=True)
        await until(
            lambda: f'"pid":{processes[2].pid}' in state(tmp_path) and "leading; next" in state(tmp_path)
        )
    (mail,) = inbox.mails
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "Due at " in plain.get_content()
    assert "not enough data" in mail["Subject"]


async def test_who_left_by_the_link_in_a_mail_gets_no_more_and_can_come_back(
    start: Start, smtp: tuple[Inbox, str], tmp_path: Path, kafka: str, serve_page: Callable[[Settings], Any]
) -> None:
    inbox, _ = smtp
    settings = Settings(
        data=tmp_path, kafka=kafka, group_prefix=f"t{tmp_path.name}", link_key=SecretStr("key of this test")
    )
    whom = load_config(tmp_path / "funnelwatch.yaml").digests[0]
    link = Link("", UNSUBSCRIBE, whom.name, now_ms() + 60_000)
    page = serve_page(settings)
    address = f"/unsubscribe/{sign(link, 'key of this test')}"
    assert (
        httpx.post(f"{page.url}/unsubscribe/{sign(link, 'another key')}", timeout=within(5)).status_code
        == 404
    )
    asked = page.get(address)
    comes_back = 'value="subscribe"'
    assert (asked.status_code, whom.name in asked.text, comes_back in asked.text) == (200, True, False)
    done = httpx.post(page.url + address, data={"List-Unsubscribe": "One-Click"}, timeout=within(20))
    assert (done.status_code, whom.name in done.text, comes_back in done.text) == (200, True, True)
    with start():
        await until(lambda: "leading; next: " in state(tmp_path), 60)
        assert inbox.mails == []
        action = new_action(HumanActionKind.SUBSCRIBE, now_ms(), "li", "command", assignee=whom.name)
        await publish_action(settings, action)
        await until(lambda: len(inbox.mails) == 1)


async def test_an_unreachable_mail_server_gets_the_mail_when_it_is_back(
    start: Start, smtp: tuple[Inbox, str], tmp_path: Path
) -> None:
    inbox, _ = smtp
    inbox.answer = "451 come back later"
    with start() as first:
        await until(lambda: inbox.rejected > 0, 60)
        first.kill()
        first.wait()
    inbox.answer = ""
    with start():
        await until(lambda: len(inbox.mails) > 0, 60)
        await until(lambda: "leading; next: " in state(tmp_path))
    assert len(inbox.mails) == 1
