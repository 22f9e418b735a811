"""JSON as tables: each list of objects in a document (or each line of a file of objects) is one, its columns the paths to its values.

An object's own list becomes one cell: numbers are added up, other values joined. Whole numbers keep all of their digits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from scoring.errors import UNDECODABLE
from scoring.wording.text import Bilingual
from streams.sources.files.exports.cells import Cell, Row, TableRows
from streams.sources.files.exports.unreadable import UnreadableExportError

#: a document is kept in memory; a file of one object a line is not
_MAX_DOCUMENT = 256 << 20
_MAX_LINE = 16 << 20
_MAX_COLUMNS = 2000
_MAX_TABLES = 50
_MAX_DEPTH = 8
_MAX_TEXT = 1000
_SEVERAL = " | "
_decode = msgspec.json.decode


def is_json(start: bytes) -> bool:
    """Whether a file that begins so is JSON."""
    return start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"[")


def json_tables(path: Path) -> list[tuple[str, TableRows]]:
    """The tables of a file with their names: the paths to them.

    Raises:
        UnreadableExportError: it is not JSON, or too large a document.
    """
    if _is_line_by_line(path):
        return [("", ObjectRows(partial(_lines, path)))]
    if path.stat().st_size > _MAX_DOCUMENT:
        raise UnreadableExportError(
            Bilingual(
                f"是一个超过 {_MAX_DOCUMENT >> 20} MB 的 JSON 文档；请改为每行一个对象（NDJSON），或缩短导出的日期范围",
                f"is one JSON document of more than {_MAX_DOCUMENT >> 20} MB; write one object a line (NDJSON), or export fewer days",
            )
        )
    try:
        document = _decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except UNDECODABLE as error:
        raise UnreadableExportError(
            Bilingual(f"JSON 已损坏（{error}）；请重新获取", f"the JSON is damaged ({error}); fetch it again")
        ) from error
    found = itertools.islice(_tables_in(document, "", {}, 0), _MAX_TABLES)
    return [(name, _Records(records, context)) for name, records, context in found]


def _is_line_by_line(path: Path) -> bool:
    """Whether the first line is a whole object, and another follows."""
    with path.open("rb") as file:
        first = file.readline(_MAX_LINE).removeprefix(b"\xef\xbb\xbf")
        second = b""
        while not second and (line := file.readline(_MAX_LINE)):
            second = line.strip()
    if not first.lstrip().startswith(b"{") or not second.startswith(b"{"):
        return False
    try:
        return isinstance(_decode(first), dict)
    except UNDECODABLE:
        return False


def _tables_in(
    value: Any, path: str, context: Mapping[str, Cell], depth: int
) -> Iterator[tuple[str, list[dict[str, Any]], Mapping[str, Cell]]]:
    """Lists of objects and single objects, those further out first; ``context`` holds the values around them."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        records = [one for one in value if isinstance(one, dict)]
        if records:
            yield path, records, context
    elif isinstance(value, dict):
        yield path, [value], context
        around = {**context, **_scalars(value, path)}
        for name, child in value.items():
            if isinstance(child, (dict, list)):
                yield from _tables_in(child, _joined(path, name), around, depth + 1)


def _scalars(value: Mapping[str, Any], path: str) -> dict[str, Cell]:
    """The plain values of an object and of the objects in it, by their paths; no lists."""
    found: dict[str, Cell] = {}
    for name, child in value.items():
        if isinstance(child, dict):
            found.update(_scalars(child, _joined(path, name)))
        elif not isinstance(child, list):
            found[_joined(path, name)] = _cell(child)
    return found


class _Records:
    """A list of objects as rows, numbered from 1 under a header of number 0."""

    def __init__(self, records: Sequence[dict[str, Any]], context: Mapping[str, Cell]) -> None:
        self._records, self._context = records, context
        self._names = _header(_flat(record) for record in records)
        self._around = [name for name in context if name not in set(self._names)]

    def __call__(self) -> Iterator[Row]:
        yield 0, [*self._names, *self._around]
        around = [self._context[name] for name in self._around]
        for number, record in enumerate(self._records, 1):
            flat = _flat(record)
            yield number, [*map(flat.get, self._names), *around]


class ObjectRows:
    """Objects that come one after another as rows; they are read once for the names of their columns, and again for each reading.

    Args:
        objects: gives them with the number of each.
    """

    def __init__(self, objects: Callable[[], Iterator[tuple[int, Mapping[str, Any]]]]) -> None:
        self._objects = objects
        self._names = _header(_flat(record) for _, record in objects())

    def __call__(self) -> Iterator[Row]:
        yield 0, list(self._names)
        for number, record in self._objects():
            yield number, list(map(_flat(record).get, self._names))


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a file of one a line."""
    with path.open("rb") as file:
        for number in itertools.count(1):
            line = file.readline(_MAX_LINE)
            if not line:
                return
            if not line.strip():
                continue
            try:
                record = _decode(line.removeprefix(b"\xef\xbb\xbf"))
            except UNDECODABLE as error:
                raise UnreadableExportError(
                    Bilingual(
                        f"第 {number} 行不是 JSON（{error}）；请重新获取文件",
                        f"line {number} is not JSON ({error}); fetch the file again",
                    )
                ) from error
            if not isinstance(record, dict):
                raise UnreadableExportError(
                    Bilingual(
                        f"第 {number} 行不是 JSON 对象；每行必须是一个对象",
                        f"line {number} is not a JSON object; each line must be one",
                    )
                )
            yield number, record


def _header(rows: Iterator[Mapping[str, Cell]]) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
        if len(names) > _MAX_COLUMNS:
            raise UnreadableExportError(
                Bilingual(
                    f"里面的对象合计有超过 {_MAX_COLUMNS:,} 个不同字段；这不是表格",
                    f"its objects have more than {_MAX_COLUMNS:,} different fields together; that is not a table",
                )
            )
    return list(names)


def _flat(record: Mapping[str, Any], path: str = "", depth: int = 0) -> dict[str, Cell]:
    """The values of an object by their paths."""
    found: dict[str, Cell] = {}
    for name, value in record.items():
        place = _joined(path, name)
        if isinstance(value, dict):
            if depth < _MAX_DEPTH:
                found.update(_flat(value, place, depth + 1))
        elif isinstance(value, list):
            found.update(_of_list(value, place, depth))
        else:
            found[place] = _cell(value)
    return found


def _of_list(values: Sequence[Any], place: str, depth: int) -> dict[str, Cell]:
    objects = [one for one in values if isinstance(one, dict)]
    if not objects:
        return {place: _together([_cell(one) for one in values if not isinstance(one, list)])}
    if all("key" in one and "value" in one for one in objects):
        return {_joined(place, str(one["key"])): _only(one["value"]) for one in objects}
    if depth >= _MAX_DEPTH:
        return {}
    columns: dict[str, list[Cell]] = {}
    for one in objects:
        for name, cell in _flat(one, f"{place}[]", depth + 1).items():
            columns.setdefault(name, []).append(cell)
    return {name: _together(cells) for name, cells in columns.items()}


def _only(value: Any) -> Cell:
    """The value of a pair, which may be kept by type: ``{"string_value": null, "int_value": "16"}``."""
    if isinstance(value, dict):
        value = next(
            (one for one in value.values() if one is not None and not isinstance(one, (dict, list))), None
        )
    return None if isinstance(value, list) else _cell(value)


def _together(cells: Sequence[Cell]) -> Cell:
    """Several values in one cell: numbers as their sum, others next to each other."""
    known = [cell for cell in cells if cell is not None and cell != ""]
    if len(known) <= 1:
        return known[0] if known else None
    try:
        return f"{sum(Decimal(str(cell)) for cell in known):f}"
    except InvalidOperation:
        return _SEVERAL.join(dict.fromkeys(map(str, known)))[:_MAX_TEXT]


def _cell(value: Any) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if isinstance(value, (int, Decimal)) else value


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
