"""The real broker for tests: the embedded one in a folder of its own, one for the whole test session (and xdist worker)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from streams.embedded.broker import Broker, broker_of
from streams.settings import load_settings


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The running broker of this session."""
    data = tmp_path_factory.mktemp("broker")
    broker = broker_of(load_settings(data=data), data, quick=True)
    broker.start()
    try:
        broker.wait_ready()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def kafka(kafka_broker: Broker) -> str:
    """The bootstrap address of a real broker. It is shared: name topics and groups with ``topic_prefix``."""
    return kafka_broker.address


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for this test's topics, groups and transactional ids."""
    return f"t{uuid.uuid4().hex[:10]}."
