"""The slow step in a digest: who is behind with parcels. Judged and said here, for its hours are not minutes.

A slow step is scored once a business hour of the warehouse (``scoring/detection/slow.py``): what arrived in the hour against what
was due by then of the payments of the days before. So its expectation is that of the scores, not what the period's own
payments would lead to, and its change is not multiplied with those of the fast steps.
"""

from __future__ import annotations

from collections.abc import Iterable

from scoring.digest import texts as texts
from scoring.digest.values import DigestStore, SlowRow, StepSums
from scoring.digest.worded import DigestContext, Said
from scoring.funnel.stages import is_fast
from scoring.wording.text import Language

#: a warehouse is called behind from this share on, as for alerts: smaller ones missing are not surprising
BEHIND_SHARE = 0.25
MAX_SLOW = 10


def slow_sums(store: DigestStore, *, before: bool = False) -> StepSums | None:
    """The sums of the store's slow step (that of the most business hours), None if it has none."""
    steps = store.steps_before if before else store.steps
    slow = [sums for step, sums in steps.items() if not is_fast(step) and sums.expected > 0]
    return max(slow, key=lambda sums: sums.minutes, default=None)


def slow_rows(stores: Iterable[DigestStore]) -> tuple[SlowRow, ...]:
    """The stores whose slow step was measured, those behind first, by the share that is missing."""
    rows = []
    for store in stores:
        sums = slow_sums(store)
        if sums is None:
            continue
        ratio = sums.ratio
        is_behind = (ratio is not None and ratio <= 1.0 - BEHIND_SHARE) or (
            sums.breaches > 0 and sums.observed < sums.expected
        )
        rows.append(SlowRow(store, sums, is_behind))
    return tuple(
        sorted(rows, key=lambda r: (not r.is_behind, r.sums.observed / r.sums.expected, r.store.store_id))
    )


def say_slow(rows: tuple[SlowRow, ...], context: DigestContext) -> tuple[tuple[Said, ...], str]:
    """One item a store that is behind, and a line about the others (empty if no store has a slow step)."""
    language = context.wording.language
    behind = [row for row in rows if row.is_behind]
    few = sum(not row.is_behind and row.sums.ratio is None for row in rows)
    fine = len(rows) - len(behind) - few
    parts = []
    if len(behind) > MAX_SLOW:
        parts.append(texts.SLOW_MORE(language, n=len(behind) - MAX_SLOW))
    if fine:
        parts.append(texts.SLOW_FINE(language, n=fine))
    if few:
        parts.append(texts.SLOW_FEW(language, n=few))
    said = tuple(_behind(row, context) for row in behind[:MAX_SLOW])
    return said, ("" if language == "zh" else " ").join(parts)


def slow_detail(store: DigestStore, context: DigestContext) -> str:
    """What the stores table says of a store that is behind; empty for the others."""
    behind = [row for row in slow_rows([store]) if row.is_behind]
    return _change(behind[0], context) if behind else ""


def _change(row: SlowRow, context: DigestContext) -> str:
    change = context.wording.signed_percent(row.sums.observed / row.sums.expected - 1.0)
    return texts.SLOW_CHANGE(context.wording.language, change=change)


def _behind(row: SlowRow, context: DigestContext) -> Said:
    wording, sums = context.wording, row.sums
    language: Language = wording.language
    lines = [
        texts.SLOW_SIZE(
            language,
            observed=wording.count(sums.observed),
            expected=wording.count(sums.expected),
            hours=wording.count(sums.minutes),
        )
    ]
    if sums.breaches:
        lines.append(texts.SLOW_BREACHES(language, n=wording.count(sums.breaches)))
    url = context.store_url(row.store.store_id)
    return Said(f"{row.store.name} · {_change(row, context)}", tuple(lines), "bad", url)
