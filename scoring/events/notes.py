"""What was done to an optional field so that it does not cost its event: a closed list.

Made by ``scoring/events/repairs.py``, counted and answered by ``streams/collector``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Note(StrEnum):
    """What was done to a field. The first four repair it; after the others the event counts without the field."""

    CLEANED = "cleaned"
    CUT = "cut"
    READ = "read"
    REPLACED = "replaced"
    AMBIGUOUS = "ambiguous"
    CONFLICTING = "conflicting"
    OUT_OF_RANGE = "out_of_range"
    UNREADABLE = "unreadable"


DETAILS = {
    Note.CLEANED: "line breaks, control characters, half characters or blanks at its ends were left out",
    Note.CUT: "it was longer than the field may be and was cut",
    Note.READ: "it was written in another form than documented, and read as the only thing it can mean",
    Note.REPLACED: "it is too long or unprintable for an id; a pseudonym, the same for the same id, stands for it",
    Note.AMBIGUOUS: "dropped: it can be read in two ways; write amounts such as 1299.00 and currencies as ISO 4217 codes",
    Note.CONFLICTING: "dropped: the amount names another currency than `currency`",
    Note.OUT_OF_RANGE: "dropped: it is out of the field's range",
    Note.UNREADABLE: "dropped: it cannot be read",
}


@dataclass(frozen=True, slots=True)
class FieldNote:
    """A note on a field of an accepted event; ``index`` is the event's place in the request."""

    index: int
    field: str
    note: Note
