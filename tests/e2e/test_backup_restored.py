"""An instance is lost and restored from its backup on another folder: counts, duplicates and the way on are as if nothing had been."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.e2e.buyers import KEY, counted, events_of, send
from tests.e2e.instance import Instance

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(400)]


def made(data: Path) -> Instance:
    return Instance(data, "collector,monitor,landing", KEY=KEY, FUNNELWATCH_PARTITIONS="2")


def test_an_instance_goes_on_from_its_backup_and_counts_nothing_twice(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    data.mkdir()
    (data / "funnelwatch.yaml").write_text("stores:\n  - {id: shop, platform: own_site, keys: ['env:KEY']}\n")
    at_ms = time.time_ns() // 1_000_000 - 120_000
    events = [
        one for number in range(20) for one in events_of(f"buyer-{number}", f"phone-{number}", at_ms)[:4]
    ]
    first = made(data)
    first.start()
    try:
        assert send(first, events)["accepted"] == 80
        first.wait(lambda: first.sql("SELECT sum(count) AS n FROM stage_counts") == [{"n": 80}])
        first.wait(lambda: first.sql("SELECT count() AS n FROM events") == [{"n": 80}])
        before = counted(first)
        running = first.command("backup", str(elsewhere), check=False)
    finally:
        first.stop()
    assert running == ""

    said = first.command("backup", str(elsewhere))
    (backup,) = elsewhere.glob("*.fwbackup")
    key = elsewhere / "key"
    shutil.copy(data / "secrets" / "backups" / f"{backup.stem}.key", key)
    assert "keep a copy elsewhere" in said
    shutil.rmtree(data)

    second = made(tmp_path / "new")
    second.data.mkdir()
    assert "80" not in second.command("restore", str(backup), "--key", str(elsewhere / "other"), check=False)
    said = second.command("restore", str(backup), "--key", str(key))
    assert "files of" in said
    second.start()
    try:
        assert counted(second) == before
        send(second, events)  # again: nothing of it is new
        send(second, events_of("cara-1234", "tablet-9999", at_ms + 1_000)[:4])
        second.wait(lambda: second.sql("SELECT sum(count) AS n FROM stage_counts") == [{"n": 84}])
        second.wait(lambda: second.sql("SELECT count() AS n FROM events") == [{"n": 84}])
    finally:
        second.stop()
