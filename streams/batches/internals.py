"""What is touched here and in the transport of aiokafka's and Faust's insides, and a check that it is what it was written for.

``tests/streams/batches/test_batches_internals.py`` compares the source of each piece with the digest here, so that an
upgrade fails loudly, names what changed, and is read before it is trusted. Print new digests with
``python -m streams.batches.internals``.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
from functools import cache
from importlib.metadata import version

#: the versions this transport was written for and tested with
VERSIONS = {"aiokafka": "0.14.0", "faust-streaming": "0.15.3"}

#: module:name → first 16 digits of the SHA-256 of its source
TOUCHED: dict[str, str] = {
    "aiokafka.consumer.fetcher:FetchResult": "d7db13f06de8248c",
    "aiokafka.consumer.fetcher:PartitionRecords._unpack_records": "b803e6d46480732c",
    "aiokafka.consumer.fetcher:PartitionRecords._consume_aborted_up_to": "56876530cd6412f3",
    "aiokafka.consumer.fetcher:PartitionRecords._contains_abort_marker": "17e9ad2322ef4e0a",
    "aiokafka.consumer.fetcher:Fetcher.fetched_records": "be4348896b9b66af",
    "aiokafka.consumer.fetcher:Fetcher._create_fetch_waiter": "61d840568746477e",
    "aiokafka.consumer.fetcher:Fetcher._notify": "d3a30d94f34fd3a0",
    "aiokafka.consumer.consumer:AIOKafkaConsumer.getmany": "bc6d248e42a4e9d9",
    "aiokafka.consumer.consumer:AIOKafkaConsumer.__init__": "01506f316191f7c9",
    "aiokafka.consumer.fetcher:Fetcher.__init__": "bf21ecb7e0f210b7",
    "aiokafka.consumer.subscription_state:SubscriptionState.fetch_context": "ff2a654dca239cfe",
    "aiokafka.consumer.subscription_state:SubscriptionState.is_assigned": "cd2783df3bd5f27a",
    "aiokafka.consumer.subscription_state:SubscriptionState.reassignment_in_progress": "6876e75ff981ea26",
    "aiokafka.consumer.group_coordinator:GroupCoordinator.reset_generation": "537aa37c531b4de9",
    "aiokafka.consumer.group_coordinator:GroupCoordinator._send_req": "fa4b12e914ce9fcf",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread.on_start": "38b4e8bd1e10723a",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._create_worker_consumer": "c2701bfc3e6f6cad",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._fetch_records": "39a2c6c79fc1455a",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread.getmany": "26fc5fc9f3b667e1",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread.verify_event_path": "b983e7735f647cb3",
    "faust.transport.drivers.aiokafka:ConsumerRebalanceListener": "f3d04f29dfb3f716",
    "faust.transport.consumer:Consumer.getmany": "4b168d84882a70d6",
    "faust.transport.consumer:Consumer._wait_next_records": "6218e1969a636b3f",
    "faust.transport.consumer:Consumer.ack": "5fcf41cf45153475",
    "faust.transport.consumer:Consumer._new_offset": "1d2c7ea89a7ad4f1",
    "faust.transport.consumer:Consumer._add_gap": "4df2573ded7c1c2c",
    "faust.transport.consumer:Consumer._drain_messages": "44a2500309e83c63",
    "faust.transport.consumer:Consumer.on_partitions_revoked": "d04b7ae72c6fc206",
    "faust.transport.consumer:Consumer.on_partitions_assigned": "29ce96596f05a18c",
    "faust.transport.consumer:Consumer.perform_seek": "0e8c130ff4b0afd8",
    "faust.transport.consumer:Consumer.wait_empty": "e4662fe24f094819",
    "faust.transport.consumer:Consumer.on_stop": "45b1d2210ce2b526",
    "faust.tables.recovery:Recovery._resume_streams": "d986a6710c1aca98",
}


@cache
def are_known_versions() -> bool:
    """True with exactly the versions of ``VERSIONS``."""
    return all(version(name) == wanted for name, wanted in VERSIONS.items())


def digest(name: str) -> str:
    """The digest of the present source of ``module:qualified.name``."""
    module, _, path = name.partition(":")
    found: object = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    found = getattr(found, "fun", found)  # a mode ServiceTask
    found = getattr(found, "fget", found)  # a property
    source = inspect.getsource(found)  # type: ignore[arg-type]
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def changed() -> dict[str, str]:
    """The pieces whose source is not the one this was written for, with their present digests."""
    found = {}
    for name, wanted in TOUCHED.items():
        try:
            present = digest(name)
        except (ImportError, AttributeError) as error:
            present = f"gone: {error}"
        if present != wanted:
            found[name] = present
    return found


if __name__ == "__main__":
    for touched in TOUCHED:
        print(f'    "{touched}": "{digest(touched)}",')  # noqa: T201
