"""What the note of an alert with the label ``mix`` says, as data: the segment of which more came."""

from __future__ import annotations

from dataclasses import dataclass

_HEAD = "more came of"


@dataclass(frozen=True, slots=True)
class MixNote:
    """The segment whose visitors became many; empty where no segment is most of it."""

    segment: str = ""

    def text(self) -> str:
        """As it is kept in the alert."""
        return f"{_HEAD} {self.segment}" if self.segment else ""


def parse_mix_note(text: str) -> MixNote:
    """The note that ``text`` holds; an empty one if it is none."""
    return MixNote(text.removeprefix(_HEAD).strip()) if text.startswith(_HEAD) else MixNote()
