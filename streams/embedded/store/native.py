"""Native blocks as a client of a protocol revision expects them: the engine writes revision 0 only.

From revision 1 on, a block begins with block info; from 54454 on, a byte after each column's type says whether its values are
serialized in a way of their own (never, here). Nothing else differs for the types that can be walked (``NativeFormat``,
``NativeWriter`` of ClickHouse). The engine is asked for types in their binary form, which holds the zone of ``DateTime('X')``,
and they are written as text again. A block is passed on once it is whole, so memory holds one at a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from streams.embedded.store.errors import NOT_IMPLEMENTED, StoreError
from streams.embedded.store.native_types import DATETIME_ZONE, not_written, type_name
from streams.errors import StateError

#: from this revision on, columns carry the byte of custom serialization
CUSTOM_SERIALIZATION: Final = 54454
# field 1: is_overflows = 0; field 2: bucket_num = -1; 0 ends the list
_BLOCK_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_SIZES: Final = {
    **dict.fromkeys(("UInt8", "Int8", "Bool", "Enum8", "Nothing"), 1),
    **dict.fromkeys(("UInt16", "Int16", "Enum16", "Date", "BFloat16"), 2),
    **dict.fromkeys(("UInt32", "Int32", "Float32", "Date32", "DateTime", "IPv4", "Time", "Decimal32"), 4),
    **dict.fromkeys(("UInt64", "Int64", "Float64", "DateTime64", "Time64", "Decimal64"), 8),
    **dict.fromkeys(("UInt128", "Int128", "UUID", "IPv6", "Decimal128"), 16),
    **dict.fromkeys(("UInt256", "Int256", "Decimal256"), 32),
}
_GEOMETRY: Final = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "Polygon": "Array(Ring)",
    "MultiLineString": "Array(LineString)",
    "MultiPolygon": "Array(Polygon)",
}
_ELEMENT_NAME: Final = re.compile(r"(?:`(?:[^`\\]|\\.)*`|[A-Za-z_]\w*)\s+(?=[A-Z])")
_OWN_DICTIONARY: Final = 0x100 | 0x200  # flags of a LowCardinality column: keys come with it


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a type's values lie in a block: ``fixed``, ``string``, ``nullable``, ``low``, ``array`` or ``tuple``."""

    form: str
    size: int = 0
    parts: tuple[_Kind, ...] = ()


class _BlockIncompleteError(StateError):
    """The block goes on in bytes that have not come yet; it never leaves this file."""


def _arguments(text: str) -> list[str]:
    """The parts of a type's arguments between commas of the outermost level."""
    parts: list[str] = []
    depth = start = at = 0
    quote = ""
    while at < len(text):
        sign = text[at]
        if quote:
            at += sign == "\\"
            quote = "" if sign == quote else quote
        elif sign in "'`\"":
            quote = sign
        elif sign == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
        else:
            depth += (sign == "(") - (sign == ")")
        at += 1
    last = text[start:].strip()
    return [*parts, last] if last else parts


def _without_name(element: str) -> str:
    """The type of an element of a tuple, whether it is named or not."""
    named = _ELEMENT_NAME.match(element)
    return element[named.end() :] if named else element


@lru_cache(4096)
def _kind(text: str) -> _Kind:
    name, _, rest = text.strip().partition("(")
    name, inner = name.strip(), rest[:-1]
    if name in _GEOMETRY:
        return _kind(_GEOMETRY[name])
    if size := _size(name, inner):
        return _Kind("fixed", size)
    match name:
        case "String":
            found = _Kind("string")
        case "Nullable":
            found = _Kind("nullable", parts=(_kind(inner),))
        case "LowCardinality":
            of = _kind(inner)
            found = _Kind("low", parts=of.parts if of.form == "nullable" else (of,))
        case "Array":
            found = _Kind("array", parts=(_kind(inner),))
        case "Map":
            found = _Kind("array", parts=(_Kind("tuple", parts=tuple(map(_kind, _arguments(inner)))),))
        case "SimpleAggregateFunction":
            found = _kind(_arguments(inner)[1])
        case "Tuple" | "Nested":
            elements = map(_without_name, _arguments(inner))
            found = _Kind("tuple", parts=tuple(map(_kind, elements)))
            found = _Kind("array", parts=(found,)) if name == "Nested" else found
        case _:
            raise not_written(name)
    return found


def _size(name: str, inner: str) -> int:
    """Bytes of one value; 0 if values have no common size."""
    if name.startswith("Interval"):
        return 8
    if name == "FixedString":
        return int(inner)
    if name == "Decimal":
        digits = int(inner.partition(",")[0])
        return next(size for most, size in ((9, 4), (18, 8), (38, 16), (76, 32)) if digits <= most)
    return _SIZES.get(name, 0)


class _Walker:
    """Passes over what lies in a block, from ``at`` on."""

    def __init__(self, data: bytes | bytearray) -> None:
        self._data = data
        self.at = 0

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self._data):
            raise _BlockIncompleteError

    def byte(self) -> int:
        self.skip(1)
        return self._data[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            if self.at >= len(self._data):
                raise _BlockIncompleteError
            byte = self._data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def number(self) -> int:
        self.skip(8)
        return int.from_bytes(self._data[self.at - 8 : self.at], "little")

    def text(self) -> str:
        length = self.varint()
        self.skip(length)
        return self._data[self.at - length : self.at].decode()

    def _strings(self, count: int) -> None:
        data, at, end = self._data, self.at, len(self._data)
        for _ in range(count):
            if at >= end:
                raise _BlockIncompleteError
            length = data[at]
            at += 1
            if length > 127:
                self.at = at - 1
                length = self.varint()
                at = self.at
            at += length
        self.at = at
        self.skip(0)

    def prefix(self, kind: _Kind) -> None:
        """What lies before the values of a column: the version of each dictionary in it."""
        if kind.form == "low":
            self.skip(8)
            return
        for part in kind.parts:
            self.prefix(part)

    def values(self, kind: _Kind, rows: int) -> None:
        match kind.form:
            case "fixed":
                self.skip(kind.size * rows)
            case "string":
                self._strings(rows)
            case "nullable":
                self.skip(rows)
                self.values(kind.parts[0], rows)
            case "array":
                self.skip(8 * (rows - 1) if rows else 0)
                self.values(kind.parts[0], self.number() if rows else 0)
            case "tuple":
                self.skip(0 if kind.parts else rows)
                for part in kind.parts:
                    self.values(part, rows)
            case _:
                self._low(kind, rows)

    def _low(self, kind: _Kind, rows: int) -> None:
        while rows > 0:
            flags = self.number()
            if flags & _OWN_DICTIONARY:
                self.values(kind.parts[0], self.number())
            count = self.number()
            self.skip(count << (flags & 0xFF))
            rows -= count


class NativeRevision:
    """Takes the engine's Native bytes as they come, gives the same blocks as ``revision`` has them.

    ``binary_types``: the client asked for types in their binary form itself, so they stay as they are.
    """

    def __init__(self, revision: int, *, binary_types: bool = False) -> None:
        self._binary_types = binary_types
        self._knows_zones = revision >= DATETIME_ZONE
        self._marker = b"\x00" if revision >= CUSTOM_SERIALIZATION else b""
        self._held = bytearray()
        self._try_from = 0

    def feed(self, data: bytes) -> bytes:
        """The blocks that are whole with ``data``.

        Raises:
            StoreError: a column's type has no form here.
        """
        self._held += data
        # a block that is not whole is walked again only once it has grown by half, so that the work stays linear
        return self._whole() if len(self._held) >= self._try_from else b""

    def finish(self) -> bytes:
        """What is left at the end."""
        done = self._whole()
        if self._held:
            raise StoreError(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", "The result's last block is not whole")
        return done

    def _whole(self) -> bytes:
        blocks: list[bytes] = []
        taken = 0
        with memoryview(self._held) as view:
            while taken < len(view):
                try:
                    block, length = self._block(bytes(view[taken:]))
                except _BlockIncompleteError:
                    break
                blocks.append(block)
                taken += length
        del self._held[:taken]
        self._try_from = len(self._held) * 3 // 2
        return b"".join(blocks)

    def _said(self, kind: str) -> bytes:
        """The name of a type as a string of the block."""
        if not self._knows_zones and kind.startswith("DateTime("):
            kind = "DateTime"
        text = kind.encode()
        length, size = bytearray(), len(text)
        while size > 127:
            length.append(size & 127 | 128)
            size >>= 7
        return bytes((*length, size)) + text

    def _block(self, data: bytes) -> tuple[bytes, int]:
        """The block at the beginning of ``data``, written again, and the length it had."""
        walker = _Walker(data)
        columns, rows = walker.varint(), walker.varint()
        parts = [_BLOCK_INFO, data[: walker.at]]
        for _ in range(columns):
            start = walker.at
            walker.text()
            parts.append(data[start : walker.at])
            start = walker.at
            kind = type_name(walker)
            parts += (data[start : walker.at] if self._binary_types else self._said(kind), self._marker)
            start = walker.at
            if rows:
                shape = _kind(kind)
                walker.prefix(shape)
                walker.values(shape, rows)
            parts.append(data[start : walker.at])
        return b"".join(parts), walker.at
