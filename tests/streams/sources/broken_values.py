"""Bodies with one value broken: what platforms have sent in place of what they document."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

#: not there at all
GONE = object()
#: null, empty, another type, another form of money, numbers and times that are text, a time in milliseconds
BROKEN: tuple[Any, ...] = (
    GONE, None, "", [], {}, 7, -3, 1.5, True, "zz", [None], ["zz"], "1,234.50", "€ 12,30", "-12.30", "NaN", 10**30, "123456789012",
    1_793_500_000_000, "1793500000000", "<html>",
)  # fmt: skip

Path = tuple[str | int, ...]


def places(content: Any, before: Path = ()) -> Iterator[Path]:
    """The places of a body with a value; of each list the first one."""
    parts: Any = content.items() if isinstance(content, dict) else ()
    if isinstance(content, list):
        parts = list(enumerate(content[:1]))
    for name, one in parts:
        yield (*before, name)
        yield from places(one, (*before, name))


def broken(content: Any) -> Iterator[tuple[Path, Any]]:
    """The body with each of its values broken in each way, and where."""
    for place in places(content):
        for value in BROKEN:
            body = copy.deepcopy(content)
            holder = body
            for name in place[:-1]:
                holder = holder[name]
            if value is GONE:
                del holder[place[-1]]
            else:
                holder[place[-1]] = value
            yield place, body
