"""The path of one event, as the architecture guide describes it, leads through files and functions that exist."""

import ast
import re

from tests.places import ROOT

GUIDE = ROOT / "deploy" / "docs" / "architecture.md"


def test_the_path_of_one_event_names_files_that_exist_and_know_of_it() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    stops = re.findall(r"^### \d+\. `([\w/]+\.py)`", text, re.MULTILINE)
    assert len(stops) > 9
    silent = [name for name in stops if "path of an event" not in (ast.get_docstring(tree_of(name)) or "")]
    assert silent == []


def test_each_stop_of_the_path_names_functions_that_its_file_has() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    stops = re.findall(r"^### \d+\. `([\w/]+\.py)`\n(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL)
    read = {name: re.findall(r"^\*\*Read:\*\* (.*)$", body, re.MULTILINE) for name, body in stops}
    assert [name for name, lines in read.items() if len(lines) != 1] == []
    lost = {
        f"{name}: {function}"
        for name, lines in read.items()
        for function in re.findall(r"`([\w.]+)`", lines[0])
        if function not in functions_of(name)
    }
    assert lost == set()


def tree_of(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


def functions_of(name: str) -> set[str]:
    """Functions of a file, and methods as ``Class.method``."""
    found = set()
    for node in tree_of(name).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{method.name}" for method in methods}
    return found
