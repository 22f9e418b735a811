"""``funnelwatch evaluate``: a page and an explanation from files alone, and what is wrong in a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from tests.fixtures.exports import written
from tests.places import ROOT


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("exports"))


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["evaluate", *map(str, words)])
    return result.exit_code, result.output


def test_a_folder_gives_a_page_and_an_explanation_that_anybody_recomputes(
    exports: Path, tmp_path: Path
) -> None:
    explained = tmp_path / "explained.json"
    code, said = run(
        exports,
        "--zone",
        "Asia/Shanghai",
        "--out",
        tmp_path / "out",
        "--language",
        "en",
        "--explain",
        explained,
    )
    assert (code, "2026-07-01/2026-07-31" in said) == (0, True)
    assert "Store evaluation" in (tmp_path / "out" / "evaluation.html").read_text("utf-8")
    script = [sys.executable, "-I", "-S", str(ROOT / "deploy" / "docs" / "recompute.py")]
    done = subprocess.run(
        script, input=explained.read_text("utf-8"), capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith(" 0 differ\n")
    assert not done.stdout.startswith("0 ")


def test_the_page_is_written_in_the_language_that_was_asked_for_and_as_data(
    exports: Path, tmp_path: Path
) -> None:
    code, _ = run(
        exports, "--zone", "Asia/Shanghai", "--out", tmp_path, "--format", "html", "--format", "json"
    )
    assert code == 0
    assert "店铺评价" in (tmp_path / "evaluation.html").read_text("utf-8")
    assert (tmp_path / "evaluation.json").read_text("utf-8").startswith("{")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no/such/folder"], "no such file or folder"),
        ([".", "--zone", "Mars/Base"], "unknown zone 'Mars/Base'"),
        ([".", "--currency", "GOLD"], "unknown currency 'GOLD'"),
    ],
)
def test_what_cannot_be_used_is_said_with_what_was_expected(words: list[str], said: str) -> None:
    code, output = run(*words)
    assert code == 1
    assert said in output


def test_a_folder_without_orders_or_reports_says_why_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("remember the milk\n", "utf-8")
    code, output = run(tmp_path, "--out", tmp_path / "out")
    assert code == 1
    assert "notes.txt: " in output
    assert not (tmp_path / "out").exists()
