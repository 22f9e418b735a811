"""A shop that loses three percent a day, in a whole running instance: an alert of kind drift in the minute after a fit, and in the digest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from scoring.funnel.units import DAY_MS
from streams.clickhouse.clients import open_writer_sync, table
from streams.instance.files import connect_settings
from streams.settings import load_settings
from tests.e2e.instance import Instance

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CONFIG = """stores:
  - {id: leaking, name: Leaking shop, platform: own_site, currency: USD, zone: UTC}
  - {id: steady, name: Steady shop, platform: own_site, currency: USD, zone: UTC}
"""
DAYS, LEAKING_DAYS, LEAK = 60, 10, 0.97


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    data = tmp_path_factory.mktemp("instance") / "data"
    data.mkdir()
    (data / "funnelwatch.yaml").write_text(CONFIG)
    made = Instance(data, "collector,monitor,landing,jobs,digests")
    made.start()
    yield made
    made.stop()


def load_past(data: Path) -> None:
    """Sixty days of two shops, a row every five minutes; one of them converts less every day of the last ten."""
    settings = connect_settings(load_settings(data=data))
    now_s = int(time.time())
    last = now_s - now_s % 300
    at = np.arange(last - DAYS * DAY_MS // 1000, last, 300)
    days_left = (last - at) / 86_400
    rng = np.random.default_rng(3)
    rows = []
    for store, leak in (("leaking", LEAK), ("steady", 1.0)):
        clicks = rng.poisson(60, len(at))
        rate = 0.2 * leak ** np.clip(LEAKING_DAYS + 1 - days_left, 0, LEAKING_DAYS)
        carts = rng.binomial(clicks, rate)
        rows += [
            [store, int(when), "", [0, int(n), int(a), 0, 0, 0, 0], 1]
            for when, n, a in zip(at, clicks, carts, strict=True)
        ]
    client = open_writer_sync(settings)
    try:
        client.insert(
            table(settings, "minutes_raw"),
            rows,
            column_names=["store_id", "minute", "segment", "counts", "version"],
        )
    finally:
        client.close()


def test_a_slow_leak_is_an_alert_of_a_running_instance_and_in_its_digest(instance: Instance) -> None:
    load_past(instance.data)
    instance.command("baseline", "fit")
    asked = "SELECT store_id, step, level, note, observed, expected FROM alerts WHERE kind = 'drift'"
    instance.wait(lambda: bool(instance.sql(asked)))
    (alert,) = instance.sql(asked)
    assert (alert["store_id"], alert["step"], alert["level"]) == ("leaking", "click_to_add_to_cart", "notice")
    assert float(alert["observed"]) < 0.95 * float(alert["expected"])
    out = instance.data / "preview"
    instance.command("digest", "preview", "--language", "en", "--out", str(out))
    (text,) = [" ".join(path.read_text().split()) for path in out.glob("*.txt")]
    assert "Leaking shop · Slow decline" in text
    assert "against the four weeks before" in text
