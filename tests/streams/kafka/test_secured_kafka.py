"""Every client reaches a broker that encrypts and signs in, and what is wrong with one is said by name."""

from __future__ import annotations

import ast
import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.clock import now_ms
from streams.doctor.running import broker as look_at_broker
from streams.kafka.admin import admin_of, create_topics
from streams.kafka.followers import everything
from streams.kafka.reaching import why_unreachable
from streams.kafka.retention import UnknownTopicError
from streams.kafka.servers import KafkaServers, connection, servers_of
from streams.kafka.sole_writer import SoleWriter
from streams.kafka.topic_ids import TopicIds
from streams.kafka.topics import EVENTS, RAW, TOPICS, TopicSpec
from streams.privacy.topics import WITH_IDS, delete_read
from streams.settings import Settings, load_settings
from tests.fixtures.secured_kafka import PASSWORD, USER, SecuredBroker, start_secured_broker, unsecured_token
from tests.places import ROOT

pytestmark = pytest.mark.slow

TOPIC = TopicSpec("secured", True)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    started = start_secured_broker(tmp_path_factory.mktemp("secured"))
    yield started
    started.broker.stop()


@pytest.fixture
def tokens() -> Iterator[tuple[str, list[str]]]:
    """A token service, and what was asked of it."""
    asked: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append(f"{self.headers['Authorization']} {body}")
            answer = json.dumps({"access_token": unsecured_token("team"), "expires_in": 3600}).encode()
            self.send_response(200 if "kafka" in body else 401)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/token", asked
    server.shutdown()
    server.server_close()


def by_password(secured: SecuredBroker, **more: Any) -> Settings:
    return load_settings(
        **{
            "kafka": secured.sasl,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": "SCRAM-SHA-512",
            "kafka_username": USER,
            "kafka_password": PASSWORD,
            "kafka_ca": secured.certificates.authority,
            **more,
        }
    )


def by_certificate(secured: SecuredBroker, **more: Any) -> Settings:
    return load_settings(
        **{
            "kafka": secured.ssl,
            "kafka_security_protocol": "SSL",
            "kafka_ca": secured.certificates.authority,
            "kafka_client_certificate": secured.certificates.client,
            **more,
        }
    )


async def written_and_read(servers: KafkaServers, value: bytes) -> list[bytes]:
    """A record that went through a producer, a transaction and a consumer of these servers."""
    await create_topics(servers, partitions=1, topics=[TOPIC])
    writer = SoleWriter(servers, f"writer-{value.decode()}", "a log of this test")
    await writer.take_over()
    await writer.write([(TOPIC.name, b"key", value, 0)])
    await writer.close()
    return [record.value async for record in everything(servers, TOPIC.name) if record.value == value]


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_a_user_signs_in_with_a_password_over_tls(secured: SecuredBroker, mechanism: str) -> None:
    servers = servers_of(by_password(secured, kafka_sasl_mechanism=mechanism))
    assert await written_and_read(servers, mechanism.encode()) == [mechanism.encode()]
    ids = TopicIds(servers)
    assert await ids.of(TOPIC.name)
    await ids.close()


async def test_a_user_signs_in_in_plain_over_tls(secured: SecuredBroker) -> None:
    servers = servers_of(by_password(secured, kafka_sasl_mechanism="PLAIN", kafka_password="plain-secret"))
    assert await written_and_read(servers, b"plain") == [b"plain"]


async def test_a_certificate_is_enough_where_the_broker_asks_for_one(secured: SecuredBroker) -> None:
    assert await written_and_read(servers_of(by_certificate(secured)), b"certificate") == [b"certificate"]


async def test_a_token_signs_in_and_is_shared_by_all_clients(
    secured: SecuredBroker, tokens: tuple[str, list[str]]
) -> None:
    url, asked = tokens
    settings = load_settings(
        kafka=secured.sasl, kafka_security_protocol="SASL_SSL", kafka_sasl_mechanism="OAUTHBEARER",
        kafka_ca=secured.certificates.authority, kafka_oauth_token_url=url, kafka_oauth_client_id="funnelwatch",
        kafka_oauth_client_secret="x:y z", kafka_oauth_scope="kafka",
    )  # fmt: skip
    assert await written_and_read(servers_of(settings), b"token") == [b"token"]
    assert asked == ["Basic ZnVubmVsd2F0Y2g6eDp5IHo= grant_type=client_credentials&scope=kafka"]


WRONG: list[tuple[str, Callable[[SecuredBroker], Settings], str, str]] = [
    (
        "a wrong password",
        lambda at: by_password(at, kafka_password="wrong"),
        "the sign-in failed",
        "FUNNELWATCH_KAFKA_USERNAME",
    ),
    (
        "a mechanism that is not offered",
        lambda at: by_password(at, kafka=at.plain, kafka_security_protocol="SASL_PLAINTEXT"),
        "does not answer",
        "FUNNELWATCH_KAFKA_SECURITY_PROTOCOL",
    ),
    (
        "an authority that is not known",
        lambda at: by_password(at, kafka_ca=at.certificates.stranger),
        "its certificate is not trusted",
        "FUNNELWATCH_KAFKA_CA",
    ),
    (
        "no authority named",
        lambda at: by_password(at, kafka_ca=None),
        "its certificate is not trusted",
        "FUNNELWATCH_KAFKA_CA",
    ),
    (
        "another name than the certificate's",
        lambda at: by_password(at, kafka=at.sasl.replace("127.0.0.1", "127.0.0.2")),
        "the connection is refused",
        "FUNNELWATCH_KAFKA",
    ),
    (
        "plain to a port with TLS",
        lambda at: load_settings(kafka=at.sasl),
        "it speaks TLS",
        "FUNNELWATCH_KAFKA_SECURITY_PROTOCOL=SSL",
    ),
    (
        "TLS to a port without",
        lambda at: by_password(at, kafka=at.plain),
        "it does not speak TLS",
        "without SSL",
    ),
    (
        "no certificate where one is asked for",
        lambda at: by_certificate(at, kafka_client_certificate=None),
        "certificate",
        "FUNNELWATCH_KAFKA_CLIENT_CERTIFICATE",
    ),
    (
        "a file that holds no certificate",
        lambda at: by_certificate(at, kafka_ca=Path(__file__)),
        "its certificates cannot be used",
        "PEM",
    ),
    (
        "a file that is missing",
        lambda at: by_certificate(at, kafka_client_certificate=Path("/missing.pem")),
        "/missing.pem",
        "PEM",
    ),
]


@pytest.mark.parametrize(
    ("make", "problem", "advice"), [case[1:] for case in WRONG], ids=[c[0] for c in WRONG]
)
async def test_doctor_says_what_is_wrong_and_which_setting_it_is(
    secured: SecuredBroker, make: Callable[[SecuredBroker], Settings], problem: str, advice: str
) -> None:
    (finding,) = await look_at_broker(make(secured))
    assert finding.level == "bad"
    assert problem in finding.found
    assert advice in finding.advice
    assert PASSWORD not in finding.found + finding.advice


async def test_nothing_is_wrong_where_nothing_is(secured: SecuredBroker) -> None:
    assert await why_unreachable(servers_of(by_password(secured))) == ("", "")


async def test_a_token_service_that_gives_no_token_is_named(
    secured: SecuredBroker, tokens: tuple[str, list[str]]
) -> None:
    url, _ = tokens
    settings = load_settings(
        kafka=secured.sasl, kafka_security_protocol="SASL_SSL", kafka_sasl_mechanism="OAUTHBEARER",
        kafka_ca=secured.certificates.authority, kafka_oauth_token_url=url, kafka_oauth_client_id="someone",
        kafka_oauth_client_secret="x", kafka_oauth_scope="nothing",
    )  # fmt: skip
    problem, advice = await why_unreachable(servers_of(settings))
    assert f"the token service {url} answered 401" in problem
    assert "FUNNELWATCH_KAFKA_OAUTH_TOKEN_URL" in advice


def test_every_client_of_kafka_is_made_with_the_servers_of_the_settings() -> None:
    clients = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient", "AIOKafkaClient"}
    made = []
    for path in sorted((ROOT / "streams").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in clients:
                spread = [ast.unparse(one.value) for one in node.keywords if one.arg is None]
                made.append((f"{path.relative_to(ROOT)}:{node.lineno}", spread))
    assert len(made) > 15
    assert [at for at, spread in made if not any(one.startswith("connection(") for one in spread)] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"kafka_security_protocol": "SASL_SSL"},
            "needs FUNNELWATCH_KAFKA_USERNAME and FUNNELWATCH_KAFKA_PASSWORD",
        ),
        ({"kafka_username": "team"}, "which signs nobody in"),
        (
            {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "OAUTHBEARER"},
            "needs FUNNELWATCH_KAFKA_OAUTH_TOKEN_URL",
        ),
    ],
)
def test_a_sign_in_that_lacks_something_is_rejected_at_the_start(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        load_settings(**given)


def test_secrets_do_not_show_in_text() -> None:
    servers = servers_of(
        load_settings(kafka_security_protocol="SASL_SSL", kafka_username="team", kafka_password="hidden one")
    )
    assert "hidden one" not in repr(servers) + str(servers)


async def test_two_clients_share_what_a_connection_needs(secured: SecuredBroker) -> None:
    servers = servers_of(by_password(secured))
    first, second = connection(servers), connection(servers)
    assert first["ssl_context"] is second["ssl_context"]
    producer, consumer = AIOKafkaProducer(**first), AIOKafkaConsumer(**second)
    await asyncio.gather(producer.start(), consumer.start())
    await asyncio.gather(producer.stop(), consumer.stop())


async def test_a_topic_keeps_its_records_as_long_as_the_setting_says_and_nothing_else_of_it_changes(
    secured: SecuredBroker,
) -> None:
    servers = servers_of(by_password(secured))
    spec = TopicSpec(
        "kept", True, {"cleanup.policy": "delete", "retention.ms": "604800000", "max.message.bytes": "777000"}
    )
    await create_topics(servers, partitions=1, topics=[spec])
    await create_topics(servers, partitions=1, topics=[spec], keep_days={"kept": 3})
    async with admin_of(servers) as admin:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "kept")])
    found = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert (found["retention.ms"], found["max.message.bytes"]) == (str(3 * 86_400_000), "777000")
    with pytest.raises(UnknownTopicError, match="names nothing; expected a table, or one of kept"):
        await create_topics(servers, partitions=1, topics=[spec], keep_days={"nothing": 3})


async def test_what_has_been_landed_and_no_restart_needs_is_deleted_and_the_rest_is_named(
    secured: SecuredBroker,
) -> None:
    """What an erasure does to topics of which only the port is ours."""
    settings = by_password(secured, group_prefix="erasing")
    servers = servers_of(settings)
    specs = [spec for spec in TOPICS if spec.name in WITH_IDS]
    await create_topics(servers, partitions=1, topics=specs)
    present = now_ms()
    producer = AIOKafkaProducer(**connection(servers))
    await producer.start()
    for age_ms in (3 * 3_600_000, 2 * 3_600_000, 60_000):
        await producer.send_and_wait(EVENTS, b"of a buyer", partition=0, timestamp_ms=present - age_ms)
        await producer.send_and_wait(RAW, b"not landed", partition=0, timestamp_ms=present - age_ms)
    await producer.stop()
    landing = AIOKafkaConsumer(**connection(servers), group_id="erasing-landing", enable_auto_commit=False)
    await landing.start()
    landing.assign([TopicPartition(EVENTS, 0), TopicPartition(RAW, 0)])
    await landing.commit({TopicPartition(EVENTS, 0): 3, TopicPartition(RAW, 0): 1})
    deleted, stays = await delete_read(settings)
    assert deleted == {EVENTS: 2, RAW: 1}
    until = ", until the topic's retention ends"
    assert sorted(stays) == [f"{EVENTS}/0: the last 1 records{until}", f"{RAW}/0: the last 2 records{until}"]
    starts = await landing.beginning_offsets([TopicPartition(EVENTS, 0), TopicPartition(RAW, 0)])
    await landing.stop()
    assert {part.topic: start for part, start in starts.items()} == {EVENTS: 2, RAW: 1}
