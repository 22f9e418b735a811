"""One thing said in both languages, and the languages there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, Self

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Text(NamedTuple):
    """One thing said in both languages; ``{name}`` marks what is filled in."""

    zh: str
    en: str

    def __call__(self, language: Language, **values: object) -> str:
        """The text in ``language`` with ``values`` filled in."""
        text = self.zh if language == "zh" else self.en
        if not values:
            return text
        said = {
            name: in_language(value, language) if isinstance(value, Bilingual) else value
            for name, value in values.items()
        }
        return text.format(**said)

    def both(self, **values: object) -> Bilingual:
        """The text with ``values`` filled in, in both languages."""
        return Bilingual(self("zh", **values), self("en", **values))

    def begun(self) -> Text:
        """The same at the beginning of a sentence."""
        return Text(self.zh, self.en[:1].upper() + self.en[1:])


class Bilingual(str):
    """An English sentence that carries its Chinese: logs, commands and errors take it as any text, a page says it in the reader's language."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, zh: str, en: str) -> Self:
        """The English text, which knows ``zh``."""
        text = super().__new__(cls, en)
        text.zh = zh
        return text

    def __str__(self) -> str:
        """Itself, so that an error's text keeps both."""
        return self

    def __reduce__(self) -> tuple[type[Bilingual], tuple[str, str]]:
        """Both, for another process."""
        return Bilingual, (self.zh, self[:])


def joined(language: Language, parts: Iterable[str]) -> str:
    """Things listed one after the other."""
    return ("、" if language == "zh" else ", ").join(parts)


def in_language(text: str, language: Language) -> str:
    """What ``text`` is in ``language``; itself if it is said in one only."""
    if not isinstance(text, Bilingual):
        return text
    return text.zh if language == "zh" else text[:]
