"""The warehouse of a store, as configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.baselines.localtime import local_minute
from streams.config.core import slow_inputs
from streams.config.loading import load_config
from streams.schema import ConfigError


def written(tmp_path: Path, warehouse: str) -> Path:
    path = tmp_path / "funnelwatch.yaml"
    path.write_text(f"stores:\n  - {{id: shop, zone: Europe/Berlin, country: DE, warehouse: {warehouse}}}\n")
    return path


def test_hours_days_and_holidays_become_business_hours(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, '{hours: "08:00-16:00", days: [mon, sat], closed: [2026-03-02]}'))
    hours = slow_inputs(config).hours["shop"]
    assert hours.open_hours == (*range(8, 16), *range(5 * 24 + 8, 5 * 24 + 16))
    assert (hours.zone, hours.country, hours.closed) == ("Europe/Berlin", "DE", ("2026-03-02",))
    monday = local_minute("Europe/Berlin", 29_540_820) // 60  # 2026-03-02 12:00 in Berlin
    assert [hours.is_open(monday + 168 * week) for week in (-1, 0, 1)] == [True, False, True]


def test_a_warehouse_in_another_zone_that_knows_no_holidays(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "{zone: Asia/Shanghai, holidays: false}"))
    hours = slow_inputs(config).hours["shop"]
    assert (hours.zone, hours.country) == ("Asia/Shanghai", "")
    assert len(hours.open_hours) == 45


@pytest.mark.parametrize(
    ("warehouse", "says"),
    [
        ('{hours: "18:00-09:00"}', "hours must end after they begin"),
        ('{hours: "9-18"}', "hours"),
        ("{days: []}", "days"),
    ],
)
def test_an_impossible_warehouse_is_rejected(tmp_path: Path, warehouse: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_config(written(tmp_path, warehouse))
