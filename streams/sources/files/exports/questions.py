"""A question that a file cannot answer itself. It is put to a person, with the guess; nothing is imported before the answer."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.wording.text import in_language


@dataclass(frozen=True, slots=True)
class Question:
    """``about`` is layout, zone, currency, dates, numbers, statuses, period, columns, ids, formulas or clock; ``guess`` is empty where there is none.

    ``value`` is the text of the cells that it is about."""

    about: str
    text: str
    guess: str = ""
    column: str = ""
    value: str = ""

    def as_record(self) -> dict[str, str]:
        """As ``--json`` writes it."""
        return {name: in_language(value, "en") for name in self.__slots__ if (value := getattr(self, name))}
