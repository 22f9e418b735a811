"""Which sheets of a workbook are not imported, and why: it is said next to what is, and never passed over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scoring.wording.text import Bilingual, Text, joined
from streams.sources.files.exports import sentences
from streams.sources.files.exports.cells import TableRows
from streams.sources.files.exports.opening import ExportFile

_SHEETS_SHOWN = 10
_BOTH = Text("{trouble}；{hidden}", "{trouble}; {hidden}")


def sheets_left_out(file: ExportFile, used: Sequence[TableRows], *, is_first_only: bool) -> Iterator[str]:
    """A sentence for each reason.

    Args:
        file: an opened file.
        used: the rows of the sheets that are imported.
        is_first_only: whether the others say the same again, and that is said already.
    """
    if file.hidden:
        yield _of(sentences.HIDDEN_SHEETS, file.hidden)
    if file.is_workbook and not is_first_only:
        others = [
            one.name
            for one in file.sheets
            if one.rows not in used and next(iter(one.rows()), None) is not None
        ]
        if others:
            yield _of(sentences.UNKNOWN_SHEETS, others)


def with_hidden(file: ExportFile, trouble: str) -> str:
    """Why nothing of a file is imported, with the sheets of it that nobody sees."""
    if not file.hidden:
        return trouble
    return _BOTH.both(trouble=trouble, hidden=_of(sentences.HIDDEN_SHEETS, file.hidden))


def _of(sentence: Text, names: Sequence[str]) -> str:
    shown = [*names[:_SHEETS_SHOWN], *(["…"] if len(names) > _SHEETS_SHOWN else [])]
    return sentence.both(names=Bilingual(joined("zh", shown), joined("en", shown)))
