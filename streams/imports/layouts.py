"""Layouts that people corrected and keep under a name, on ``funnel.sources.v1`` under ``layout/NAME``: every page and every command
recognises them, whatever machine it runs on. A file in the data folder would be known on one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from pydantic import ValidationError

from scoring.records.measures import measure_of
from scoring.wording.text import Bilingual
from streams.clock import now_ms
from streams.errors import InputError
from streams.settings import Settings
from streams.sources.files.exports.layout import ExportLayout, Fact, FieldOfExport, known_layouts
from streams.sources.files.exports.recognition import RecognizedTable
from streams.sources.source_log import SourceBook, log_key, publish_records

_log = structlog.get_logger()
KEPT_LAYOUT_VERSION = 1


class LayoutNameError(InputError):
    """The name cannot be used for a layout. The command and the page say so."""


class KeptLayout(msgspec.Struct, frozen=True, omit_defaults=True):
    """One layout as it is kept."""

    layout: dict[str, Any]
    who: str = ""
    at_ms: int = 0
    schema_version: int = KEPT_LAYOUT_VERSION


def kept_layouts(book: SourceBook) -> tuple[ExportLayout, ...]:
    """The layouts that people keep."""
    found = []
    for name, kept in book.under(KeptLayout, "layout"):
        try:
            found.append(ExportLayout.model_validate(kept.layout))
        except ValidationError as error:  # another release wrote it
            _log.warning("record_skipped", topic="funnel.sources.v1", key=f"layout/{name}", error=str(error))
    return tuple(found)


async def keep_layout(settings: Settings, layout: ExportLayout, who: str) -> None:
    """Keep a layout under its name; one of that name is replaced.

    Raises:
        KafkaUnreachableError: the broker did not acknowledge it.
    """
    record = KeptLayout(layout.model_dump(mode="json", exclude_defaults=True), who, now_ms())
    await publish_records(settings, {log_key("layout", layout.name): record})


def named(layout: ExportLayout, name: str, headers: list[str]) -> ExportLayout:
    """The layout under a name of its own, to be recognised by the headers of the file that it was made from.

    Raises:
        LayoutNameError: the name is that of a layout that comes with Funnelwatch, or has other characters than a-z, 0-9, - and _.
    """
    if any(one.name == name for one in known_layouts()):
        raise LayoutNameError(
            Bilingual(
                f"{name!r} 是自带的布局；请换一个名称",
                f"{name!r} comes with Funnelwatch; choose another name",
            )
        )
    changes = {
        "name": name,
        "title": name,
        "is_kept": True,
        "is_guess": False,
        "signs": [one for one in headers if one],
    }
    try:
        return ExportLayout.model_validate(
            {**layout.model_dump(mode="json", exclude_defaults=True), **changes}
        )
    except ValidationError as error:
        raise LayoutNameError(
            Bilingual("布局名称只能用 a-z、0-9、- 和 _", "a layout's name has only a-z, 0-9, - and _")
        ) from error


def corrected(
    table: RecognizedTable,
    columns: Mapping[FieldOfExport, str],
    *,
    measures: Mapping[str, str] | None = None,
    parts: Mapping[str, str] | None = None,
    day_first: bool | None = None,
    money: str = "",
    statuses: Mapping[tuple[FieldOfExport, str], Fact] | None = None,
) -> ExportLayout:
    """The layout of a table with a person's corrections.

    Args:
        table: as it was recognised.
        columns: field → the header that it is read from; a field that is missing is not read.
        measures: of a report, measure → the header of its figures; None leaves them.
        parts: of a report, what a row is of (campaign, product, …) → the header that says which; None leaves them.
        day_first: 03/04 is the third of April; None leaves it to the file.
        money: how an order's total is spread over its rows; empty leaves it.
        statuses: (column, text of a status) → what it means.
    """
    content = table.layout.model_dump(mode="json", exclude_defaults=True)
    content["columns"] = {field: {"": [header]} for field, header in columns.items() if header}
    content["is_guess"] = False  # a person has said what its columns are
    content["needs"] = [one for one in table.layout.needs if columns.get(one)]
    if measures is not None:
        before = table.layout.measures
        content["measures"] = {
            one: {
                "unit": measure_of(one).unit.value,
                "unique": measure_of(one).is_unique,
                "currency": before[one].currency if one in before else "",
                "headers": {"": [header]},
            }
            for one, header in measures.items()
        }
    if parts is not None:
        content["dimensions"] = {one: [header] for one, header in parts.items()}
    if day_first is not None:
        content["day_first"] = day_first
    if money:
        content["money"] = money
    for (field, text), fact in (statuses or {}).items():
        content.setdefault("statuses", {}).setdefault(field, {}).setdefault(fact, []).append(text)
    return ExportLayout.model_validate(content)
