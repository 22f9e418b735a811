"""What scoring gives back for one closed minute: a row per store-step and segment.

On the path of an event: made by ``scoring/detection``, published by ``streams/monitor``, landed as table ``scores``.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from scoring.funnel.units import MINUTE_MS


class ScoreState(StrEnum):
    """Whether a number can be trusted, in one word."""

    NORMAL = "normal"
    BREACH = "breach"
    NOT_ENOUGH_DATA = "not_enough_data"
    NO_BASELINE = "no_baseline"
    MISSING_STAGE = "missing_stage"
    DATA_LATE = "data_late"


#: part of a span's minutes that must have an expectation before the span's sum is compared with one
FULL_COVERAGE = 0.95
#: minutes of its own history from which a store has a baseline of its own
OWN_HISTORY_MINUTES = 120
#: a stage, or a store, without one event for this long is called not supplied, not silent
SUPPLY_DAYS = 28
#: a score older than this says nothing about the present
SCORE_MAX_AGE_MS = 15 * MINUTE_MS


def no_expectation_sql(expected: str = "expected") -> str:
    """SQL: whether a score has no expectation, so that its minute is in no sum of expectations."""
    return (
        f"(state IN ('{ScoreState.NO_BASELINE}', '{ScoreState.MISSING_STAGE}')"
        f" OR (state = '{ScoreState.NOT_ENOUGH_DATA}' AND {expected} = 0))"
    )


#: SQL of what the band of a sum is made of: the squared distances of its bounds, of which the root is taken over all minutes. A lower
#: bound of zero is cut off there and hides its spread; the upper side is used for it
SQUARED_BELOW_SQL = "sum(pow(greatest(if(low <= 0, high - expected, expected - low), 0), 2))"
SQUARED_ABOVE_SQL = "sum(pow(greatest(high - expected, 0), 2))"


class ScoreRow(msgspec.Struct, frozen=True, gc=False):
    """The score of one store-step (and segment; empty for the whole store) in one minute.

    ``observed``, ``expected``, ``low`` and ``high`` (99 % predictive interval) are downstream arrivals of this minute.
    ``surprise`` is −log10 of the smallest tail probability over the look-back windows; ``window_minutes``,
    ``window_observed`` and ``window_expected`` say which window that was. ``sample`` is the exposure (upstream
    events behind the window). ``version`` grows with each correction of the row. ``baseline`` is what the baseline
    alone expected of this minute, before what the wobble's filter added (0 where the minute is not believed), and
    ``baseline_variance`` the variance of its log: pools of stores are made of them (``scoring/detection/pools.py``).
    """

    store_id: str
    minute_ms: int
    step: str
    segment: str
    observed: float
    expected: float
    low: float
    high: float
    surprise: float
    sample: float
    state: ScoreState
    window_minutes: int = 1
    window_observed: float = 0.0
    window_expected: float = 0.0
    version: int = 0
    baseline: float = 0.0
    baseline_variance: float = 0.0


class MinuteRow(msgspec.Struct, frozen=True, gc=False):
    """The counts of one (store, minute, segment), one number a stage in the order of ``STAGES``.

    ``as_of`` is the offset of the last source record counted in it. ``taken_back`` says how many of a page's orders were
    counted in it and count elsewhere now: sum of the counts + 2 × ``taken_back`` grows with every change.
    """

    store_id: str
    minute_ms: int
    segment: str
    counts: tuple[int, int, int, int, int, int, int]
    as_of: int
    taken_back: int = 0


class WindowRow(msgspec.Struct, frozen=True, gc=False):
    """A store's rolling stage counts over the ``window_minutes`` that end at ``minute_ms`` + 1 minute."""

    store_id: str
    minute_ms: int
    window_minutes: int
    counts: tuple[int, int, int, int, int, int, int]
