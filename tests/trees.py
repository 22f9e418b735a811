"""Python files of the project as syntax trees, parsed once a process: a dozen tests look at all of them."""

import ast
import functools
import gc
from pathlib import Path

from tests.places import ROOT


@functools.cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """Every Python file below the named folders, in the order of their names."""
    return tuple(path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """The tree of a file. Without looking for garbage, of which parsing makes none: it would take three quarters of the time."""
    looking = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.freeze()  # nor later: the trees are kept
        if looking:
            gc.enable()


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a file, as ``ast.walk`` gives them."""
    return tuple(ast.walk(tree_of(path)))
