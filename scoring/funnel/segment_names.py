"""How the name of a segment is made of its dimensions' values, and the names that are none of those."""

from __future__ import annotations

from collections.abc import Sequence

OTHER = "other"
MISSING = "-"
#: joins the dimensions' values in a segment's name
JOINT = "/"
#: what is counted and shown, but neither judged nor learned from: events of known bots, and those marked as set apart
BOTS = "[bots]"
MARKED = "[set apart]"
SET_APART = (BOTS, MARKED)
#: older releases counted bots in segments of their own, under the default dimensions
_BOTS_BEFORE = f"bot{JOINT}"


def segment_name(values: Sequence[str]) -> str:
    """The uncapped name of the segment with these dimension values; empty without dimensions (the whole store)."""
    return JOINT.join(value or MISSING for value in values)


def is_set_apart(segment: str) -> bool:
    """Whether what is counted under this name is neither judged nor learned from."""
    return segment in SET_APART or segment.startswith(_BOTS_BEFORE)
