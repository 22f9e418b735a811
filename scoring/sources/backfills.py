"""A backfill: a range of the past that is read next to what is live, part by part, with its progress.

What is wanted (by a person) and how far it has got (by the role) are two things: the wish can be paused, changed and withdrawn while the
work goes on, and a restart continues after the last part that is durable.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from scoring.funnel.units import DAY_MS
from scoring.sources.cursors import PollWindow

#: days that one backfill may ask for
MAX_BACKFILL_DAYS = 800
#: days of the past that a new connection reads next to what is live
PAST_DAYS = 90


class BackfillState(StrEnum):
    """Where a backfill is."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"


class BackfillWish(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person asked for.

    Attributes:
        backfill_id: names it.
        resource: of the source; empty for all that have a past.
        from_ms, to_ms: half-open.
        paused: waits until it is resumed.
        at_ms, who: when and by whom it was asked for.
    """

    backfill_id: str
    resource: str
    from_ms: int
    to_ms: int
    paused: bool = False
    at_ms: int = 0
    who: str = ""


class BackfillProgress(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a backfill of one resource has got. It works from the newest part to the oldest: what is asked about first is recent.

    Attributes:
        down_to_ms: all of the range from here on is durable; ``to_ms`` of the wish at first.
        rows: read so far.
        begun_ms, worked_s: for the estimate of what is left.
        error: what keeps it from going on.
    """

    backfill_id: str
    resource: str
    down_to_ms: int
    rows: int = 0
    begun_ms: int = 0
    worked_s: float = 0.0
    done_ms: int = 0
    error: str = ""


def begun(wish: BackfillWish, resource: str, now_ms: int) -> BackfillProgress:
    """The progress of a backfill that has not read anything yet."""
    return BackfillProgress(wish.backfill_id, resource, wish.to_ms, begun_ms=now_ms)


def next_part(
    wish: BackfillWish, progress: BackfillProgress, window_s: float, past_window_s: float = 0.0
) -> PollWindow | None:
    """The part to read now; None if all is read.

    A part is a day, less where the platform takes no day at once, or ``past_window_s`` where it has a way of its own for history.
    """
    if progress.down_to_ms <= wish.from_ms:
        return None
    width_ms = round(past_window_s * 1000) or min(DAY_MS, round(window_s * 1000))
    return PollWindow(max(wish.from_ms, progress.down_to_ms - width_ms), progress.down_to_ms)


def went_on(
    progress: BackfillProgress, part: PollWindow, wish: BackfillWish, rows: int, took_s: float, now_ms: int
) -> BackfillProgress:
    """The progress after a part has become durable."""
    return msgspec.structs.replace(
        progress,
        down_to_ms=part.from_ms,
        rows=progress.rows + rows,
        worked_s=progress.worked_s + took_s,
        done_ms=now_ms if part.from_ms <= wish.from_ms else 0,
        error="",
    )


def share_done(wish: BackfillWish, progress: BackfillProgress) -> float:
    """Between 0 and 1."""
    whole = wish.to_ms - wish.from_ms
    return 1.0 if whole <= 0 else (wish.to_ms - progress.down_to_ms) / whole


def days_done(wish: BackfillWish, progress: BackfillProgress) -> tuple[int, int]:
    """Days read and days in all, begun ones counted whole."""
    whole = -(-(wish.to_ms - wish.from_ms) // DAY_MS)
    return min(whole, -(-(wish.to_ms - progress.down_to_ms) // DAY_MS)), whole


def left_s(wish: BackfillWish, progress: BackfillProgress) -> float | None:
    """Seconds that the rest will take at the pace so far; None before the first part is done."""
    share = share_done(wish, progress)
    return None if share <= 0 or not progress.worked_s else progress.worked_s * (1 - share) / share


def state_of_backfill(wish: BackfillWish, progress: BackfillProgress | None) -> BackfillState:
    """Where it is."""
    if progress is not None and progress.done_ms:
        return BackfillState.DONE
    if wish.paused:
        return BackfillState.PAUSED
    if progress is None:
        return BackfillState.WAITING
    return BackfillState.FAILED if progress.error else BackfillState.RUNNING
