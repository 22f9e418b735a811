"""Every role on Kafka with SASL over TLS and ClickHouse behind TLS: from the collector's door to the tables and the page."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.roles import ROLES
from tests.deadlines import within
from tests.e2e.instance import Instance
from tests.fixtures.clickhouse import Store
from tests.fixtures.secured_kafka import PASSWORD, USER, SecuredBroker, start_secured_broker
from tests.fixtures.tls_front import tls_front

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[SecuredBroker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    started = start_secured_broker(folder)
    yield started
    started.broker.stop()


@pytest.fixture
def instance(
    secured: SecuredBroker, clickhouse: Store, fresh_database: str, tmp_path: Path
) -> Iterator[Instance]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "funnelwatch.yaml").write_text("stores:\n  - {id: shop, platform: own_site, keys: ['env:KEY']}\n")
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    with tls_front(clickhouse.port, secured.certificates, wants_certificate=True) as port:
        made = Instance(
            data,
            ",".join(ROLES),
            KEY="key-of-the-shop",
            FUNNELWATCH_PARTITIONS="2",
            FUNNELWATCH_KAFKA=secured.sasl,
            FUNNELWATCH_KAFKA_SECURITY_PROTOCOL="SASL_SSL",
            FUNNELWATCH_KAFKA_USERNAME=USER,
            FUNNELWATCH_KAFKA_PASSWORD_FILE=str(password),
            FUNNELWATCH_KAFKA_CA=str(secured.certificates.authority),
            FUNNELWATCH_CLICKHOUSE_URL=f"https://127.0.0.1:{port}",
            FUNNELWATCH_CLICKHOUSE_PASSWORD=clickhouse.password,
            FUNNELWATCH_CLICKHOUSE_READER_PASSWORD=clickhouse.reader_password,
            FUNNELWATCH_CLICKHOUSE_DATABASE=fresh_database,
            FUNNELWATCH_CLICKHOUSE_CA=str(secured.certificates.authority),
            FUNNELWATCH_CLICKHOUSE_CLIENT_CERTIFICATE=str(secured.certificates.client),
        )
        made.options = ("--no-parts",)
        made.start()
        yield made
        made.stop()


def test_what_a_sender_is_acknowledged_reaches_tables_and_page_over_tls(instance: Instance) -> None:
    state = instance.status()
    assert set(state["processes"]) == set(ROLES)
    at_ms = time.time_ns() // 1_000_000
    events = [
        {"event_id": f"e{n}", "store_id": "shop", "type": "impression", "event_time_ms": at_ms}
        for n in range(20)
    ]
    request = urllib.request.Request(
        f"{state['addresses']['collector']}/v1/events",
        json.dumps(events).encode(),
        {"Authorization": "Bearer key-of-the-shop", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["accepted"] == 20
    deadline = time.monotonic() + within(60)
    count = ("sql", "SELECT sum(count) AS counted FROM stage_counts", "--json")
    while json.loads(answered := instance.command(*count)) != {"counted": 20}:
        assert time.monotonic() < deadline, answered
        time.sleep(0.2)
    with urllib.request.urlopen(f"{state['addresses']['page']}/api/v1/stores") as answer:
        assert answer.status == 200
    found = json.loads(instance.command("doctor", "--json", check=False))
    levels = {one["what"]: one["level"] for one in found if one["what"] in ("kafka", "clickhouse", "topics")}
    assert levels == {"kafka": "good", "clickhouse": "good"}
