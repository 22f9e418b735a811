"""Two hundred kinds of buyers, who came through every door, are erased at once: no file holds them, nor what is restored afterwards."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from scoring.events.pseudonyms import Pseudonyms
from tests.e2e.buyers import KEY, counted, send
from tests.e2e.identities import IDENTITIES
from tests.e2e.instance import Instance
from tests.e2e.raw_files import readable

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(1800)]

OTHERS = tuple(f"somebody-else-{number}" for number in range(30))
CONFIG = """
stores:
  - {id: shop, platform: own_site, keys: ['env:KEY'], pixel_keys: ['env:PIXEL_KEY']}
connections:
  - name: erp
    source: webhook
    store: shop
    secret: env:ERP_SECRET
    mapping:
      - kind: order
        fields: {order_id: id, placed: created_at, paid: paid_at, amount: total, currency: currency, buyer: customer.id}
"""
MAPPING = """
name: mine
store: shop
platform: own_site
zone: Europe/Berlin
time: {column: when, format: unix_ms}
fields: {visitor: who, buyer: who, order_id: number}
events:
  - type: {column: what, values: {seen: impression, bought: order}}
"""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "funnelwatch.yaml").write_text(CONFIG)
    made = Instance(
        data, "collector,monitor,landing,sources", KEY=KEY, PIXEL_KEY="pixel-of-the-shop", ERP_SECRET="s" * 20,
        FUNNELWATCH_PARTITIONS="2",
    )  # fmt: skip
    made.start()
    yield made
    made.stop()


def post(instance: Instance, path: str, body: bytes, **headers: str) -> dict[str, Any]:
    url = f"{instance.status()['addresses']['collector']}{path}"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        text = answer.read()
        return dict(json.loads(text)) if text else {}


def by_pixel(instance: Instance, who: str, at_ms: int) -> None:
    events = [
        {"type": kind, "store_id": "shop", "event_time_ms": at_ms + n, "event_id": f"px-{n}-{who}", "visitor": who, "session": f"visit-{who}"}
        for n, kind in enumerate(("impression", "click"))
    ]  # fmt: skip
    post(instance, "/v1/pixel?k=pixel-of-the-shop", json.dumps({"events": events}).encode())


def by_server(who: str, at_ms: int) -> list[dict[str, Any]]:
    order = f"NO-{who}"
    common = {"store_id": "shop", "buyer": who, "order_id": order, "amount": "5.00", "currency": "EUR"}
    return [
        {**common, "type": "order", "event_time_ms": at_ms + 10, "visitor": who, "event_id": f"o-{who}",
         "attributes": {"memo": f"first\n{order}\tand {order}"}},
        {**common, "type": "payment", "event_time_ms": at_ms + 11, "event_id": f"p-{who}"},
        {"store_id": "shop", "type": "click", "event_time_ms": at_ms + 12, "session": f"visit-{who}", "event_id": f"n-{who}"},
        {**common, "type": "order", "event_time_ms": 1, "event_id": f"late-{who}", "attributes": {"page": f"/thanks?o={quote(order)}"}},
    ]  # fmt: skip


def by_hook(instance: Instance, who: str, at_ms: int) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms / 1000))
    sent = {
        "id": f"HOOK-{who}",
        "created_at": at,
        "paid_at": at,
        "total": "7.00",
        "currency": "EUR",
        "customer": {"id": who},
    }
    body = json.dumps(sent, ensure_ascii=len(who) % 2 == 0).encode()
    sign = hmac.new(b"s" * 20, body, hashlib.sha256).hexdigest()
    post(instance, "/v1/hooks/webhook/erp", body, **{"X-Signature": sign})


def forms(who: str, pseudonyms: Pseudonyms) -> list[bytes]:
    """What must not be found of a buyer: their pseudonym, and what was kept as it came, however it may be written."""
    texts = [pseudonyms.of_sender("shop", who), pseudonyms.of_sender("shop", f"visit-{who}")]
    for kept in (who, f"NO-{who}", f"HOOK-{who}", f"FILE-{who}", f"o-{who}", f"px-0-{who}"):
        texts += [kept, json.dumps(kept)[1:-1], json.dumps(kept, ensure_ascii=False)[1:-1], quote(kept)]
    return sorted({text.encode() for text in texts})


def holders(folder: Path, forms_of: dict[str, list[bytes]]) -> dict[str, set[str]]:
    """Who is found → in which files."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*"):
        for plain in readable(path) if path.is_file() and not path.name.endswith("index") else ():
            content = plain.strip(b"\0")
            for who, wanted in forms_of.items():
                if content and any(one in content for one in wanted):
                    found.setdefault(who, set()).add(str(path.relative_to(folder)))
    return found


def test_nobody_of_two_hundred_is_found_after_the_erasure_and_after_a_restore(
    instance: Instance, tmp_path: Path
) -> None:
    at_ms = time.time_ns() // 1_000_000 - 300_000
    table = tmp_path / "mine.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["when", "who", "what", "number"])
        for who in (*IDENTITIES, *OTHERS):
            writer.writerow([at_ms + 20, who, "seen", ""])
            writer.writerow([at_ms + 21, who, "bought", f"FILE-{who}"])
    (tmp_path / "mine.yaml").write_text(MAPPING)
    accepted = 0
    for who in (*IDENTITIES, *OTHERS):
        by_pixel(instance, who, at_ms)
        accepted += send(instance, by_server(who, at_ms))["accepted"]
        by_hook(instance, who, at_ms)
    assert accepted > 2 * len(IDENTITIES)
    instance.replay(table, str(tmp_path / "mine.yaml"))
    everybody = len(IDENTITIES) + len(OTHERS)
    for query in (
        f"SELECT count() >= {2 * everybody} AS done FROM events WHERE source = 'pixel'",
        f"SELECT count() >= {everybody} AS done FROM raw_deliveries",
        # order numbers that hold a mail address or a telephone number are masked in what a hook brings: some are one
        f"SELECT uniqExact(order_id) >= {len(IDENTITIES)} AS done FROM events WHERE source = 'webhook'",
        f"SELECT count() >= {everybody} AS done FROM dead_letters",
    ):
        instance.wait(lambda query=query: instance.sql(query)[0]["done"] in (1, True))  # type: ignore[misc]
    before = counted(instance)
    instance.stop()

    backups = tmp_path / "backups"
    instance.command("backup", str(backups), "--plain")
    (older,) = backups.glob("*.fwbackup")
    instance.command("backup", str(backups))
    (locked,) = set(backups.glob("*.fwbackup")) - {older}
    key = tmp_path / "copied.key"
    shutil.copy(instance.data / "secrets" / "backups" / f"{locked.stem}.key", key)

    pseudonyms = Pseudonyms((instance.data / "secrets" / "hash_key").read_text().strip())
    wanted = {who: forms(who, pseudonyms) for who in IDENTITIES}
    assert holders(instance.data, wanted).keys() == wanted.keys()
    exported = json.loads(instance.command("privacy", "export", "--store", "shop", "--buyer", IDENTITIES[18]))
    assert {"events_raw", "raw_deliveries_raw", "order_versions_raw", "dead_letters_raw"} <= exported[
        "kept"
    ].keys()

    listed = tmp_path / "whom.txt"
    listed.write_text("\n".join(IDENTITIES) + "\n", encoding="utf-8")
    said = instance.command("privacy", "erase", "--store", "shop", "--buyers", str(listed), "--yes")
    assert f"still there: unencrypted backup {older}" in said
    (receipt,) = (instance.data / "receipts").glob("erasure-*.json")
    kept = json.loads(receipt.read_text())
    assert (kept["people"], kept["backups"]) == (len(IDENTITIES), [locked.stem])
    assert kept["totals_before"] == kept["totals_after"]
    assert holders(instance.data, wanted) == {}
    others = {who: [pseudonyms.of_sender("shop", who).encode()] for who in OTHERS}
    assert holders(instance.data, others).keys() == others.keys()

    for backup, options in ((older, ()), (locked, ("--key", str(key)))):
        elsewhere = Instance(tmp_path / f"restored-{backup.stem}", "collector")
        elsewhere.data.mkdir()
        elsewhere.command("restore", str(backup), *options)
        assert holders(elsewhere.data, wanted) == {}
        assert holders(elsewhere.data, others).keys() == others.keys()
    instance.start()
    assert counted(instance) == before
