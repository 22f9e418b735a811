"""The demo's folder: its configuration, its keys, and the loading of the shops' past into ClickHouse."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import yaml

from scoring.funnel.units import DAY_MS
from streams.clickhouse.clients import open_writer_sync, table
from streams.clickhouse.errors import mapped
from streams.config.loading import FILE_NAME
from streams.demo.longer_past import UNTOUCHED_DAYS, LongerPast
from streams.demo.market import lazada, shopee, shopify
from streams.demo.market.server import CONNECTED, DECLINING
from streams.demo.shops import Shop
from streams.errors import StateError
from streams.instance.files import secret
from streams.settings import Settings

#: this file says that a folder is a demo's, so that it may be emptied
MARK = ".funnelwatch-demo"
#: the smallest shops' pages send beacons; the others' servers send everything
PIXEL_SHOPS = ("bricklane", "kominka")
DIMENSIONS = ("device_class", "payment_method")
_ROWS_AN_INSERT = 150_000


class DemoKeys(NamedTuple):
    """By store the write keys and the pixel keys, and by source what signs the platforms' pushes."""

    write: dict[str, str]
    pixel: dict[str, str]
    market: dict[str, str]


class ForeignFolderError(StateError):
    """The folder holds something that is not a demo's; the command line prints it."""


def make_folder(data: Path, shops: Sequence[Shop], keep: bool, market_port: int) -> DemoKeys:
    """An empty demo folder with a configuration; its keys.

    Args:
        data: the folder; emptied if it is an earlier demo's.
        shops: what to configure.
        keep: go on with what an earlier demo left.
        market_port: where on loopback the shops' platforms answer.

    Raises:
        ForeignFolderError: it holds something else.
    """
    # run/ holds the lock, taken before
    if data.exists() and any(path.name != "run" for path in data.iterdir()):
        if not (data / MARK).exists():
            raise ForeignFolderError(str(data))
        if not keep:
            for path in data.iterdir():
                if path.name != "run":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    (data / MARK).touch()
    keys = {shop.id: secret(data, f"write_key_{shop.id}") for shop in shops}
    pixel_keys = {shop_id: secret(data, f"pixel_key_{shop_id}") for shop_id in PIXEL_SHOPS}
    market = {source: secret(data, f"{source}_key") for source in ("shopee", "lazada", "shopify")}
    for source, _ in CONNECTED.values():
        secret(data, f"{source}_refresh_token")
    (data / FILE_NAME).write_text(_configuration(data, shops, market_port), encoding="utf-8")
    return DemoKeys(keys, pixel_keys, market)


def _configuration(data: Path, shops: Sequence[Shop], market_port: int) -> str:
    stores = []
    for shop in shops:
        store: dict[str, object] = {
            "id": shop.id,
            "name": shop.name,
            "platform": shop.platform.value,
            "zone": shop.zone,
            "currency": shop.currency,
            "country": shop.country,
            "category": shop.category,
            "keys": [f"file:{data / 'secrets' / f'write_key_{shop.id}'}"],
        }
        if shop.id in PIXEL_SHOPS:
            store |= {"ship_within_days": 2, "answer_within_hours": 1}
            store["pixel_keys"] = [f"file:{data / 'secrets' / f'pixel_key_{shop.id}'}"]
        stores.append(store)
    connections = _connections(data, f"http://127.0.0.1:{market_port}")
    content = {"stores": stores, "segments": {"dimensions": list(DIMENSIONS)}, "connections": connections}
    return "# Written by funnelwatch demo.\n" + yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def _connections(data: Path, market: str) -> list[dict[str, object]]:
    """Two shops whose platform reports their orders, and the one whose declined payments come by webhook."""

    def kept(name: str) -> str:
        return f"file:{data / 'secrets' / name}"

    of_platform: dict[str, dict[str, object]] = {
        "shopee": {
            "partner_id": shopee.PARTNER, "shop_id": shopee.SHOP, "country": "SG", "callback": shopee.CALLBACK, "url": market,
        },
        "lazada": {
            "app_key": lazada.APP, "country": "TH", "url": f"{market}/rest", "auth_url": f"{market}/rest",
        },
    }  # fmt: skip
    connections: list[dict[str, object]] = [
        {
            "name": name,
            "source": source,
            "store": store,
            "secret": kept(f"{source}_key"),
            "refresh_token": kept(f"{source}_refresh_token"),
            "reads": ["orders"],
            "interval_s": 30,
            "first_days": 0.02,
            # the past is there already
            "past_days": 0,
            **of_platform[source],
        }
        for store, (source, name) in CONNECTED.items()
    ]
    store, source, name = DECLINING
    connections.append(
        {"name": name, "source": source, "store": store, "shop": shopify.SHOP, "access": "none", "secret": kept(f"{source}_key")}
    )  # fmt: skip
    return connections


def has_minutes(settings: Settings) -> bool:
    """True if an earlier demo's past is still there.

    Raises:
        ClickHouseError: ClickHouse is unreachable or rejects it.
    """
    return _has_rows(settings, table(settings, "minutes_raw"))


def load_minutes(settings: Settings, tables: Sequence[pa.Table], on_insert: Callable[[int], None]) -> None:
    """Insert minute rows; ``on_insert`` is called with the rows of each insert.

    Raises:
        ClickHouseError: ClickHouse is unreachable or rejects it.
    """
    client = open_writer_sync(settings)
    try:
        gathered: list[pa.Table] = []
        for number, rows in enumerate(tables, 1):
            gathered.append(rows)
            size = sum(part.num_rows for part in gathered)
            if size >= _ROWS_AN_INSERT or number == len(tables):
                with mapped():
                    client.insert_arrow(table(settings, "minutes_raw"), pa.concat_tables(gathered))
                gathered = []
                on_insert(size)
    finally:
        client.close()


def has_longer_past(settings: Settings, now_ms: int) -> bool:
    """True if an earlier demo's longer past is still there.

    Raises:
        ClickHouseError: ClickHouse is unreachable or rejects it.
    """
    before_ms = now_ms - UNTOUCHED_DAYS * DAY_MS
    events = table(settings, "events_raw")
    return _has_rows(settings, f"{events} WHERE event_time < fromUnixTimestamp64Milli({before_ms})")


def _has_rows(settings: Settings, of: str) -> bool:
    client = open_writer_sync(settings)
    try:
        with mapped():
            return bool(client.query(f"SELECT 1 FROM {of} LIMIT 1").result_rows)
    finally:
        client.close()


def load_longer_past(settings: Settings, past: LongerPast) -> None:
    """Insert all of it.

    Raises:
        ClickHouseError: ClickHouse is unreachable or rejects it.
    """
    client = open_writer_sync(settings)
    try:
        for name, parts in past.tables.items():
            for part in parts:
                with mapped():
                    client.insert_arrow(table(settings, name), part)
    finally:
        client.close()
