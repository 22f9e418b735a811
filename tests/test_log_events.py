"""Log events are words of one table: every event logged is in it, and every event in it is logged."""

import ast
import re
from collections.abc import Iterator

from streams.log_events import LOG_EVENTS
from tests.places import ROOT
from tests.trees import nodes_of, python_files

LEVELS = frozenset({"debug", "info", "warning", "error", "critical", "exception"})


def logged() -> Iterator[tuple[str, str]]:
    """Place and event of every call of a logger; the event as source if it is not literal."""
    for path in python_files("streams"):
        inside = path.relative_to(ROOT / "streams")
        for node in nodes_of(path):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
            ):
                if not re.search(r"\b_?log(ger)?\b", ast.unparse(node.func.value)):
                    continue
                event = node.args[0] if node.args else None
                known = isinstance(event, ast.Constant) and isinstance(event.value, str)
                yield (
                    f"streams/{inside}:{node.lineno}",
                    event.value if known else ast.unparse(node),  # type: ignore[union-attr]
                )


def test_every_event_logged_is_in_the_table() -> None:
    assert [f"{place}: {event}" for place, event in logged() if event not in LOG_EVENTS] == []


def test_every_event_in_the_table_is_logged() -> None:
    assert sorted(set(LOG_EVENTS) - {event for _, event in logged()}) == []


def test_events_are_named_in_snake_case_and_described() -> None:
    assert [name for name in LOG_EVENTS if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name)] == []
    assert [name for name, meaning in LOG_EVENTS.items() if not meaning.endswith(".")] == []
