"""With a receiver of traces, a request, its counting and its landing are one trace over three processes."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.e2e.buyers import KEY, events_of, send
from tests.e2e.instance import Instance
from tests.fixtures.traces import Receiver

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(400)]


def test_a_request_is_one_trace_from_the_door_to_the_tables(tmp_path: Path) -> None:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, args=(0.1,))
    thread.start()
    data = tmp_path / "data"
    data.mkdir()
    (data / "funnelwatch.yaml").write_text("stores:\n  - {id: shop, platform: own_site, keys: ['env:KEY']}\n")
    instance = Instance(
        data, "collector,monitor,landing", KEY=KEY, FUNNELWATCH_PARTITIONS="1",
        FUNNELWATCH_TRACES_URL=receiver.url, FUNNELWATCH_TRACES_ONE_IN="1",
    )  # fmt: skip
    wanted = {
        "funnelwatch-collector request /v1/events",
        "funnelwatch-collector publish",
        "funnelwatch-monitor count and judge",
        "funnelwatch-landing insert events_raw",
    }
    try:
        instance.start()
        send(instance, events_of("anna-4711", "phone-77777", time.time_ns() // 1_000_000 - 60_000))
        instance.wait(lambda: any(wanted <= set(names) for names in receiver.traces().values()))
    finally:
        instance.stop()
        receiver.shutdown()
        thread.join()
        receiver.server_close()
