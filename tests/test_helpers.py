"""What tests share lies in modules of its own: a test module that another imports drags its tests and set-up along."""

import ast

from tests.places import ROOT

TESTS = ROOT / "tests"


def test_no_test_module_is_imported() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{node.lineno}: {node.module}"
        for path in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("tests.")
        and any(
            name.startswith("test_")
            for name in [*(node.module or "").split("."), *(a.name for a in node.names)]
        )
    ]
    assert found == []
