"""The backtest command on files, run as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from scoring.detection.usual import UsualMethod
from streams.cli import backtest

START = np.datetime64("2026-01-05T00:00")
DAYS, TRAIN = 9, 8
DROP = (TRAIN * 1440 + 700, TRAIN * 1440 + 790)


@pytest.fixture(scope="module")
def counts() -> pa.Table:
    rng = np.random.default_rng(11)
    parts = []
    for store, clicks in (("big", 90), ("calm", 50)):
        n = rng.poisson(clicks * (1 + 0.4 * np.sin(np.arange(DAYS * 1440) / 1440 * 2 * np.pi)))
        a = np.zeros_like(n)
        for delay, share in enumerate((0.3, 0.4, 0.3)):
            a[delay:] += rng.binomial(n, 0.2 * share)[: len(n) - delay]
        if store == "big":
            a[DROP[0] : DROP[1]] = rng.binomial(a[DROP[0] : DROP[1]], 0.3)
        for stage, values in (("click", n), ("add_to_cart", a)):
            minute = np.nonzero(values)[0]
            parts.append(
                pa.table(
                    {
                        "store_id": pa.array([store] * len(minute)),
                        "minute": pa.array((START + minute.astype("timedelta64[m]")).astype("datetime64[s]")),
                        "stage": pa.array([stage] * len(minute)),
                        "count": pa.array(values[minute]),
                    }
                )
            )
    return pa.concat_tables(parts)


def run(*arguments: object) -> object:
    app = typer.Typer()
    backtest.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def alerts_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_planted_drop_is_the_only_alert_in_parquet_and_csv(counts: pa.Table, tmp_path: Path) -> None:
    pq.write_table(counts, tmp_path / "counts.parquet")
    pa_csv.write_csv(counts, tmp_path / "counts.csv")
    (tmp_path / "incidents.csv").write_text(f"store_id,start,end\nbig,{START + DROP[0]},{START + DROP[1]}\n")
    found = []
    for kind in ("parquet", "csv"):
        out = tmp_path / f"{kind}.jsonl"
        result = run(
            "--minutes", tmp_path / f"counts.{kind}", "--train-until", "2026-01-13", "--out", out,
            "--incidents", tmp_path / "incidents.csv",
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        assert "1 of 1 known incidents found (100%)" in result.output
        assert "0 false alerts" in result.output
        found.append(alerts_of(out))
    assert found[0] == found[1]
    (alert,) = found[0]
    opened = np.datetime64(alert["opened_at"].removesuffix("Z"))
    assert (alert["store_id"], alert["step"], alert["segment"], alert["level"]) == (
        "big",
        "click_to_add_to_cart",
        "",
        "page",
    )
    assert START + DROP[0] < opened <= START + DROP[0] + 6
    assert np.datetime64(alert["resolved_at"].removesuffix("Z")) < START + DROP[1] + 20
    assert alert["observed"] < alert["expected"]
    assert alert["opened_at"] <= alert["paged_at"] < alert["resolved_at"]
    figures = json.loads((tmp_path / "csv.summary.json").read_text())
    assert figures["tested_from"] == "2026-01-13T00:00:00Z"
    assert (figures["conversion"]["page"]["alerts"], figures["conversion"]["page"]["found"]) == (1, 1)


def test_data_held_back_or_missing_fires_nothing(counts: pa.Table, tmp_path: Path) -> None:
    held = START + np.arange(TRAIN * 1440 + 300, TRAIN * 1440 + 312).astype("timedelta64[m]")
    let_go = START + np.timedelta64(TRAIN * 1440 + 312, "m")
    missing = START + np.arange(TRAIN * 1440 + 450, TRAIN * 1440 + 456).astype("timedelta64[m]")
    minutes = counts["minute"].to_numpy().astype("datetime64[m]")
    minutes = np.where(np.isin(minutes, held), let_go, minutes)
    spoiled = counts.set_column(1, "minute", pa.array(minutes.astype("datetime64[s]")))
    spoiled = spoiled.filter(pa.array(~np.isin(minutes, missing)))
    pq.write_table(spoiled, tmp_path / "counts.parquet")
    out = tmp_path / "out.jsonl"
    result = run(
        "--minutes", tmp_path / "counts.parquet", "--train-until", "2026-01-13", "--out", out
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (alert,) = alerts_of(out)
    opened = np.datetime64(alert["opened_at"].removesuffix("Z"))
    assert alert["store_id"] == "big"
    assert START + DROP[0] < opened <= START + DROP[0] + 6


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("store_id,stage,count\na,click,1\n", "lacks a column of times"),
        ("time,amount\n2026-01-05T00:00,1\n", "lacks stage"),
        ("2026-01-05T00:00,click\n", "lacks a column of times and stage"),
        ("time,stage\n2026-01-05T00:00,sign_up\n", "(the file says 'sign_up')"),
        ("time,stage\nyesterday,click\n", "column time"),
        ("store_id,minute,stage,count\na,yesterday,click,1\n", "write times like"),
        ("store_id,minute,stage,count\na,2026-01-05T00:00,click,-1\n", "negative"),
        ("store_id,minute,stage,count\na,2026-01-05T00:00,click,1.5\n", "not whole numbers"),
        ("store_id,minute,stage,count\na,2026-01-05T00:00,favourite,1\n", "no row of any stage"),
        ("store_id,minute,stage,count,zone\na,2026-01-05T00:00,click,1,Mars/Base\n", "unknown zone"),
        ("", "cannot be read"),
    ],
)
def test_a_bad_file_is_rejected_with_its_reason(content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(content)
    result = run("--minutes", tmp_path / "bad.csv", "--train-until", "2026-01-13")
    assert result.exit_code == 2
    assert says in result.output


def test_a_training_end_outside_the_data_says_what_the_data_covers(counts: pa.Table, tmp_path: Path) -> None:
    pq.write_table(counts, tmp_path / "counts.parquet")
    result = run("--minutes", tmp_path / "counts.parquet", "--train-until", "2027-01-14")
    assert result.exit_code == 2
    assert "goes from 2026-01-05T00:00:00Z" in result.output


def small_shops(stores: list[str]) -> pa.Table:
    """Sixteen orders an hour in each shop, three of four paid within three minutes; half of the payments fail for an hour."""
    rng = np.random.default_rng(23)
    parts = []
    for store in stores:
        orders = rng.poisson(16 / 60, DAYS * 1440)
        paid, left = np.zeros_like(orders), rng.binomial(orders, 0.75)
        for delay in range(3):
            now = rng.binomial(left, 1 / (3 - delay))
            paid[delay:] += now[: len(now) - delay]
            left = left - now
        paid[DROP[0] : DROP[0] + 60] = rng.binomial(paid[DROP[0] : DROP[0] + 60], 0.5)
        for stage, values in (("order", orders), ("payment", paid)):
            minute = np.nonzero(values)[0]
            at = (START + minute.astype("timedelta64[m]")).astype("datetime64[s]")
            names, stages = [store] * len(minute), [stage] * len(minute)
            parts.append(
                pa.table({"store_id": names, "minute": at, "stage": stages, "count": values[minute]})
            )
    return pa.concat_tables(parts)


def test_pools_are_written_only_when_asked_for(tmp_path: Path) -> None:
    stores = [f"shop-{number}" for number in range(12)]
    pq.write_table(small_shops(stores), tmp_path / "counts.parquet")
    reported = {"stores": [{"id": store, "platform": "shopify"} for store in stores]}
    (tmp_path / "funnelwatch.yaml").write_text(json.dumps(reported))
    asked = ("--minutes", tmp_path / "counts.parquet", "--train-until", "2026-01-13T00:00Z")
    asked = (*asked, "--config", tmp_path / "funnelwatch.yaml", "--out", tmp_path / "alerts.jsonl")

    plain = run(*asked)
    assert plain.exit_code == 0, plain.output
    assert "pool" not in plain.output
    own = alerts_of(tmp_path / "alerts.jsonl")

    pooled = run(*asked, "--pools")
    assert pooled.exit_code == 0, pooled.output
    assert "pools: 1 judged, 1 alert," in pooled.output
    lines = alerts_of(tmp_path / "alerts.jsonl")
    assert lines[: len(own)] == own
    (alert,) = lines[len(own) :]
    assert (alert["store_id"], alert["kind"]) == ("pool:platform=shopify", "pooled")
    assert sorted(alert["members"]) == sorted(stores)
    opened = np.datetime64(alert["opened_at"].removesuffix("Z"))
    assert np.timedelta64(0, "m") < opened - (START + np.timedelta64(DROP[0], "m")) <= np.timedelta64(60, "m")


def test_times_without_an_offset_are_the_zones_and_the_report_is_in_its_time_and_language(
    counts: pa.Table, tmp_path: Path
) -> None:
    pq.write_table(counts, tmp_path / "counts.parquet")
    out = tmp_path / "alerts.jsonl"
    result = run(
        "--minutes", tmp_path / "counts.parquet", "--zone", "Asia/Shanghai", "--language", "zh",
        "--train-until", "2026-01-13", "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (alert,) = alerts_of(out)
    opened = np.datetime64(alert["opened_at"].removesuffix("Z"))
    assert DROP[0] < (opened - (START - np.timedelta64(8, "h"))) / np.timedelta64(1, "m") < DROP[1]
    assert "2026-01-13 00:00+08:00" in result.output
    for word in ("测试区间", "全店", "每店每周", "点击"):
        assert word in result.output
    assert "store-week" not in result.output


def test_a_zone_that_there_is_none_of_is_rejected_with_what_to_write(counts: pa.Table, tmp_path: Path) -> None:  # fmt: skip
    pq.write_table(counts, tmp_path / "counts.parquet")
    result = run("--minutes", tmp_path / "counts.parquet", "--zone", "Beijing")
    assert result.exit_code == 2
    assert "unknown zone 'Beijing'; use an IANA name such as Asia/Shanghai" in result.output


def test_other_methods_are_shown_next_to_the_product_at_no_more_alerts(
    counts: pa.Table, tmp_path: Path
) -> None:
    pq.write_table(counts, tmp_path / "counts.parquet")
    (tmp_path / "incidents.csv").write_text(f"store_id,start,end\nbig,{START + DROP[0]},{START + DROP[1]}\n")
    out = tmp_path / "found.jsonl"
    given = ("--minutes", tmp_path / "counts.parquet", "--train-until", "2026-01-13", "--out", out)
    result = run(*given, "--incidents", tmp_path / "incidents.csv", "--other-methods")
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "found.summary.json").read_text())["other_methods"]
    others = alerts_of(tmp_path / "found.others.jsonl")
    assert [row["method"] for row in figures] == list(UsualMethod)
    for row in figures:
        own = [alert for alert in others if alert["method"] == row["method"]]
        assert len(own) == row["alerts"] <= len(alerts_of(out)) == 1
        assert row["incidents"] == 1
    by_method = {row["method"]: row for row in figures}
    assert by_method["change_point"]["found"] == by_method["cusum"]["found"] == 1
    first = next(alert for alert in others if alert["method"] == "change_point")
    assert (first["store_id"], first["step"]) == ("big", "click_to_add_to_cart")
    assert np.datetime64(first["opened_at"].removesuffix("Z")) > START + DROP[0]
    assert "Next to other methods" in result.output
    assert "Bayesian change-point" in result.output
    chinese = run(*given, "--other-methods", "--language", "zh")
    assert "贝叶斯变点" in chinese.output
    run(*given)
    assert "other_methods" not in json.loads((tmp_path / "found.summary.json").read_text())


def test_a_method_whose_low_threshold_merges_the_drop_into_an_older_alert_gets_a_better_one(
    tmp_path: Path,
) -> None:
    rng, days, drop = np.random.default_rng(3), 7, slice(6 * 1440 + 700, 6 * 1440 + 790)
    clicks = rng.poisson(60 * (1 + 0.4 * np.sin(np.arange(days * 1440) / 1440 * 6.28)))
    carts = rng.binomial(clicks, 0.2)
    carts[drop] = rng.binomial(carts[drop], 0.4)
    minutes = START + np.arange(days * 1440).astype("timedelta64[m]")
    wide = pa.table({"minute": minutes.astype("datetime64[s]"), "click": clicks, "add_to_cart": carts})
    pq.write_table(wide, tmp_path / "shop.parquet")
    (tmp_path / "incidents.csv").write_text(
        f"store_id,start,end\nshop,{START + drop.start},{START + drop.stop}\n"
    )
    given = ("--minutes", tmp_path / "shop.parquet", "--train-until", "2026-01-11", "--other-methods")
    result = run(*given, "--incidents", tmp_path / "incidents.csv", "--out", tmp_path / "found.jsonl")
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "found.summary.json").read_text())["other_methods"]
    found = {row["method"]: (row["found"], row["false_alerts"]) for row in figures}
    assert found["cusum"] == found["cusum_by_volume"] == (1, 0)
