"""Whether the data of a digest's period is complete, and how far it was checked: two things that are not each other.

Data is missing in hours without any event in which a week before there were plenty. A store whose history was imported, or that is new,
has its data and may not be checked yet.
"""

from __future__ import annotations

from scoring.digest import texts as texts
from scoring.digest.judging import checked_share
from scoring.digest.values import CHECKED_SHARE, Digest, StoreRow, Verdict
from scoring.digest.worded import DigestContext
from scoring.wording.catalogue import REASON_NAMES
from scoring.wording.text import Language, joined

_NAMED = 3
_WITHOUT_DATA = (Verdict.SILENT, Verdict.NO_DATA)


def say_data(digest: Digest, context: DigestContext) -> tuple[str, ...]:
    """The lines about the data of the period."""
    wording, facts = context.wording, digest.facts
    language = wording.language
    with_data = [row for row in digest.rows if row.verdict not in _WITHOUT_DATA]
    gaps = sorted((row for row in with_data if row.store.silent_hours), key=lambda r: -r.store.silent_hours)
    lines = []
    if with_data:
        complete = (
            texts.ALL_COMPLETE if len(gaps) == 0 == len(digest.rows) - len(with_data) else texts.COMPLETE
        )
        whole = len(with_data) - len(gaps)
        lines.append(complete(language, complete=whole, all=len(digest.rows)) + _checked(digest, context))
    else:
        lines.append(texts.NOTHING_CAME(language))
    missing = [
        texts.GAP(language, store=row.store.name, span=wording.span(row.store.silent_hours * 60))
        for row in gaps
    ]
    if missing:
        lines.append(_listed(missing, language))
    partly = _partly_checked(with_data, context)
    if partly:
        lines.append(texts.UNCHECKED(language, stores=_listed(partly, language)))
    for verdict, text in ((Verdict.SILENT, texts.SILENT_STORES), (Verdict.NO_DATA, texts.NEW_STORES)):
        names = [row.store.name for row in digest.rows if row.verdict is verdict]
        if names:
            lines.append(text(language, stores=joined(language, _cut(names, 8))))
    rejected = sum(facts.rejected.values())
    if rejected:
        names_of = {reason.value: name for reason, name in REASON_NAMES.items()}
        worst = sorted(facts.rejected.items(), key=lambda item: -item[1])[:3]
        reasons = [f"{names_of[r](language) if r in names_of else r} {wording.count(n)}" for r, n in worst]
        lines.append(texts.REJECTED(language, n=wording.count(rejected), reasons=joined(language, reasons)))
    return tuple(lines)


def _checked(digest: Digest, context: DigestContext) -> str:
    until = max((row.store.scored_until_ms or 0 for row in digest.rows), default=0)
    language = context.wording.language
    if not until:
        return texts.NOTHING_SCORED(language)
    clock = context.wording.clock(min(until, digest.facts.to_ms), context.zone)
    return texts.CHECKED_UNTIL(language, until=clock)


def _partly_checked(rows: list[StoreRow], context: DigestContext) -> list[str]:
    """The stores that were not checked throughout, those least checked first; new ones and imports are learning, and said so."""
    when, wording = context.occurrence, context.wording
    minutes = (when.to_ms - when.from_ms) / 60_000
    shares = [(checked_share(row.store, when.from_ms, when.to_ms), row) for row in rows]
    if not any(share for share, _ in shares):
        return []  # nothing was checked at all, which is said in the line before
    few = [(share, row) for share, row in shares if share < CHECKED_SHARE]
    few = [(share, row) for share, row in few if row.verdict is not Verdict.LEARNING]
    few.sort(key=lambda pair: pair[0])
    return [
        texts.UNCHECKED_STORE(
            wording.language, store=row.store.name, span=wording.span((1 - share) * minutes)
        )
        for share, row in few
    ]


def _listed(parts: list[str], language: Language) -> str:
    shown = parts[:_NAMED]
    if len(parts) > _NAMED:
        shown.append(texts.GAPS_MORE(language, n=len(parts) - _NAMED))
    return joined(language, shown) + ("。" if language == "zh" else ".")


def _cut(names: list[str], most: int) -> list[str]:
    return names if len(names) <= most else [*names[:most], f"… +{len(names) - most}"]
