"""ClickHouse is reached over TLS by the driver and without it, and what is wrong is said by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from streams.clickhouse.asking import ask
from streams.clickhouse.clients import open_reader_sync, open_writer, open_writer_sync
from streams.clickhouse.migrations import migrate
from streams.doctor.running import store as look_at_store
from streams.settings import Settings, load_settings
from tests.fixtures.clickhouse import Store
from tests.fixtures.secured_kafka import Certificates, make_certificates
from tests.fixtures.tls_front import tls_front

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Front:
    """The store behind TLS: ``port`` for everybody, ``strict_port`` for who shows a certificate."""

    store: Store
    port: int
    strict_port: int
    certificates: Certificates

    def settings(self, **more: Any) -> Settings:
        return load_settings(
            **{
                "clickhouse_url": f"https://127.0.0.1:{self.port}",
                "clickhouse_password": self.store.password,
                "clickhouse_reader_password": self.store.reader_password,
                "clickhouse_ca": self.certificates.authority,
                **more,
            }
        )


@pytest.fixture(scope="module")
def front(clickhouse: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    certificates = make_certificates(tmp_path_factory.mktemp("tls"))
    with (
        tls_front(clickhouse.port, certificates) as port,
        tls_front(clickhouse.port, certificates, wants_certificate=True) as strict,
    ):
        yield Front(clickhouse, port, strict, certificates)


async def test_tables_are_made_and_read_over_tls(front: Front, fresh_database: str) -> None:
    settings = front.settings(clickhouse_database=fresh_database)
    await migrate(settings)
    client = await open_writer(settings)
    assert (await client.query("SELECT count() FROM events_raw")).result_rows == [(0,)]
    await client.close()
    assert open_reader_sync(settings).query("SELECT count() FROM events").result_rows == [(0,)]
    assert b"".join(ask(settings, "SELECT count() FROM events", "TSV")) == b"0\n"


def test_a_certificate_is_shown_where_one_is_asked_for(front: Front) -> None:
    settings = front.settings(
        clickhouse_url=f"https://127.0.0.1:{front.strict_port}",
        clickhouse_client_certificate=front.certificates.client,
    )
    assert open_writer_sync(settings).query("SELECT 1").result_rows == [(1,)]
    assert b"".join(ask(settings, "SELECT 1", "TSV", writer=True)) == b"1\n"


def test_a_server_may_have_another_name_than_its_address(front: Front, tmp_path: Path) -> None:
    named = make_certificates(tmp_path, "warehouse.example")
    with tls_front(front.store.port, named) as port:
        settings = front.settings(
            clickhouse_url=f"https://127.0.0.1:{port}",
            clickhouse_ca=named.authority,
            clickhouse_server_name="warehouse.example",
        )
        assert open_writer_sync(settings).query("SELECT 1").result_rows == [(1,)]
        assert b"".join(ask(settings, "SELECT 1", "TSV", writer=True)) == b"1\n"


WRONG: list[tuple[str, Callable[[Front], dict[str, Any]], str, str]] = [
    (
        "a wrong password",
        lambda _: {"clickhouse_password": "wrong"},
        "password",
        "FUNNELWATCH_CLICKHOUSE_PASSWORD",
    ),
    (
        "an authority that is not known",
        lambda at: {"clickhouse_ca": at.certificates.stranger},
        "its certificate is not trusted",
        "FUNNELWATCH_CLICKHOUSE_CA",
    ),
    (
        "no authority named",
        lambda _: {"clickhouse_ca": None},
        "its certificate is not trusted",
        "FUNNELWATCH_CLICKHOUSE_CA",
    ),
    (
        "another name than the certificate's",
        lambda _: {"clickhouse_server_name": "warehouse.example"},
        "its certificate is for another name",
        "FUNNELWATCH_CLICKHOUSE_SERVER_NAME",
    ),
    (
        "plain to a port with TLS",
        lambda at: {"clickhouse_url": f"http://127.0.0.1:{at.port}"},
        "it speaks TLS",
        "https://",
    ),
    (
        "TLS to a port without",
        lambda at: {"clickhouse_url": f"https://127.0.0.1:{at.store.port}"},
        "it does not speak TLS",
        "http://",
    ),
    (
        "no certificate where one is asked for",
        lambda at: {"clickhouse_url": f"https://127.0.0.1:{at.strict_port}"},
        "certificate",
        "FUNNELWATCH_CLICKHOUSE_CLIENT_CERTIFICATE",
    ),
    (
        "a port at which nobody listens",
        lambda _: {"clickhouse_url": "https://127.0.0.1:9"},
        "the connection is refused",
        "running",
    ),
    (
        "a file that is missing",
        lambda at: {"clickhouse_ca": at.certificates.folder / "missing.pem"},
        "missing.pem",
        "FUNNELWATCH_CLICKHOUSE_CA",
    ),
]


@pytest.mark.parametrize(
    ("change", "problem", "advice"), [case[1:] for case in WRONG], ids=[c[0] for c in WRONG]
)
async def test_doctor_says_what_is_wrong_and_which_setting_it_is(
    front: Front, change: Callable[[Front], dict[str, Any]], problem: str, advice: str
) -> None:
    (finding,) = await look_at_store(front.settings(**change(front)))
    assert finding.level == "bad"
    assert problem in finding.found
    assert advice in finding.advice
