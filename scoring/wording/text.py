"""One thing said in both languages, and the languages there are."""

from __future__ import annotations

from typing import Literal, NamedTuple

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Text(NamedTuple):
    """One thing said in both languages; ``{name}`` marks what is filled in."""

    zh: str
    en: str

    def __call__(self, language: Language, **values: object) -> str:
        """The text in ``language`` with ``values`` filled in."""
        text = self.zh if language == "zh" else self.en
        return text.format(**values) if values else text

    def begun(self) -> Text:
        """The same at the beginning of a sentence."""
        return Text(self.zh, self.en[:1].upper() + self.en[1:])
