"""A small mutation run over the pure core: ``make mutants`` (a sample) or ``python -m tests.mutation.mutate --most 200``.

A mutant is one file with one comparison, ``and``/``or``, sign or small number changed; it is killed if the tests of its folder
fail. Own code, because mutmut and cosmic-ray copy the whole project a mutant or want their own runner, and the tests here import
the tree they are in: each mutant is a copy of ``scoring/`` alone, put before the tree on ``PYTHONPATH``.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.deadlines import within
from tests.places import ROOT

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
}  # fmt: skip
#: seconds until a mutant that does not end counts as killed
_PATIENCE_S = 180


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, what was changed, and the changed source, for each place of ``source``."""
    places = sum(1 for node in ast.walk(ast.parse(source)) if _changed(node) is not None)
    for place in range(places):
        tree = ast.parse(source)
        found = [(node, change) for node in ast.walk(tree) if (change := _changed(node)) is not None]
        node, change = found[place]
        for name, value in change.items():
            setattr(node, name, value)
        yield getattr(node, "lineno", 0), ", ".join(change), ast.unparse(tree)


def _changed(node: ast.AST) -> dict[str, object] | None:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPPED:
        return {"ops": [_SWAPPED[type(node.ops[0])](), *node.ops[1:]]}
    if isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in _SWAPPED:
        return {"op": _SWAPPED[type(node.op)]()}
    if isinstance(node, ast.Constant) and type(node.value) is int and 0 <= node.value < 1000:
        return {"value": node.value + 1}
    return None


def is_killed(module: Path, mutated: str, tests: Path) -> bool:
    """True if the tests fail, or do not end, with ``module`` replaced by ``mutated``."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(
            ROOT / "scoring", Path(folder) / "scoring", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copytree(ROOT / "tests", Path(folder) / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("streams", "pyproject.toml"):
            (Path(folder) / name).symlink_to(ROOT / name)
        (Path(folder) / module.relative_to(ROOT)).write_text(mutated)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            str(tests.relative_to(ROOT)),
        ]
        try:
            run = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": folder},
                capture_output=True,
                timeout=within(_PATIENCE_S),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True
        return run.returncode != 0


def main() -> None:
    """Run a sample and print what survived and the share that was killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=60, help="Mutants to run at most.")
    parser.add_argument("--seed", type=int, default=1, help="Seed of the sample.")
    parser.add_argument("--folder", default="", help="One folder of scoring/ only, such as counting.")
    given = parser.parse_args()
    chosen = []
    for module in sorted((ROOT / "scoring" / given.folder).rglob("*.py")):
        tests = ROOT / "tests" / module.relative_to(ROOT).parent
        if tests.is_dir():
            chosen += [(module, tests, mutant) for mutant in mutants(module.read_text())]
    random.Random(given.seed).shuffle(chosen)
    killed = 0
    for number, (module, tests, (line, what, mutated)) in enumerate(chosen[: given.most], 1):
        dead = is_killed(module, mutated, tests)
        killed += dead
        print(
            f"{number:4} {'killed  ' if dead else 'SURVIVED'} {module.relative_to(ROOT)}:{line} {what}",
            flush=True,
        )
    print(f"{killed} of {min(given.most, len(chosen))} killed, of {len(chosen)} possible")


if __name__ == "__main__":
    main()
