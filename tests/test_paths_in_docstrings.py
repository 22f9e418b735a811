"""Every file named in a docstring or a comment exists, so that whoever follows a pointer arrives."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.places import ROOT
from tests.trees import nodes_of, python_files

FOLDERS = ("scoring", "streams", "deploy", "tests")
#: a file by its suffix, or a folder or module below one of ours
FILE = re.compile(
    r"(?<![\w/.*}{<$-])((?:[\w.-]+/)*[\w-]+\.(?:py|yml|yaml|toml|sql|md|sh|html|j2|js|mjs|css))(?![\w/*])"
)
FOLDER = re.compile(r"(?<![\w/.])((?:scoring|streams|deploy|tests)(?:/\w+)+)(?![\w/.*{-])")
#: names that a person chooses or that another program makes
ELSEWHERE = frozenset({"funnelwatch.yaml", "deploy/clickhouse/NNN_name.sql"})


def prose(path: Path) -> Iterator[str]:
    """Docstrings and comments of a Python file."""
    source = path.read_text(encoding="utf-8")
    for node in nodes_of(path):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
    if not any("#" in line and (FILE.search(line) or FOLDER.search(line)) for line in source.splitlines()):
        return  # taking a file apart costs more than everything else here
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def is_there(name: str, path: Path) -> bool:
    """Whether ``name`` is a file from the root, from a package's top, from the folder of ``path`` or above."""
    places = [ROOT, *path.parents[: len(path.relative_to(ROOT).parents)]]
    return name in ELSEWHERE or any(
        (place / name).exists() or (place / f"{name}.py").exists() for place in places
    )


def test_every_path_named_in_a_docstring_or_comment_exists() -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in python_files(*FOLDERS)
        for text in prose(path)
        for name in (*FILE.findall(text), *FOLDER.findall(text))
        if not is_there(name, path)
    ]
    assert missing == []
