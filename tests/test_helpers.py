"""What tests share lies in modules of its own: a test module that another imports drags its tests and set-up along."""

import ast
import re
from importlib import import_module
from importlib.util import find_spec

from tests.places import ROOT
from tests.trees import nodes_of, python_files

TESTS = ROOT / "tests"


def test_no_test_module_is_imported() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{node.lineno}: {node.module}"
        for path in python_files("tests")
        for node in nodes_of(path)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("tests.")
        and any(
            name.startswith("test_")
            for name in [*(node.module or "").split("."), *(a.name for a in node.names)]
        )
    ]
    assert found == []


def test_what_programs_within_tests_import_exists() -> None:
    """A renamed module left a notifier that ended at once, and a test that waited three minutes for it."""
    found = []
    for path in python_files("tests"):
        texts = [
            node.value
            for node in nodes_of(path)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        for module, names in re.findall(
            r"\bfrom ((?:scoring|streams|tests)\b[\w.]*) import (\w+(?:, \w+)*)", "\n".join(texts)
        ):
            found += [
                f"{path.relative_to(TESTS)}: {module}.{name}"
                for name in names.split(", ")
                if not is_there(module, name)
            ]
    assert found == []


def is_there(module: str, name: str) -> bool:
    """Whether a module of ours has a name, or a module below it has."""
    try:
        return hasattr(import_module(module), name) or find_spec(f"{module}.{name}") is not None
    except ModuleNotFoundError:
        return False
