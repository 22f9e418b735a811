"""Files and functions stay of a size that can be read at once; exceptions end in Error and hang below the two trees.

What is larger has its reason: a file in its own docstring, a function in the list below, which can only shrink.
"""

import ast
import functools
from collections import Counter
from pathlib import Path

from tests.places import ROOT
from tests.trees import nodes_of, python_files, tree_of

MAX_LINES, MAX_LINES_OF_A_FUNCTION, MAX_CHARACTERS_OF_A_TEMPLATE_LINE = 400, 60, 200
#: of each file of a connector: what is longer has something that belongs into the frame
MAX_LINES_OF_A_CONNECTOR = 250
#: how the opening docstring of a longer file begins its reason
REASON = "Past 400 lines"
LONG_FUNCTIONS = {
    # the loop of counting: a call costs a tenth of what counting an event takes
    "scoring/counting/partition.py: count",
}
ROOTS_OF_EXCEPTIONS = frozenset({"ScoringError", "FunnelwatchError"})


@functools.cache
def modules() -> dict[str, Path]:
    """Every file of both packages by its name."""
    return {str(path.relative_to(ROOT)): path for path in python_files("scoring", "streams")}


def templates() -> list[Path]:
    return [path for suffix in ("html", "j2") for path in sorted((ROOT / "streams").rglob(f"*.{suffix}"))]


def test_a_long_file_gives_its_reason_at_the_top() -> None:
    without = {
        name
        for name, path in modules().items()
        if path.read_text("utf-8").count("\n") > MAX_LINES
        and REASON not in (ast.get_docstring(tree_of(path)) or "")
    }
    assert sorted(without) == []


def lines_without_tables(path: Path) -> int:
    """The lines of a file but for its tables: what is assigned at its top level."""
    tables = (node for node in tree_of(path).body if isinstance(node, ast.Assign | ast.AnnAssign))
    text = path.read_text("utf-8")
    return text.count("\n") - sum((node.end_lineno or 0) - node.lineno + 1 for node in tables)


def test_a_part_of_a_connector_has_at_most_250_lines_without_its_tables() -> None:
    # files and json_api read any layout: no platform is connected by them
    parts = [
        path
        for path in (ROOT / "streams/sources").glob("*/*.py")
        if path.parent.name not in ("files", "json_api")
    ]
    assert len(parts) > 100
    long = {str(path.relative_to(ROOT)): lines_without_tables(path) for path in parts}
    assert {name: lines for name, lines in long.items() if lines > MAX_LINES_OF_A_CONNECTOR} == {}


def test_no_function_is_longer_than_a_page() -> None:
    long = {
        f"{name}: {node.name}"
        for name, path in modules().items()
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MAX_LINES_OF_A_FUNCTION
    }
    assert long == LONG_FUNCTIONS


def test_no_line_of_a_template_needs_scrolling() -> None:
    assert templates()
    wide = {
        str(path.relative_to(ROOT))
        for path in templates()
        for line in path.read_text(encoding="utf-8").splitlines()
        if len(line) > MAX_CHARACTERS_OF_A_TEMPLATE_LINE
    }
    assert sorted(wide) == []


def test_no_class_name_is_used_twice() -> None:
    names = Counter(
        node.name
        for path in modules().values()
        for node in tree_of(path).body
        if isinstance(node, ast.ClassDef)
    )
    assert sorted({name for name, count in names.items() if count > 1}) == []


def test_every_exception_hangs_below_one_of_the_two_trees() -> None:
    bases = {
        node.name: [ast.unparse(base).rpartition(".")[2] for base in node.bases]
        for path in modules().values()
        for node in nodes_of(path)
        if isinstance(node, ast.ClassDef)
    }

    def is_below(name: str, roots: frozenset[str]) -> bool:
        return name in roots or any(is_below(base, roots) for base in bases.get(name, []) if base != name)

    library = frozenset({"Exception", "BaseException", "OSError", "RuntimeError", "ValueError", "TypeError"})
    exceptions = {name for name in bases if is_below(name, library | ROOTS_OF_EXCEPTIONS)}
    assert len(exceptions) > 30
    assert sorted(name for name in exceptions if not is_below(name, ROOTS_OF_EXCEPTIONS)) == []
    assert sorted(name for name in exceptions if not name.endswith("Error")) == []
