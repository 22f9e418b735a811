"""Where a value is in a JSON document: ``data.orders[0].id``, ``lines[*].price``, ``["key.with.dots"]``; ``$`` is the whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from scoring.errors import ScoringError

_STEP = re.compile(r"""\.?([^.\[\]"$]+)|\[(\d{1,6})\]|\[(\*)\]|\["((?:[^"\\]|\\.)*)"\]""")
LONGEST_PATH = 300


class JsonPathError(ScoringError):
    """Raised for a text that is not a path; the configuration reports it."""


class _Missing:
    """Nothing is there: not the same as null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path, ready to be followed. A step is a key, an index, or ``*`` for each item of a list."""

    text: str
    steps: tuple[str | int | None, ...]

    def of(self, value: Any) -> Any:
        """What is there in ``value``: ``MISSING`` if nothing, a list if the path has ``[*]``."""
        return _followed(value, self.steps)


def json_path(text: str) -> JsonPath:
    """The path that ``text`` writes.

    Raises:
        JsonPathError: it is not a path.
    """
    rest = text.strip()
    if len(rest) > LONGEST_PATH:
        raise JsonPathError(f"a path has at most {LONGEST_PATH} characters")
    whole, rest = rest, rest.removeprefix("$").removeprefix(".") if rest.startswith("$") else rest
    steps: list[str | int | None] = []
    at = 0
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None or (rest[at] == "." and at == 0):
            raise JsonPathError(
                f'{text!r} is not a path; expected one such as data.orders[0].id, lines[*].price or ["a.key"]'
            )
        key, index, every, quoted = match.groups()
        steps.append(
            int(index) if index else None if every else re.sub(r"\\(.)", r"\1", quoted) if quoted else key
        )
        at = match.end()
    if not whole:
        raise JsonPathError("a path is empty; `$` is the whole document")
    return JsonPath(whole, tuple(steps))


def _followed(value: Any, steps: tuple[str | int | None, ...]) -> Any:
    for place, step in enumerate(steps):
        if step is None:
            if not isinstance(value, list):
                return MISSING
            found = (_followed(item, steps[place + 1 :]) for item in value)
            return [item for item in found if item is not MISSING]
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return MISSING
            value = value[step]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return MISSING
    return value
