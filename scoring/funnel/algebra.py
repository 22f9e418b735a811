"""Stage algebra: which step carried the change of the whole, and how much of it is mix.

The last stage's count is a product, N_k = N_0 · Π r_i, so the log of its ratio to a reference is a sum with one part a step
(and one for the traffic N_0). Within a step the rate is a mean over segments, r = Σ w_g·r_g, and its change splits into

    r − r' = Σ (w_g − w'_g)·(r_g + r'_g)/2   (mix: other visitors)
           + Σ (r_g − r'_g)·(w_g + w'_g)/2   (rate: the same visitors did otherwise)

(Kitagawa 1955; Das Gupta 1993). Both are brought to the log scale by the logarithmic mean L(r, r') = (r − r')/ln(r/r'), and
log parts to counts by L(N_k, N'_k) (the additive logarithmic mean Divisia index, Ang 2005), so that everything adds up to
what is to be explained, without a rest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.funnel.stages import STAGES
from scoring.funnel.units import Z90

#: a count of nothing is taken for this
HALF = 0.5
#: a segment with fewer upstream events, now or then, is put to the others
_MIN_ENTERED = 20
#: more than this share of conversions in segments without upstream events: the split does not carry over the step
MAX_ORPHANED = 0.1

Counts = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class StepContribution:
    """A step's part (``step`` empty: the traffic's) in the change of the last stage.

    ``log_ratio`` is ln(rate now / rate then), ``low`` and ``high`` its 90 % interval from counting alone; ``mix`` and
    ``rate`` add up to it (None where segments do not carry over the step). ``events`` is the part in events of the last
    stage, ``share`` in its log change (None if the whole hardly changed).
    """

    step: str
    now: float
    then: float
    log_ratio: float
    low: float
    high: float
    mix: float | None
    rate: float | None
    events: float
    share: float | None


@dataclass(frozen=True, slots=True)
class Algebra:
    """The change of the last stage, from ``then`` to ``now`` events, and its parts in the order of the funnel."""

    stage: str
    now: float
    then: float
    log_ratio: float
    parts: tuple[StepContribution, ...]

    @property
    def carried_by(self) -> str | None:
        """The step whose part goes furthest in the direction of the whole; None without parts or where traffic leads."""
        if not self.parts:
            return None
        sign = -1.0 if self.log_ratio < 0 else 1.0
        return max(self.parts, key=lambda part: sign * part.log_ratio).step or None

    @property
    def mix_share(self) -> float | None:
        """The share of all mix in the change of the whole, None if it hardly changed or nothing is split."""
        mixes = [part.mix for part in self.parts if part.mix is not None]
        return sum(mixes) / self.log_ratio if mixes and abs(self.log_ratio) >= _MIN_CHANGE else None


#: a change of the whole smaller than this (log) is too small to be divided into shares
_MIN_CHANGE = 0.01


def logarithmic_mean(a: float, b: float) -> float:
    """L(a, b) = (a − b)/ln(a/b), a for a = b; both above 0."""
    if math.isclose(a, b, rel_tol=1e-9):
        return a
    return (a - b) / math.log(a / b)


def kitagawa(now: Sequence[tuple[float, float]], then: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The mix and the rate part of a rate's change (Kitagawa 1955); they add up to r − r'.

    Args:
        now: (entered, advanced) by segment, entered above 0.
        then: the same segments in the same order.
    """
    total_now, total_then = sum(n for n, _ in now), sum(n for n, _ in then)
    mix = rate = 0.0
    for (n, a), (m, b) in zip(now, then, strict=True):
        w, v, r, q = n / total_now, m / total_then, a / n, b / m
        mix += (w - v) * (r + q) / 2
        rate += (r - q) * (w + v) / 2
    return mix, rate


def decompose(now: Counts, then: Counts, last: str = "payment") -> Algebra | None:
    """The change of a stage from a reference period to now; None if either lacks it or there is no step before it.

    Args:
        now: {stage: {segment: events}}.
        then: the same of the reference.
        last: the stage to explain; a store without it is explained up to the last stage before it.
    """
    order = [stage.value for stage in STAGES]
    stages = [
        stage for stage in order[: order.index(last) + 1] if _total(now, stage) + _total(then, stage) > 0 and stage in then
    ]  # fmt: skip
    if len(stages) < 2:
        return None
    count, reference = ({stage: max(_total(side, stage), HALF) for stage in stages} for side in (now, then))
    end = stages[-1]
    whole = math.log(count[end] / reference[end])
    per_log = logarithmic_mean(count[end], reference[end])
    parts = [
        _part(
            "",
            count[stages[0]],
            reference[stages[0]],
            (count[stages[0]], reference[stages[0]]),
            None,
            whole,
            per_log,
        )
    ]
    for up, down in itertools.pairwise(stages):
        rates = count[down] / count[up], reference[down] / reference[up]
        split = _split(now, then, up, down)
        parts.append(_part(f"{up}_to_{down}", *rates, (count[down], reference[down]), split, whole, per_log))
    return Algebra(end, count[end], reference[end], whole, tuple(parts))


def _total(counts: Counts, stage: str) -> float:
    return float(sum(counts.get(stage, {}).values()))


def _part(
    step: str, now: float, then: float, events: tuple[float, float], split: tuple[float, float] | None, whole: float, per_log: float
) -> StepContribution:  # fmt: skip
    log_ratio = math.log(now / then)
    spread = Z90 * math.sqrt(1 / events[0] + 1 / events[1])
    mix = rate = None
    if split is not None:
        mean = logarithmic_mean(now, then)
        mix = split[0] / mean
        rate = log_ratio - mix
    return StepContribution(
        step,
        now,
        then,
        log_ratio,
        log_ratio - spread,
        log_ratio + spread,
        mix,
        rate,
        log_ratio * per_log,
        log_ratio / whole if abs(whole) >= _MIN_CHANGE else None,
    )


def _split(now: Counts, then: Counts, up: str, down: str) -> tuple[float, float] | None:
    """Mix and rate part of a step, None where the segments do not carry over it or there is only one."""
    sides = [(side.get(up, {}), side.get(down, {})) for side in (now, then)]
    names = sorted({name for entered, advanced in sides for name in (*entered, *advanced)})
    orphaned = sum(advanced.get(n, 0) for entered, advanced in sides for n in names if not entered.get(n, 0))
    if orphaned > MAX_ORPHANED * sum(sum(advanced.values()) for _, advanced in sides):
        return None
    large = [n for n in names if all(entered.get(n, 0) >= _MIN_ENTERED for entered, _ in sides)]
    groups: list[list[tuple[float, float]]] = []
    for entered, advanced in sides:
        own = [(float(entered[n]), float(advanced.get(n, 0))) for n in large]
        rest = (
            sum(entered.values()) - sum(n for n, _ in own),
            sum(advanced.values()) - sum(a for _, a in own),
        )
        groups.append([*own, rest])
    if any(side[-1][0] <= 0 for side in groups):  # the rest alone has no rate: it goes with the last segment
        groups = [_joined(side) for side in groups]
    now_groups, then_groups = groups
    return kitagawa(now_groups, then_groups) if len(now_groups) > 1 else None


def _joined(side: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The segments with the last two put together."""
    if len(side) < 2:
        return side
    (n, a), (m, b) = side[-2:]
    return [*side[:-2], (n + m, a + b)]
