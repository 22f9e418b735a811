"""The small changes that make mutants of a file: found in its syntax tree, named by what they change, compiled one at a time.

Changed are comparisons (``<`` to ``<=``, ``==`` to ``!=``, ``in``, ``is``), ``and``/``or``, ``not``, arithmetic, numbers, ``True``/``False``,
``min``/``max`` and their like, ``break``/``continue``; a call whose result nobody takes is left out. Left as they are: annotations,
decorators, texts, and flags that only ask for a check (``strict=``).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult,
    ast.Break: ast.Continue, ast.Continue: ast.Break,
}  # fmt: skip
_CALLED = {
    "min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum", "floor": "ceil",
    "ceil": "floor",
}  # fmt: skip
#: keywords whose value decides nothing but what is checked or copied
_FLAGS = {"strict", "copy", "slots", "frozen", "gc", "array_like"}
#: numbers from here on are doubled instead of raised by one: a setting that is one off is a matter of taste
_DOUBLED = 10
#: smaller numbers only keep a divisor from zero
_GUARD = 1e-6

Function = tuple[str, int]


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        path: the file, from the root of the project.
        place: which of the file's changes this is.
        line: where.
        function: name and first line of the outermost function around it; None outside of all functions.
        inner: the same of the innermost function.
        before: the smallest expression around the change, as it is.
        after: the same, changed.
        importers: the files of the core that import this one.
    """

    path: str
    place: int
    line: int
    function: Function | None
    inner: Function | None
    before: str
    after: str
    importers: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """The change in one line."""
        return f"{self.before}  →  {self.after}"

    def compiled(self, root: Path) -> CodeType:
        """The file with this change; its lines stay where they are."""
        tree = ast.parse((root / self.path).read_text(encoding="utf-8"))
        for place, change in enumerate(_changes(tree, (), None)):
            if place == self.place:
                change.make()
                return compile(ast.fix_missing_locations(tree), str(root / self.path), "exec")
        raise LookupError(self.text)


#: makes a change, and returns what takes it back
Make = Callable[[], Callable[[], None]]


@dataclass
class _Change:
    functions: tuple[Function, ...]
    node: ast.AST
    #: what is printed: the node, or what is around it
    shown: ast.AST
    make: Make


def mutants(root: Path, path: Path) -> Iterator[Mutant]:
    """All mutants of a file."""
    source = path.read_text(encoding="utf-8")
    name = str(path.relative_to(root))
    tree = ast.parse(source)
    importers = _importers(root, name)
    for place, change in enumerate(list(_changes(tree, (), None))):
        before, line = ast.unparse(change.shown), getattr(change.node, "lineno", 0)
        undo = change.make()
        after = "nothing" if isinstance(change.node, ast.Expr) else ast.unparse(change.shown)
        undo()
        functions = change.functions
        yield Mutant(
            name,
            place,
            line,
            functions[0] if functions else None,
            functions[-1] if functions else None,
            before,
            after,
            importers,
        )


@cache
def _importers(root: Path, name: str) -> frozenset[str]:
    """The files of the core that import from a file."""
    line = f"from {name.removesuffix('.py').removesuffix('/__init__').replace('/', '.')} import "
    paths = (root / "scoring").rglob("*.py")
    return frozenset(
        str(path.relative_to(root)) for path in paths if line in path.read_text(encoding="utf-8")
    )


def _changes(
    node: ast.AST, functions: tuple[Function, ...], around: tuple[ast.AST, str, int | None] | None
) -> Iterator[_Change]:
    """The changes at and below a node, in a fixed order; ``around`` is where the node hangs: parent, field, place in the field."""
    for shown, make in _of_node(node, around, bool(functions)):
        yield _Change(functions, node, shown, make)
    inside = functions
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        inside = (*functions, (node.name, first))
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "keywords") and not isinstance(
            node, ast.Call
        ):
            continue
        if isinstance(node, ast.keyword) and node.arg in _FLAGS:
            continue
        # what a function is given if nothing is given is worked out where it is defined
        within = inside if field == "body" else functions
        for at, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST):
                place = at if isinstance(value, list) else None
                yield from _changes(child, within, (node, field, place))


def _of_node(
    node: ast.AST, around: tuple[ast.AST, str, int | None] | None, is_in_function: bool
) -> Iterator[tuple[ast.AST, Make]]:
    """The changes of one node alone: the node to show, and what makes the change."""
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            if type(operator) in _SWAPPED:
                yield node, _setter(node.ops, at, _SWAPPED[type(operator)]())
    elif isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign):
        if type(node.op) in _SWAPPED and not _is_guard(node):
            yield node, _setter(node, "op", _SWAPPED[type(node.op)]())
    elif isinstance(node, ast.Constant):
        changed = _other_value(node.value)
        if changed is not None and around is not None:
            yield _shown(around[0], node), _setter(node, "value", changed)
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif around is not None and is_in_function:
        parent, field, place = around
        holder = parent if place is None else getattr(parent, field)
        key: str | int = field if place is None else place
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield (
                around[0] if isinstance(parent, ast.expr | ast.Return | ast.Assign) else node,
                _setter(holder, key, node.operand),
            )
        elif type(node) in (ast.Break, ast.Continue):
            yield node, _setter(holder, key, ast.copy_location(_SWAPPED[type(node)](), node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield node, _setter(holder, key, ast.copy_location(ast.Pass(), node))


def _of_call(node: ast.Call) -> Iterator[tuple[ast.AST, Make]]:
    called = node.func
    if isinstance(called, ast.Name) and called.id in _CALLED:
        yield node, _setter(called, "id", _CALLED[called.id])
    elif isinstance(called, ast.Attribute) and called.attr in _CALLED:
        yield node, _setter(called, "attr", _CALLED[called.attr])


def _shown(parent: ast.AST, node: ast.AST) -> ast.AST:
    """What a number is shown in."""
    return parent if isinstance(parent, ast.expr | ast.Assign | ast.AnnAssign | ast.Return) else node


def _is_guard(node: ast.AST) -> bool:
    """Whether what is added or taken away is next to nothing."""
    right = getattr(node, "right", None)
    return isinstance(right, ast.Constant) and isinstance(right.value, float) and 0 < right.value < _GUARD


def _other_value(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1 if value < _DOUBLED else value * 2
    if isinstance(value, float) and not 0 < abs(value) < _GUARD:
        return value * 2 if value else 1.0
    return None


def _setter(holder: object, key: str | int, value: object) -> Make:
    def put(value: object) -> None:
        if isinstance(key, str):
            setattr(holder, key, value)
        else:
            holder[key] = value  # type: ignore[index]

    def make() -> Callable[[], None]:
        before = getattr(holder, key) if isinstance(key, str) else holder[key]  # type: ignore[index]
        put(value)
        return lambda: put(before)

    return make
