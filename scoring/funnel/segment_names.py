"""How the name of a segment is made of its dimensions' values, and the two names for none and for the rest."""

from __future__ import annotations

from collections.abc import Sequence

OTHER = "other"
MISSING = "-"
#: joins the dimensions' values in a segment's name
JOINT = "/"


def segment_name(values: Sequence[str]) -> str:
    """The uncapped name of the segment with these dimension values; empty without dimensions (the whole store)."""
    return JOINT.join(value or MISSING for value in values)
