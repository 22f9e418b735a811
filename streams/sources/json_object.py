"""An object of a platform's body, each value read as what it must be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scoring.sources.json_paths import MISSING
from scoring.sources.json_values import (
    UnreadableValueError,
    answer_of,
    is_given,
    moment_of,
    money_of,
    shown,
    text_of,
    whole_of,
)


class JsonObject:
    """An object of a body: each value read as what it must be.

    Raises:
        UnreadableValueError: it is not an object.
    """

    __slots__ = ("values",)

    def __init__(self, values: Any) -> None:
        if not isinstance(values, dict):
            raise UnreadableValueError(f"expected an object, got {shown(values)}")
        self.values: dict[str, Any] = values

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def at(self, *names: str) -> Any:
        """The value at a path of names, MISSING if it ends before."""
        found: Any = self.values
        for name in names:
            found = found.get(name, MISSING) if isinstance(found, dict) else MISSING
        return found

    def text(self, *names: str) -> str:
        """An id or a word; empty for nothing."""
        return text_of(self.at(*names), ".".join(names))

    def moment(self, *names: str) -> int:
        """A time; where one has no offset it is UTC."""
        return moment_of(self.at(*names), ".".join(names), "UTC")

    def money(self, *names: str) -> str:
        """Decimal text."""
        return money_of(self.at(*names), ".".join(names))

    def whole(self, *names: str) -> int:
        """A whole number."""
        return whole_of(self.at(*names), ".".join(names))

    def answer(self, *names: str) -> bool | None:
        """Yes, no or unknown."""
        return answer_of(self.at(*names), ".".join(names))

    def rows(self, *names: str) -> Iterator[JsonObject]:
        """The objects of a list; none where there is no list."""
        found = self.at(*names)
        if is_given(found) and not isinstance(found, list):
            raise UnreadableValueError(f"`{'.'.join(names)}`: expected a list, got {shown(found)}")
        yield from (JsonObject(one) for one in (found if isinstance(found, list) else ()))
