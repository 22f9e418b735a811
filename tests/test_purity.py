"""The core stays pure: nothing under scoring/ may reach for input, output, clocks, logs or the shell."""

import ast
import sys
from pathlib import Path

from tests.places import ROOT
from tests.trees import nodes_of, python_files

CORE = ROOT / "scoring"
ALLOWED = {
    "__future__", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib",
    "itertools", "math", "operator", "re", "typing", "unicodedata", "zoneinfo", "bisect", "heapq", "struct", "base64",
    "numpy", "scipy", "msgspec", "holidays", "re2", "scoring", "array", "statistics", "string", "json", "types", "abc", "copy", "difflib", "csv", "zlib", "hmac", "binascii", "html",
}  # fmt: skip


#: of packages that also do input and output: what is pure in them
PURE_PARTS = {"urllib.parse"}


def imported_packages(path: Path) -> set[str]:
    nodes = nodes_of(path)
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in (plain | froms) - PURE_PARTS}


def test_the_core_imports_only_what_is_pure() -> None:
    files = python_files("scoring")
    assert files
    strangers = {str(path.relative_to(CORE)): imported_packages(path) - ALLOWED for path in files}
    assert {name: extra for name, extra in strangers.items() if extra} == {}


def test_the_core_reads_no_clock() -> None:
    texts = {str(path.relative_to(CORE)): path.read_text() for path in python_files("scoring")}
    readers = [
        name for name, text in texts.items() if ".now(" in text or ".today(" in text or "utcnow" in text
    ]
    assert readers == []
    assert sys.version_info >= (3, 11)
