"""No test waits by a bare number: a crowded machine made seven of them fail, and each by a deadline of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests import deadlines
from tests.places import ROOT
from tests.trees import nodes_of, python_files

TESTS = ROOT / "tests"
#: measurements have limits of their own
APART = {"bench"}
#: what may be written as a number all the same: (file, expression) → why
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("streams/notifier/test_notifier.py", "2.0"): "waits in order to see that nothing comes",
    (
        "streams/transport/test_transport.py",
        "3600",
    ): "a moment far ahead that is handed to the code, not waited for",
    ("faults/proxy.py", "seconds"): "how long a fault lasts",
}
#: below this many seconds a wait is the pace of a loop
PACE_S = 1.0
PARAMETERS = {"wait_s", "timeout_s", "limit_s", "seconds"}


def is_bare(given: ast.expr) -> bool:
    """A number, or a name of one, that no factor has been put to."""
    if isinstance(given, ast.Constant):
        return isinstance(given.value, int | float) and given.value >= PACE_S
    return isinstance(given, ast.Name) and (given.id.isupper() or given.id in PARAMETERS)


def name_of(called: ast.expr) -> str:
    return ast.unparse(called) if isinstance(called, ast.Name | ast.Attribute) else "." + called_name(called)


def called_name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else ""


def is_a_clock(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and name_of(node.func).endswith(("monotonic", "time.time"))


def is_text(called: ast.expr) -> bool:
    """Whether it is a method of a literal, as ``", ".join``."""
    return isinstance(called, ast.Attribute) and isinstance(called.value, ast.Constant)


def limits(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a node that bound how long something may take."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and is_a_clock(node.left):
        yield node.right
    if (
        isinstance(node, ast.Compare)
        and isinstance(node.ops[0], ast.Lt | ast.LtE)
        and isinstance(node.left, ast.BinOp)
        and is_a_clock(node.left.left)
    ):
        yield node.comparators[0]
    if not isinstance(node, ast.Call):
        return
    name, last = name_of(node.func), called_name(node.func)
    yield from (
        word.value for word in node.keywords if word.arg == "timeout" or name.endswith("ClientTimeout")
    )
    waits = {"wait", "join", "result", "set_default_timeout"} if not is_text(node.func) else set()
    is_of_something_else = len(node.args) > 2  # a segment that waits for a name, not a test for a process
    if name == "asyncio.timeout" or (last in waits and not is_of_something_else):
        yield from node.args[:1]
    if name == "asyncio.wait_for":
        yield from node.args[1:2]
    if name == "asyncio.to_thread" and node.args and called_name(node.args[0]) == "wait":
        yield from node.args[1:2]


def lacks_a_limit(node: ast.AST) -> bool:
    """A question by httpx that would wait for its own five seconds."""
    methods = {"get", "post", "put", "delete", "request", "stream", "Client", "AsyncClient"}
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) == "httpx"
        and node.func.attr in methods
        and not any(word.arg in {"timeout", None} for word in node.keywords)
    )


def bare_in(nodes: Iterable[ast.AST]) -> Iterator[ast.expr]:
    for node in nodes:
        yield from (given for given in limits(node) if is_bare(given))
        if lacks_a_limit(node):
            assert isinstance(node, ast.Call)
            yield node


def files_of_tests() -> list[Path]:
    return [path for path in python_files("tests") if path.relative_to(TESTS).parts[0] not in APART]


def test_no_test_waits_by_a_bare_number() -> None:
    found, unused = [], set(EXCEPTIONS)
    for path in files_of_tests():
        name = path.relative_to(TESTS).as_posix()
        for given in bare_in(nodes_of(path)):
            place = (name, ast.unparse(given))
            unused.discard(place)
            if place not in EXCEPTIONS:
                found.append(f"{name}:{given.lineno}: {place[1]}")
    assert not found, "put tests.deadlines.within() around:\n" + "\n".join(found)
    assert not unused, "exceptions that are not needed any more"


@pytest.mark.parametrize(
    "line",
    [
        "httpx.get(url)",
        "process.wait(10)",
        "deadline = monotonic() + 40",
        "async with asyncio.timeout(DEADLINE_S): pass",
        "tab.wait_for(timeout=8000)",
    ],
)
def test_what_a_bare_number_looks_like(line: str) -> None:
    assert list(bare_in(ast.walk(ast.parse(f"async def test():\n    {line}"))))


@pytest.mark.parametrize(
    "line", ["httpx.get(url, timeout=within(5))", "over.wait(0.05)", "monotonic() + within(40)"]
)
def test_what_is_none(line: str) -> None:
    assert not list(bare_in(ast.walk(ast.parse(line))))


def test_a_deadline_grows_with_the_crowd_and_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_DEADLINE_FACTOR", raising=False)
    monkeypatch.setattr(deadlines, "_SPEED", 1.0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    for load, wanted in ((0.5, 10.0), (2.0, 10.0), (6.0, 30.0), (500.0, 100.0)):
        monkeypatch.setattr("os.getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert deadlines.within(10) == wanted
    monkeypatch.setenv("TEST_DEADLINE_FACTOR", "4")
    assert deadlines.within(10) == 40
    assert deadlines.within_ms(10) == 40_000
