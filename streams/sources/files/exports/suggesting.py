"""A mapping to start from, as YAML: the columns as they were recognised, the unused ones as comments with example values."""

from __future__ import annotations

from itertools import islice
from typing import Any

import yaml

from streams.sources.files.exports.cells import TableRows, is_blank, text_of
from streams.sources.files.exports.layout import ExportLayout
from streams.sources.files.exports.recognition import RecognizedTable, cell_at

_EXAMPLES = 2
#: what is written line by line, what only serves to recognise a file, and what depends on the language of headers
_NOT_SUGGESTED = frozenset(
    {
        "name",
        "title",
        "title_zh",
        "platform",
        "kind",
        "row",
        "money",
        "columns",
        "measures",
        "signs",
        "is_guess",
        "is_kept",
    }
    | {"rejected", "rejected_zh", "currency_by_language", "zone_by_language"}
)


def suggested(table: RecognizedTable, rows: TableRows) -> str:
    """The mapping as text; each column has the first values under it next to it."""
    layout: ExportLayout = table.layout
    examples = _examples(table, rows)
    lines = [
        f"# {layout.title or layout.name}, recognised with {table.sure:.0%}: {'; '.join(table.why)}",
        "name: my-mapping",
        f"platform: {layout.platform}",
        f"kind: {layout.kind}",
        f"row: {layout.row}          # what a row is: line, unit, order, parcel; for reports day, range or none",
        f"money: {layout.money}      # once: the order's total on each of its rows; first: on the first only; line: each its own",
        "# zone: Asia/Shanghai      # where the file does not say it",
        "# currency: CNY",
        "# day_first: true          # 03/04 is the third of April",
        '# decimal: ","',
        "columns:",
    ]
    for one, place in table.columns.items():
        lines.append(f"  {one}: [{_quoted(table.shown[place])}]  # {examples[place]}")
    if table.measures:
        lines.append("measures:")
        for one, place in table.measures.items():
            spec = layout.measures[one]
            unique = ", unique: true" if spec.unique else ""
            unique += f", currency: {spec.currency}" if spec.currency else ""
            lines.append(
                f"  {one}: {{unit: {spec.unit}{unique}, headers: [{_quoted(table.shown[place])}]}}  # {examples[place]}"
            )
    rest = _rest(table)
    lines.append(
        yaml.safe_dump(
            rest,
            allow_unicode=True,
            sort_keys=False,
            width=150,
        ).rstrip()
    )
    lines.append("# columns that are not used:")
    used = {*table.columns.values(), *table.measures.values(), *table.dimensions.values()}
    lines += [
        f"#   {_quoted(text)}  # {examples[place]}"
        for place, text in enumerate(table.shown)
        if text and place not in used
    ]
    return "\n".join(lines) + "\n"


def _rest(table: RecognizedTable) -> dict[str, Any]:
    """All else that the layout says of how the file is read: without it a mapping would read other rows, or count them otherwise."""
    layout = table.layout
    rest = layout.model_dump(mode="json", exclude_defaults=True, exclude=set(_NOT_SUGGESTED))
    rest["needs"] = [one for one in layout.needs if one in table.columns]
    rest["dimensions"] = {one: [table.shown[place]] for one, place in table.dimensions.items()}
    rest["currency"] = layout.currency or layout.currency_by_language.get(table.language, "")
    return {key: value for key, value in rest.items() if value not in ("", [], {})}


def _examples(table: RecognizedTable, rows: TableRows) -> list[str]:
    found: list[list[str]] = [[] for _ in table.shown]
    for line, cells in islice(rows(), table.header_line + 50):
        if line <= table.header_line:
            continue
        for place, values in enumerate(found):
            cell = cell_at(cells, place)
            if len(values) < _EXAMPLES and not is_blank(cell):
                values.append(" ".join(text_of(cell).split())[:40])
    return [" | ".join(values) or "(empty)" for values in found]


def _quoted(text: str) -> str:
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
