"""The definition sheet of a source (口径): what each stage means there, which clock and id it has, what it cannot see."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from scoring.wording.text import Language
from streams.sources.registry import source_named

_HEADS: dict[Language, str] = {"zh": "## 中文", "en": "## English"}
_PARAGRAPH = re.compile(r"(?:\*\*(?P<head>.+?)\*\*\s*)?(?P<text>.*)", re.DOTALL)


@cache
def definition_of(source: str, language: Language) -> tuple[tuple[str, str], ...]:
    """The paragraphs of the sheet in its folder, as (head, text); of a source without one its short definition."""
    path = Path(__file__).parent / source / "definition.md"
    spec = source_named(source)
    if not path.is_file():
        return (("", spec.definition(language)),) if spec is not None else ()
    part = path.read_text("utf-8").partition(_HEADS[language])[2].partition("\n## ")[0]
    found = (_PARAGRAPH.fullmatch(text.strip()) for text in part.split("\n\n") if text.strip())
    return tuple((one["head"] or "", one["text"].replace("`", "")) for one in found if one is not None)
