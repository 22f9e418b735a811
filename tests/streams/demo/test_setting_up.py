"""The demo's folder and its past in the real store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from streams.clock import now
from streams.collector.keys import WriteKeys
from streams.config.loading import FILE_NAME, load_config
from streams.demo.history import draw_history, minute_rows
from streams.demo.setting_up import PIXEL_SHOPS, ForeignFolderError, has_minutes, load_minutes, make_folder
from streams.demo.shops import demo_shops
from streams.demo.world import make_curve
from streams.settings import load_settings

SHOPS = demo_shops(datetime(2026, 3, 4, 9, 0, tzinfo=UTC))


def test_its_configuration_is_valid_and_its_keys_open_the_collector(tmp_path: Path) -> None:
    keys, pixel_keys, _ = make_folder(tmp_path / "demo", SHOPS, False, 8765)
    config = load_config(tmp_path / "demo" / FILE_NAME)
    assert [store.id for store in config.stores] == [shop.id for shop in SHOPS]
    doors = WriteKeys(config, 200.0, lambda: 0.0)
    for store_id, key in {**keys, **pixel_keys}.items():
        grant = doors.grant(key)
        assert grant is not None
        assert set(grant.stores) == {store_id}
    assert set(pixel_keys) == set(PIXEL_SHOPS)
    assert {one.source for one in config.connections} == {"shopee", "lazada", "shopify"}


def test_a_folder_that_is_not_a_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ForeignFolderError):
        make_folder(tmp_path, SHOPS, False, 8765)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_earlier_demo_is_emptied_unless_it_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    keys = make_folder(folder, SHOPS, False, 8765).write
    (folder / "run").mkdir(exist_ok=True)
    (folder / "kafka").mkdir()
    assert make_folder(folder, SHOPS, True, 8765).write == keys
    assert (folder / "kafka").exists()
    assert make_folder(folder, SHOPS, False, 8765).write != keys
    assert not (folder / "kafka").exists()
    assert (folder / "run").exists()


async def test_the_past_is_in_stage_counts_as_it_was_drawn(ready_database: str, clickhouse: Any) -> None:
    settings = load_settings(
        clickhouse_url=f"http://127.0.0.1:{clickhouse.port}",
        clickhouse_user="funnelwatch",
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_database=ready_database,
    )
    assert not has_minutes(settings)
    first = int(now().timestamp()) // 60 - 1440
    drawn = draw_history(make_curve(SHOPS[6], first, 1440, seed=5), 1440, seed=5)
    heard: list[int] = []
    tables = list(minute_rows("bricklane", first, drawn))
    load_minutes(settings, tables, heard.append)
    assert has_minutes(settings)
    assert sum(heard) == sum(rows.num_rows for rows in tables)
    client = clickhouse.client(ready_database)
    counted = client.query("SELECT segment, sum(count) FROM stage_counts GROUP BY segment").result_rows
    assert dict(counted) == {segment: counts.sum() for segment, counts in drawn.items() if counts.sum()}
