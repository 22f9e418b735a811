"""How the name of a segment is made of its dimensions' values, and the names that are none of those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scoring.funnel.stages import is_of_page

OTHER = "other"
MISSING = "-"
#: joins the dimensions' values in a segment's name
JOINT = "/"
#: what is counted and shown, but neither judged nor learned from: events of known bots, and those marked as set apart
BOTS = "[bots]"
MARKED = "[set apart]"
SET_APART = (BOTS, MARKED)
#: orders that no page of the shop led to, with all that becomes of them: of agents, and all others. They are counted and judged
#: from the order on, and are in no step that begins with what a page reports
AGENTS = "[agents]"
NO_PAGE = "[no page]"
PAGELESS = (AGENTS, NO_PAGE)
#: the mark (``set_apart``) of an event of such an order, and the segment it is counted in
PAGELESS_MARK = "without_page"
PAGELESS_MARKS: Mapping[str, str] = {PAGELESS_MARK: NO_PAGE, f"{PAGELESS_MARK}:agent": AGENTS}
#: older releases counted bots in segments of their own, under the default dimensions
_BOTS_BEFORE = f"bot{JOINT}"


def segment_name(values: Sequence[str]) -> str:
    """The uncapped name of the segment with these dimension values; empty without dimensions (the whole store)."""
    return JOINT.join(value or MISSING for value in values)


def is_set_apart(segment: str) -> bool:
    """Whether what is counted under this name is neither judged nor learned from."""
    return segment in SET_APART or segment.startswith(_BOTS_BEFORE)


def takes_part(segment: str, upstream: str) -> bool:
    """Whether what is counted under this name is part of a step that begins with the stage ``upstream``."""
    return segment not in PAGELESS or not is_of_page(upstream)


def takes_part_sql(upstream: str) -> str:
    """The same of an event, as a condition on its mark: also false for what is set apart from every step."""
    marks = ("", *PAGELESS_MARKS) if takes_part(NO_PAGE, upstream) else ("",)
    return f"set_apart IN ({', '.join(repr(mark) for mark in marks)})"
