"""Which columns of a table are read, in words."""

from __future__ import annotations

from scoring.wording.text import Bilingual
from streams.sources.files.exports.field_words import field_name, part_name
from streams.sources.files.exports.recognition import RecognizedTable


def read_columns(table: RecognizedTable) -> Bilingual:
    """The columns that are read of a table, each with what it was taken for."""
    fields = [(place, field_name(one)) for one, place in table.columns.items()]
    parts = [(place, part_name(one)) for one, place in table.dimensions.items()]
    # a measure is called by its own header
    measures = [(place, None) for place in table.measures.values()]
    said = sorted([*fields, *parts, *measures], key=lambda one: one[0])
    texts = [[text.zh, text.en] if text else ["", ""] for _, text in said]
    shown = [table.shown[place] for place, _ in said]
    zh = "、".join(f"{head}＝{text[0]}" if text[0] else head for head, text in zip(shown, texts, strict=True))
    en = ", ".join(
        f"{head} = {text[1].lower()}" if text[1] else head for head, text in zip(shown, texts, strict=True)
    )
    return Bilingual(zh, en)
