"""What is unsure of a file of a folder: what stops its use, what was assumed and is said, and the mappings that put it right.

Nobody can be asked while a folder is evaluated. A file is used where its columns are clear, and what was assumed is said before any
score; where a figure may be wrong (a state that is not known, days that may be months) it is left out, and it is said what to do.
A mapping that a person corrected is put into the folder next to the file that it is of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from scoring.wording.text import LANGUAGES, Bilingual, in_language
from streams.evaluation import words
from streams.sources.files.exports import sentences
from streams.sources.files.exports.dry_run import ExportSummary, ImportChoices, summarize
from streams.sources.files.exports.field_words import left_out_name
from streams.sources.files.exports.layout import ExportLayout, load_layout
from streams.sources.files.exports.opening import ExportFile
from streams.sources.files.exports.questions import Question
from streams.sources.files.exports.read_columns import read_columns

#: how a mapping in a folder is called
MAPPING = ".mapping.yaml"
#: how many columns that are not read are named
_MOST_UNUSED = 8
#: reasons for which rows that should count are left out, and from how many rows on; some rows of a report are notes below it
_LOST = {"bad_number": 1, "other_width": 1, "no_day": 4}
#: what a mapping answers
_MAPPED = frozenset({"layout", "statuses", "columns", "dates", "numbers"})


def mappings_of(files: list[ExportFile]) -> list[ExportLayout]:
    """The mappings among the files of a folder, which are taken out of them. Each is of files that have all columns that it names.

    Raises:
        MappingError: one cannot be read, or holds errors.
    """
    found = [one for one in files if one.name.endswith(MAPPING)]
    files[:] = [one for one in files if one not in found]
    return [_whole(load_layout(one.path)) for one in found]


def _whole(layout: ExportLayout) -> ExportLayout:
    return layout.model_copy(update={"needs": tuple(layout.columns)})


def summaries_of(
    file: ExportFile, choices: ImportChoices, mappings: Sequence[ExportLayout]
) -> list[ExportSummary]:
    """The tables of a file, read by the first mapping that fits it, else by what it is recognised as."""
    for mapping in mappings:
        found = summarize(file, replace(choices, mapping=mapping))
        if any(one.table for one in found):
            return found
    return summarize(file, choices)


def why_unused(summary: ExportSummary) -> str:
    """Why a table is not used, with what to do; empty for one that is."""
    if summary.trouble == sentences.NO_HEADER.both():
        return words.NO_EXPORT.both()
    if summary.trouble:
        return summary.trouble
    open_ones = [one for one in summary.questions if not _is_only_said(one)]
    return _asked(summary.file, open_ones) if open_ones else ""


def assumed(summary: ExportSummary) -> Iterable[Bilingual]:
    """What was assumed of a table that is used, and which of its rows could not be read."""
    left_out = summary.tally.left_out
    lost = {reason: count for reason, count in left_out.items() if count >= _LOST.get(reason, count + 1)}
    if lost:
        reasons = [left_out_name(reason) for reason in lost]
        why = Bilingual("、".join(one.zh for one in reasons), ", ".join(one.en for one in reasons))
        yield words.ROWS_LEFT_OUT.both(name=summary.file, n=sum(lost.values()), why=why)
    for one in summary.questions:
        if one.about == "layout" and summary.table is not None:
            yield words.READ_AS.both(
                name=summary.file,
                layout=summary.table.layout.said_title,
                columns=read_columns(summary.table),
            )
            if unused := summary.table.unused[:_MOST_UNUSED]:
                yield words.NOT_READ.both(name=summary.file, columns=", ".join(unused))
        elif one.about == "currency":
            yield words.WITHOUT_CURRENCY.both(name=summary.file)


def _is_only_said(question: Question) -> bool:
    """Whether a file can be used before a question is answered: by clear columns, or without its amounts."""
    return question.about == "layout" or (question.about == "currency" and not question.text.endswith("?"))


def _asked(name: str, questions: Sequence[Question]) -> Bilingual:
    """What has to be said before a file can be used, with what says it."""
    by_mapping = any(one.about in _MAPPED for one in questions)
    said = (
        "; ".join(
            in_language(one.text, language)
            + (words.SAY_WITH(language, option=one.about) if _can_be_said(one) else "")
            for one in questions
        )
        + (words.SAY_BY_MAPPING(language, name=name, mapping=name + MAPPING) if by_mapping else "")
        for language in LANGUAGES
    )
    return Bilingual(*said)


def _can_be_said(question: Question) -> bool:
    """Whether an option answers it. One that asks back says that what was given does not fit."""
    return question.about in ("zone", "currency") and not question.text.endswith("?")
