"""``import --json`` prints one object a file, and each has every key that others may rely on."""

from __future__ import annotations

import importlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.import_runs import run_record
from streams.imports.runs import ImportRun, ImportState

NAMED = {
    "file", "layout", "sure", "store", "rows", "left_out", "orders", "paid", "shipped", "cancelled", "units", "money", "first_day",
    "last_day", "zone", "report_rows", "repeats", "questions", "import_id",
}  # fmt: skip
ORDERS = "Order ID,Created at,Status,Total,Currency\n1001,2026-03-01 10:00:00,shipped,9.90,EUR\n"
REPORT = "Date,Sessions,Page views,Orders\n2026-03-01,12,30,2\n2026-03-02,14,31,1\n"
app = typer.Typer()
importlib.import_module("streams.cli.import").register(app)
app.callback()(lambda: None)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "orders.csv").write_text(ORDERS)
    (folder / "page.csv").write_text("<!DOCTYPE html><html>Sign in</html>")
    (folder / "empty.csv").write_text("Order ID,Date,Total\n")
    with zipfile.ZipFile(folder / "two.zip", "w") as package:
        package.writestr("orders.csv", ORDERS)
        package.writestr("report.csv", REPORT)
    return folder


def printed(tmp_path: Path, *words: str) -> list[dict[str, Any]]:
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    (data / "funnelwatch.yaml").write_text("stores:\n  - {id: s, currency: EUR, zone: Europe/Berlin}\n")
    result = CliRunner().invoke(app, ["import", *words, "--json", "--data", str(data)])
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_file_has_every_named_key(tmp_path: Path, files: Path) -> None:
    records = printed(tmp_path, str(files), "--dry-run", "--store", "s")
    assert len(records) == 5
    assert [sorted(NAMED - record.keys()) for record in records] == [[]] * 5
    assert {bool(record["error"]) for record in records} == {True, False}
    assert any(record["questions"] for record in records)
    assert [record["report_rows"] for record in records if record["file"].endswith("report.csv")] == [6]


def test_a_suggestion_has_them_and_so_has_none(tmp_path: Path, files: Path) -> None:
    good, bad = (printed(tmp_path, "suggest", str(files / name))[0] for name in ("orders.csv", "page.csv"))
    assert not NAMED - good.keys()
    assert not NAMED - bad.keys()
    assert "columns:" in good["mapping"]
    assert bad["mapping"] is None


@pytest.mark.parametrize("state", list(ImportState))
def test_an_import_of_the_list_and_an_undone_one_have_them_too(state: ImportState) -> None:
    run = ImportRun(import_id="imp-1", store_id="s", file="a.csv", layout="shopify-orders", state=state)
    record = run_record(run)
    assert not NAMED - record.keys()
    assert (record["store"], record["state"], record["first_day"]) == ("s", state, None)
