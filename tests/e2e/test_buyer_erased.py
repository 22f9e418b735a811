"""A buyer is erased from a whole instance: afterwards no file under its folder holds one of their ids, and totals are as before."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from scoring.events.pseudonyms import Pseudonyms
from tests.e2e.buyers import KEY, counted, events_of, send
from tests.e2e.instance import Instance
from tests.e2e.raw_files import readable

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(400)]

BUYER, OTHER = "anna-4711", "berta-0815"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "funnelwatch.yaml").write_text("stores:\n  - {id: shop, platform: own_site, keys: ['env:KEY']}\n")
    made = Instance(data, "collector,monitor,landing", KEY=KEY, FUNNELWATCH_PARTITIONS="2")
    made.start()
    yield made
    made.stop()


def holders(folder: Path, ids: list[bytes]) -> dict[str, list[bytes]]:
    """Files that hold one of the ids, with those they hold."""
    found: dict[str, set[bytes]] = {}
    for path in folder.rglob("*"):
        for plain in readable(path) if path.is_file() else ():
            if here := {one for one in ids if one in plain}:
                found.setdefault(str(path.relative_to(folder)), set()).update(here)
    return {name: sorted(here) for name, here in found.items()}


def test_after_an_erasure_no_file_holds_the_buyer_and_totals_are_as_before(instance: Instance) -> None:
    at_ms = time.time_ns() // 1_000_000 - 120_000
    for buyer, device in ((BUYER, "phone-77777"), (OTHER, "laptop-88888")):
        answered = send(instance, events_of(buyer, device, at_ms))
        assert (answered["accepted"], len(answered["rejected"])) == (4, 1), answered
    instance.wait(lambda: sum(int(row["n"]) for row in instance.sql("SELECT count() AS n FROM events")) == 8)
    instance.wait(
        lambda: sum(int(r["n"]) for r in instance.sql("SELECT sum(count) AS n FROM stage_counts")) == 8
    )
    instance.wait(lambda: instance.sql("SELECT count() AS n FROM dead_letters") == [{"n": 2}])
    before = counted(instance)
    instance.stop()

    key = (instance.data / "secrets" / "hash_key").read_text().strip()
    pseudonyms = Pseudonyms(key)
    person, device = pseudonyms.of("shop", BUYER), pseudonyms.of("shop", "phone-77777")
    (instance.data / "logs" / "old.log").write_text(f"somebody wrote order_id=ORDER-{BUYER} here\n")
    outbox = instance.data / "outbox"
    outbox.mkdir(exist_ok=True)
    (outbox / "note.eml").write_bytes(
        b"Subject: =?utf-8?b?" + b64encode(f"订单 ORDER-{BUYER}".encode()) + b"?=\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b64encode(f"见 ORDER-{BUYER}".encode()) + b"\r\n"
    )  # fmt: skip

    ids = [
        one.encode()
        for one in (person, device, BUYER, f"ORDER-{BUYER}", "phone-77777", "session-phone-77777")
    ]
    held = holders(instance.data, ids)
    assert {name.partition("/")[0] for name in held} == {"kafka", "clickhouse", "logs"}, held

    exported = json.loads(instance.command("privacy", "export", "--store", "shop", "--buyer", BUYER))
    assert {len(exported["kept"][name]) for name in ("events_raw", "funnel.events.v1")} == {4}
    assert OTHER not in json.dumps(exported)

    said = instance.command("privacy", "erase", "--store", "shop", "--buyer", BUYER, "--who", "Li", "--yes")
    assert "events_raw: 4 rows" in said
    (receipt,) = (instance.data / "receipts").glob("erasure-*.json")
    kept = json.loads(receipt.read_text())
    assert kept["totals_before"] == kept["totals_after"]
    assert kept["who"] == "Li"

    ids = [
        one.encode()
        for one in (person, device, BUYER, f"ORDER-{BUYER}", "phone-77777", "session-phone-77777")
    ]
    assert holders(instance.data, ids) == {}
    nothing = instance.command("privacy", "export", "--store", "shop", "--buyer", BUYER, check=False)
    assert nothing == ""

    instance.start()
    assert counted(instance) == before
    send(instance, events_of("cara-1234", "tablet-9999", at_ms + 60_000))
    instance.wait(
        lambda: sum(int(r["n"]) for r in instance.sql("SELECT sum(count) AS n FROM stage_counts")) == 12
    )
    texts = json.dumps(instance.sql("SELECT * FROM events")) + json.dumps(
        instance.sql("SELECT * FROM dead_letters")
    )
    assert [one for one in ids if one.decode() in texts] == []
    assert pseudonyms.of("shop", OTHER) in texts
