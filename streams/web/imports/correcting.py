"""What a person answers or corrects on the page Import, as choices by which the file is read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args
from zoneinfo import available_timezones

from scoring.events.incoming import CURRENCIES
from scoring.records.measures import MEASURE_BY_NAME
from scoring.wording.text import Bilingual, Text
from streams.imports.drafts import ImportDraft
from streams.imports.layouts import corrected
from streams.sources.files.exports.dry_run import ImportChoices
from streams.sources.files.exports.field_words import column_name
from streams.sources.files.exports.layout import Fact, FieldOfExport, known_layouts
from streams.sources.files.exports.report_words import PARTS
from streams.web.frame.errors import BadQueryError

FIELDS: tuple[FieldOfExport, ...] = get_args(FieldOfExport)
_FACTS: tuple[Fact, ...] = get_args(Fact)
_NO_ZONE = Text(
    "没有“{zone}”这个时区；请填写如 Asia/Shanghai", "unknown zone {zone!r}; give one such as Asia/Shanghai"
)
_NO_CURRENCY = Text(
    "没有“{currency}”这个币种；请填写 ISO 4217 代码，如 CNY",
    "unknown currency {currency!r}; give an ISO 4217 code such as CNY",
)


def answered(draft: ImportDraft, form: Mapping[str, str]) -> ImportChoices:
    """What a person says of a file: zone, currency, layout, or a table's columns and statuses.

    Raises:
        BadQueryError: it cannot be.
    """
    choices = draft.choices
    zone, currency, layout = (
        form.get("zone", "").strip(),
        form.get("currency", "").strip(),
        form.get("layout", ""),
    )
    if zone and zone not in available_timezones():
        raise BadQueryError(_NO_ZONE.both(zone=zone[:64]))
    if currency and currency.upper() not in CURRENCIES:
        raise BadQueryError(_NO_CURRENCY.both(currency=currency[:16]))
    if layout and layout not in {one.name for one in (*choices.kept, *known_layouts())}:
        raise BadQueryError(f"unknown layout {layout[:64]!r}")
    choices = replace(
        choices,
        zone=zone or choices.zone,
        currency=currency.upper() or choices.currency,
        layout=layout or choices.layout,
    )
    return _corrected(draft, form, choices)


def _corrected(draft: ImportDraft, form: Mapping[str, str], choices: ImportChoices) -> ImportChoices:
    """The choices with the layout of one table corrected, if the form says anything of it."""
    statuses = {
        (column, text): fact
        for key, fact in form.items()
        if key.startswith("status/") and fact in _FACTS
        for _, column, text in [key.split("/", 2)]
    }
    day_first = {"day": True, "month": False}.get(form.get("day_first", ""))
    money = form.get("money", "")
    chosen = {key.removeprefix("column/"): one for key, one in form.items() if key.startswith("column/")}
    if not (statuses or chosen or money in ("once", "line", "first")) and day_first is None:
        return choices
    shown = draft.tables[table_index(draft, form)]
    columns, measures, parts = _before(shown)
    if chosen:
        columns, measures, parts = _chosen(shown, chosen)
    is_report = shown["kind"] == "report"
    layout = corrected(
        shown["recognized"],
        columns,  # type: ignore[arg-type]
        measures=measures if is_report else None,
        parts=parts if is_report else None,
        day_first=day_first,
        money=money if money in ("once", "line", "first") else "",
        statuses=statuses,  # type: ignore[arg-type]
    )
    others = tuple(one for one in choices.corrected if one.name != layout.name)
    return replace(choices, corrected=(*others, layout))


def _before(shown: dict[str, Any]) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """What the columns of a table were taken for: fields, measures and parts, each with its header."""
    return tuple(  # type: ignore[return-value]
        {one[kind]: one["header"] for one in shown["headers"] if one[kind]}
        for kind in ("field", "measure", "part")
    )


def _chosen(
    shown: dict[str, Any], chosen: dict[str, str]
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """What a person says that the columns are.

    Raises:
        BadQueryError: two columns are the same.
    """
    columns: dict[str, str] = {}
    measures: dict[str, str] = {}
    parts: dict[str, str] = {}
    of_table = {*PARTS, *(one["part"] for one in shown["headers"])}
    known = ((measures, "measure/", MEASURE_BY_NAME), (parts, "part/", of_table), (columns, "", FIELDS))
    for place, one in enumerate(shown["headers"]):
        said = chosen.get(str(place), "")
        for found, prefix, names in known:
            name = said.removeprefix(prefix)
            if said.startswith(prefix) and name in names:
                if name in found:
                    raise BadQueryError(
                        Bilingual(
                            f"“{column_name(name).zh}”选了两列；只能选一列",
                            f"{column_name(name).en}: two columns are read as it; choose one",
                        )
                    )
                found[name] = one["header"]
                if said == one["field"] and one["part"]:  # a product is a column, and what a row is of
                    parts.setdefault(one["part"], one["header"])
                break
    return columns, measures, parts


def table_index(draft: ImportDraft, form: Mapping[str, str]) -> int:
    """Which table of the file a form is about.

    Raises:
        BadQueryError: there is none such.
    """
    index = form.get("table", "0")
    if not index.isdecimal() or int(index) >= len(draft.tables) or "headers" not in draft.tables[int(index)]:
        raise BadQueryError("table: unknown table of the file")
    return int(index)
