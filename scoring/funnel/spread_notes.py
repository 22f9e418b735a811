"""What the note of an alert says whose drop has spread, as data: the segments that failed after the first."""

from __future__ import annotations

from dataclasses import dataclass

_HEAD, _BETWEEN = "also in", " + "


@dataclass(frozen=True, slots=True)
class SpreadNote:
    """The segments that began to fail while the alert of another was open, in that order."""

    segments: tuple[str, ...] = ()

    def text(self) -> str:
        """As it is kept in the alert."""
        return f"{_HEAD} {_BETWEEN.join(self.segments)}" if self.segments else ""


def parse_spread_note(text: str) -> SpreadNote:
    """The note that ``text`` holds; an empty one if it is none."""
    if not text.startswith(f"{_HEAD} "):
        return SpreadNote()
    return SpreadNote(tuple(text.removeprefix(f"{_HEAD} ").split(_BETWEEN)))
