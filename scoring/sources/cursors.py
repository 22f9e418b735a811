"""How far a resource has been read, and which window is asked for next. A cursor moves only past what is durable and complete.

    first_ms           until_ms                        now
       |──────────────────|───────────────|·············|
                     |────────────────────|
                     overlap   window      settle: rows of the last moments may not be there yet

A window begins before the cursor (``overlap_s``), since platforms show a change some time after its own timestamp, and since it is not
sure whether a window's edge belongs to it. What is asked twice is counted once: rows have natural identities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from scoring.errors import ScoringError
from scoring.funnel.units import DAY_MS

CURSOR_SCHEMA_VERSION = 1
#: days beyond those that are restated by which a row is asked for again that was another
_UNSURE_DAYS = 14
#: pages of one window at most; more is an endless walk
MAX_PAGES = 100_000
#: pages in a row with rows of which none is new: the list leads round, whatever its marks say
_MAX_STALE_PAGES = 3
#: pages in a row without rows; a bulk operation is looked at for half a day before it has one
_MAX_EMPTY_PAGES = 2000


class CursorGapError(ScoringError):
    """Raised when a cursor would move past what was never asked: a bug of the caller."""


class IncompleteWalkError(ScoringError):
    """Raised when the pages of a window do not make a whole: the window is asked again, and the cursor stays."""


class CursorState(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far one resource of a connection has been read.

    Attributes:
        until_ms: all that changed before is durable.
        first_ms: from where on it was read at all.
        mark: of a source that gives a mark instead of taking times: where to go on.
        newest_ms: the newest time of a row.
        asked_at_ms: when the last whole window was read.
        rows: rows read since the beginning.
        restated_ms: when the days that the source still restates were last asked for again.
        unsure_ms: the oldest row that was another then than before, without a change that the source names; 0 if there was none.
    """

    until_ms: int = 0
    first_ms: int = 0
    mark: str = ""
    newest_ms: int = 0
    asked_at_ms: int = 0
    rows: int = 0
    restated_ms: int = 0
    unsure_ms: int = 0
    schema_version: int = CURSOR_SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class PollPlan:
    """How a resource is asked for.

    Attributes:
        interval_s: between two polls that found everything read.
        window_s: the longest window the platform takes.
        overlap_s: how far a window begins before the cursor.
        settle_s: how young a change may be and still be missing.
        first_s: how far back the first window begins.
    """

    interval_s: float
    window_s: float = 86_400.0
    overlap_s: float = 600.0
    settle_s: float = 0.0
    first_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class PollWindow:
    """Half-open in time: [from_ms, to_ms). ``mark`` is where to go on in a source without times."""

    from_ms: int
    to_ms: int
    mark: str = ""


def next_window(state: CursorState, plan: PollPlan, now_ms: int) -> PollWindow | None:
    """The window to ask for now; None if everything up to the settled present has been read."""
    first_ms = state.first_ms or now_ms - round(plan.first_s * 1000)
    until_ms = max(state.until_ms, first_ms)
    to_ms = min(now_ms - round(plan.settle_s * 1000), until_ms + round(plan.window_s * 1000))
    if to_ms <= until_ms:
        return None
    return PollWindow(max(first_ms, until_ms - round(plan.overlap_s * 1000)), to_ms, state.mark)


def moved(
    state: CursorState, window: PollWindow, now_ms: int, *, rows: int, newest_ms: int, mark: str = ""
) -> CursorState:
    """The cursor after a whole window has become durable. It never goes back.

    Raises:
        CursorGapError: something between the cursor and the window was never asked.
    """
    if state.until_ms and window.from_ms > state.until_ms:
        raise CursorGapError(f"window begins at {window.from_ms}, the cursor is at {state.until_ms}")
    return msgspec.structs.replace(
        state,
        until_ms=max(state.until_ms, window.to_ms),
        first_ms=state.first_ms or window.from_ms,
        mark=mark or state.mark,
        newest_ms=max(state.newest_ms, newest_ms),
        asked_at_ms=now_ms,
        rows=state.rows + rows,
    )


def is_cut_short(window: PollWindow, plan: PollPlan, asked_ms: int) -> bool:
    """Whether a window ended where the platform takes no longer one, not at the present of when it was asked for: more is there to read."""
    return window.to_ms < asked_ms - round(plan.settle_s * 1000)


def is_behind(state: CursorState, plan: PollPlan, now_ms: int) -> bool:
    """Whether more than one window is left to read: the connection is catching up."""
    due_ms = now_ms - round((plan.settle_s + 2 * plan.interval_s) * 1000)
    return state.until_ms < due_ms - round(plan.window_s * 1000) or (
        not state.until_ms and plan.first_s > plan.window_s
    )


def restated_from(state: CursorState, restated_days: int, now_ms: int) -> int:
    """From where on a source is asked again for what it still restates.

    A row that was found to be another is asked for again, however old: the answer may have been wrong just when it was read.
    """
    begins_ms = now_ms - restated_days * DAY_MS
    return max(min(begins_ms, state.unsure_ms or begins_ms), begins_ms - _UNSURE_DAYS * DAY_MS)


class PageWalk:
    """The pages of one window, watched for what makes a walk worthless: a mark that comes again, fewer rows than were announced.

    Args:
        window: what is asked for.
    """

    def __init__(self, window: PollWindow) -> None:
        self.window = window
        self.pages = self.rows = self.repeated = 0
        #: of the rows that were another than before, the oldest; 0 if there was none
        self.unsure_ms = 0
        self._stale = self._empty = 0
        self._ids: set[Any] = set()
        self._marks: set[str] = set()
        self._totals: list[int] = []

    def take(self, ids: list[Any], mark: str, total: int | None) -> list[int]:
        """Note a page; the places of its rows that are new in this walk.

        Args:
            ids: what each row is recognised by (its id and its version).
            mark: of the next page; empty if this is the last.
            total: how many rows the platform says the window has; None if it does not.

        Raises:
            IncompleteWalkError: the walk leads nowhere.
        """
        self.pages += 1
        if total is not None:
            self._totals.append(total)
        if mark and mark in self._marks:
            raise IncompleteWalkError(f"page {self.pages} leads back to a page that was read already")
        if self.pages > MAX_PAGES:
            raise IncompleteWalkError(f"more than {MAX_PAGES:,} pages in one window")
        self._marks.add(mark)
        fresh = [place for place, one in enumerate(ids) if one not in self._ids]
        self._ids.update(ids)
        self._empty = 0 if ids else self._empty + 1
        self._stale = 0 if fresh else self._stale + bool(ids)
        if mark and (self._stale >= _MAX_STALE_PAGES or self._empty >= _MAX_EMPTY_PAGES):
            raise IncompleteWalkError(f"page {self.pages} leads on, and the last pages brought nothing new")
        self.rows += len(fresh)
        self.repeated += len(ids) - len(fresh)
        return fresh

    def check_whole(self) -> None:
        """See that the pages make a whole.

        Raises:
            IncompleteWalkError: rows are missing, or the list changed while it was read.
        """
        if not self._totals:
            return
        if min(self._totals) != max(self._totals):
            raise IncompleteWalkError(
                f"the list changed while it was read: {self._totals[0]} rows at first, {self._totals[-1]} at last"
            )
        if self.rows < self._totals[-1]:
            raise IncompleteWalkError(f"{self.rows} of {self._totals[-1]} rows arrived")
