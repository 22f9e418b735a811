"""What an alert of a connection says: its trouble, its owner and the platform's own words, kept in the alert's ``note``."""

from __future__ import annotations

import msgspec

from scoring.alerts.alert import AlertKind, AlertRecord
from scoring.wording.text import Language, Text
from scoring.wording.troubles import TROUBLES, Trouble

#: the step of every alert of a connection: it is none of the funnel's
SOURCE_STEP = "source"
_SAID = Text("{connection}：{what}", "{connection}: {what}")


class SourceNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of ``note``. ``over`` says why an alert ended, if not because all is well."""

    trouble: Trouble
    source: str = ""
    owner: str = ""
    detail: str = ""
    over: Trouble = Trouble.NONE


def write_note(note: SourceNote) -> str:
    """For ``AlertTransition.note``."""
    return msgspec.json.encode(note).decode()


def note_of_source(kind: str, note: str) -> SourceNote | None:
    """The note of an alert of a connection; None for any other, and for one that another release wrote."""
    if kind != AlertKind.SOURCE:
        return None
    try:
        return msgspec.json.decode(note, type=SourceNote)
    except (msgspec.MsgspecError, ValueError):
        return None


def trouble_in_words(alert: AlertRecord, note: SourceNote, language: Language) -> str:
    """The connection and what is wrong with it: ``shop-api: Access is denied``."""
    what = TROUBLES[note.trouble][0](language) if note.trouble in TROUBLES else note.trouble.value
    return _SAID(language, connection=alert.segment, what=what)


def advice_in_words(note: SourceNote, language: Language) -> str:
    """What to do about it."""
    return TROUBLES[note.trouble][1](language) if note.trouble in TROUBLES else ""
