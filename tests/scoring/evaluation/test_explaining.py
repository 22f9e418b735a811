"""The published script recomputes every score from its explanation, to the last digit, with the standard library alone."""

from __future__ import annotations

import ast
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from scoring.evaluation.evaluating import evaluate_store
from scoring.evaluation.explaining import explain
from tests.fixtures.evaluation import store_of
from tests.places import ROOT

SCRIPT = ROOT / "deploy" / "docs" / "recompute.py"


def recomputed(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(SCRIPT)]
    return subprocess.run(command, input=path.read_text("utf-8"), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("quality", [-0.4, 0.3])
def test_every_score_is_recomputed_to_the_last_digit(tmp_path: Path, quality: float) -> None:
    evaluation = evaluate_store(store_of(21, quality))
    path = tmp_path / "explained.json"
    path.write_text(json.dumps(explain(evaluation)), "utf-8")
    said = recomputed(path)
    # own and peers: 27 indicators, 6 dimensions, 1 health; nothing of a benchmark
    assert (said.stdout, said.returncode) == ("68 scores recomputed, 0 differ\n", 0)


def test_a_score_that_was_changed_by_hand_is_found(tmp_path: Path) -> None:
    explained = explain(evaluate_store(store_of(21)))
    explained["indicators"]["returns.refunds"]["against"]["own"]["score"]["value"] += 1e-9
    path = tmp_path / "explained.json"
    path.write_text(json.dumps(explained), "utf-8")
    said = recomputed(path)
    assert (said.stdout, said.returncode) == ("68 scores recomputed, 1 differ\n", 1)


def test_what_has_no_score_says_why_and_has_no_number(tmp_path: Path) -> None:
    bare = dataclasses.replace(store_of(21), figures={}, own={})
    explained = explain(evaluate_store(bare))
    reasons = {one["against"]["own"]["lack"]["reason"] for one in explained["indicators"].values()}
    assert reasons == {"no_source"}
    assert explained["scores"]["own"]["health"]["score"] is None
    path = tmp_path / "explained.json"
    path.write_text(json.dumps(explained), "utf-8")
    assert recomputed(path).stdout == "0 scores recomputed, 0 differ\n"


def test_the_script_has_at_most_40_lines_and_uses_the_standard_library_alone() -> None:
    text = SCRIPT.read_text("utf-8")
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) <= 40
    tree = ast.parse(text)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"json", "math", "sys"}
