"""What a file holds, for the page Import to show. Read in a process of its own, which imports this and nothing of roles or clients."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from streams.sources.files.exports.cells import is_blank, text_of
from streams.sources.files.exports.dry_run import ExportSummary, ImportChoices, summarize
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.recognition import cell_at

_EXAMPLES = 3


def shown_tables(path: Path, choices: ImportChoices) -> list[dict[str, Any]]:
    """What a file holds, table by table."""
    with opened(path) as files:
        return [_shown(summary) for file in files for summary in summarize(file, choices)]


def _shown(summary: ExportSummary) -> dict[str, Any]:
    record = summary.as_record()
    record["error"] = summary.trouble or None
    table = summary.table
    if table is None or summary.values is None:
        return record
    examples: list[list[str]] = [[] for _ in table.shown]
    for line, cells in islice(summary.values.source(), table.header_line + 60):
        if line <= table.header_line:
            continue
        for place, found in enumerate(examples):
            cell = cell_at(cells, place)
            if len(found) < _EXAMPLES and not is_blank(cell):
                found.append(" ".join(text_of(cell).split())[:40])
    fields = {place: name for name, place in table.columns.items()}
    measures = {place: name for name, place in table.measures.items()}
    parts = {place: name for name, place in table.dimensions.items()}
    record["layout_title"] = table.layout.said_title
    record["kind"] = table.layout.kind
    record["why"] = table.why  # in both languages, as the reader wants it
    record["notes"] = summary.notes
    record["headers"] = [
        {
            "header": header,
            "examples": examples[place],
            "field": fields.get(place, ""),
            "measure": measures.get(place, ""),
            "part": parts.get(place, ""),
        }
        for place, header in enumerate(table.shown)
        if header
    ]
    record["recognized"] = table
    record["questions"] = [
        {name: getattr(question, name) for name in question.__slots__} for question in summary.questions
    ]
    return record
