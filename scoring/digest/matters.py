"""What a digest says of one incident: its size and money, where it is, since when, who has it and what to check.

Pure. Part of ``scoring/digest/sentences.py``, which says the digest as a whole.
"""

from __future__ import annotations

from scoring.alerts.alert import AlertKind, AlertLabel, Level
from scoring.alerts.routing import severity
from scoring.alerts.spend_note import note_of_spend
from scoring.digest import texts as texts
from scoring.digest.values import DigestIncident, StoreRow
from scoring.digest.worded import DigestContext, Said
from scoring.wording.alert_words import (
    ACKNOWLEDGED,
    ASSIGNED,
    LABEL_NAMES,
    OWNER_CHECK,
    SEVERITY_NAMES,
    alert_name,
)
from scoring.wording.card import Wording
from scoring.wording.catalogue import (
    OWNERS,
    arrivals_of,
    pool_name,
    segment_name,
)
from scoring.wording.checks import checks_for
from scoring.wording.figures import say_loss
from scoring.wording.source_note import note_of_source, trouble_in_words
from scoring.wording.spend_cards import spend_in_words, spend_into
from scoring.wording.text import Language


def say_matter(matter: DigestIncident | StoreRow, context: DigestContext) -> Said:
    """Something that matters today: an incident, or a store that is silent."""
    if isinstance(matter, StoreRow):
        return _silent(matter, context)
    wording, facts = context.wording, matter.facts
    language = wording.language
    lines = [_size(matter, wording)]
    where = _where(matter, wording)
    if where:
        lines.append(where)
    lines.append(_age(matter, context))
    check = next(iter(checks_for(facts.alert.step, facts.alert.kind, facts.alert.label)), None)
    if check is not None and facts.is_open:
        lines.append(OWNER_CHECK(language, owner=OWNERS[check.owner](language), check=check.text(language)))
    return Said(
        title=incident_title(matter, language),
        lines=tuple(lines),
        tone=_tone(matter),
        url=context.alert_url(facts.alert.alert_id),
    )


def incident_title(incident: DigestIncident, language: Language) -> str:
    """What the incident is: whose, and what changed."""
    return f"{_name(incident, language)} · {_what(incident, language)}"


def _name(incident: DigestIncident, language: Language) -> str:
    """The store, or what the stores of a pool share."""
    return pool_name(incident.facts.alert.store_id, language) or incident.store.name


def _what(incident: DigestIncident, language: Language) -> str:
    alert = incident.facts.alert
    return alert_name(alert.kind, alert.step, language)


def _tone(incident: DigestIncident) -> str:
    if not incident.facts.is_open:
        return "good"
    return "bad" if incident.facts.alert.level is Level.PAGE else "mild"


def _silent(row: StoreRow, context: DigestContext) -> Said:
    language = context.wording.language
    last = context.wording.clock(row.store.last_seen_ms or 0, context.zone)
    check = OWNER_CHECK(
        language, owner=OWNERS[texts.SILENT_CHECK.owner](language), check=texts.SILENT_CHECK.text(language)
    )
    return Said(
        title=texts.SILENT_TITLE(language, store=row.store.name),
        lines=(texts.SILENT_TEXT(language, last=last), check),
        tone="bad",
        url=context.store_url(row.store.store_id),
    )


def _size(incident: DigestIncident, wording: Wording) -> str:
    alert, language = incident.facts.alert, wording.language
    note = note_of_source(alert.kind, alert.note)
    if note is not None:
        return trouble_in_words(alert, note, language)
    spend = note_of_spend(alert.kind, alert.note)
    if spend is not None:
        return f"{spend_in_words(spend, wording)}{'；' if language == 'zh' else '; '}{spend_into(spend, wording)}"
    arrivals = arrivals_of(alert.step)
    if alert.lost <= 0 or alert.kind is AlertKind.SURGE:
        return texts.SEEN(
            language,
            span=wording.span(alert.window_minutes),
            count=arrivals.counted(wording.count(alert.observed), language),
            expected=wording.count(alert.expected),
        )
    text = (texts.LOST_IN_DAYS if alert.kind is AlertKind.DRIFT else texts.LOST)(
        language,
        span=wording.span(alert.window_minutes),
        lost=arrivals.missing(wording.count(alert.lost), language),
        low=wording.count(max(0.0, alert.lost_low)),
        high=wording.count(alert.lost_high),
    )
    return text + say_loss(incident.money, wording)


def _where(incident: DigestIncident, wording: Wording) -> str:
    alert, language = incident.facts.alert, wording.language
    parts = []
    top = max(alert.contributions, key=lambda c: c.share, default=None)
    if top is not None and top.share >= 0.2:
        parts.append(
            texts.MAINLY(
                language,
                segment=segment_name(top.segment, language, [part.segment for part in alert.contributions]),
                share=wording.percent(round(top.share, 2)),
            )
        )
    if alert.label is not AlertLabel.UNKNOWN:
        parts.append(LABEL_NAMES[alert.label].begun()(language))
    return ("；" if language == "zh" else ". ").join(parts)


def _age(incident: DigestIncident, context: DigestContext) -> str:
    wording, facts = context.wording, incident.facts
    language, alert = wording.language, facts.alert
    since = wording.clock(alert.opened_at_ms, context.zone)
    if not facts.is_open:
        end_ms = alert.resolved_at_ms or alert.at_ms
        return texts.LASTED(language, since=since, age=wording.span((end_ms - alert.opened_at_ms) / 60_000))
    text = texts.SINCE(
        language, since=since, age=wording.span((context.made_ms - alert.opened_at_ms) / 60_000)
    )
    return text + ("；" if language == "zh" else "; ") + _people(incident, language)


def _people(incident: DigestIncident, language: Language) -> str:
    facts = incident.facts
    if facts.assignee:
        return ASSIGNED(language, who=facts.assignee)
    if facts.acknowledged_by:
        return ACKNOWLEDGED(language, who=facts.acknowledged_by)
    return texts.UNCLAIMED(language)


def say_incident(incident: DigestIncident, context: DigestContext) -> Said:
    """A line of the list of open incidents."""
    language = context.wording.language
    alert = incident.facts.alert
    lost = incident.money.base if incident.money else None
    how_bad = severity(alert.level.value, alert.kind.value, lost, context.critical_money, alert.label.value)
    title = f"{SEVERITY_NAMES[how_bad](language)} · {_name(incident, language)} · {_what(incident, language)}"
    return Said(title, (_age(incident, context),), _tone(incident), context.alert_url(alert.alert_id))
