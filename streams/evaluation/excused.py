"""Periods that a store is not compared with: it was closed for a good part of them, or people said that their days are unlike others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scoring.calendar.effects import DAY, DayEffect, DayRules, local_date
from scoring.evaluation.decoys import DECOY_BY_KIND
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.rules import DecoyKind
from scoring.evaluation.spans import span_name
from scoring.wording.text import Bilingual
from streams.clickhouse.reader import Row
from streams.evaluation.signal_decoys import closed_share
from streams.evaluation.words import CLOSED_FOR, SUPPRESSED_FOR

#: the rules of an instance, or the periods that a report left out, by name
Excusing = DayRules | Mapping[str, Bilingual]
#: nobody said anything of any day
NO_RULES = DayRules({}, {})
#: from this part of a period on nothing is compared with it: what would take a finding's place cannot be the usual
EXCUSED_SHARE = DECOY_BY_KIND[DecoyKind.SHOP_CLOSED].instead


def excused_periods(
    store: str, spans: Sequence[EvaluationSpan], signals: Sequence[Row], rules: Excusing
) -> dict[str, Bilingual]:
    """The periods to leave out of the comparison, by name, and why.

    Args:
        store: its id.
        spans: those that it would be compared with.
        signals: of ``read_signal_rows``, for all of them.
        rules: days on which alerts are held back are excused, by the store's calendar or by an entry of people's own.
    """
    if not isinstance(rules, DayRules):
        return {name: why for name, why in rules.items() if name in {span_name(span) for span in spans}}
    found = {}
    for span in spans:
        share, names = _suppressed(store, span, rules)
        closed = closed_share(signals, span)
        if closed >= EXCUSED_SHARE:
            found[span_name(span)] = CLOSED_FOR.both(share=f"{closed:.0%}")
        elif share >= EXCUSED_SHARE:
            found[span_name(span)] = SUPPRESSED_FOR.both(share=f"{share:.0%}", names=names)
    return found


def _suppressed(store: str, span: EvaluationSpan, rules: DayRules) -> tuple[float, str]:
    """The part of a period's days that are excused, and by what."""
    first, end = (
        datetime.fromtimestamp(at / 1000, ZoneInfo(span.zone)).date() for at in (span.start_ms, span.end_ms)
    )
    held = [
        one
        for one in rules.spans(store, first, end - timedelta(days=1))
        if one.effect is DayEffect.SUPPRESS and one.last - one.first >= DAY
    ]
    days = {first + timedelta(days=at) for at in range((end - first).days)}
    covered = {
        day for one in held for day in days if local_date(one.first) <= day <= local_date(one.last - 1)
    }
    return len(covered) / len(days), ", ".join(dict.fromkeys(one.name for one in held))
