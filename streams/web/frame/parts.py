"""The parts of a page, each read on its own: a question without an answer takes its own part away, and no other."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

from scoring.wording.text import joined
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.web.frame.reader import PageReader

T = TypeVar("T")


async def unless_late(late: dict[str, str], part: str, asked: Awaitable[T]) -> T | None:
    """One part of a page; None if ClickHouse does not answer it, which is then noted in ``late`` with the reason.

    ``part`` is the word of the page that names it.
    """
    try:
        return await asked
    except ClickHouseUnreachableError as error:
        late[part] = str(error)
        return None


def late_parts(late: dict[str, str], reader: PageReader) -> dict[str, Any]:
    """What the macro ``late_note`` needs: the reasons, and the parts by name."""
    return {"late": late, "late_names": joined(reader.language, map(reader.word, late))}
