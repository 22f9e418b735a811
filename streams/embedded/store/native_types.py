"""Names of column types, from their binary form: as text the engine leaves the zone of ``DateTime('X')`` out of a Native block.

The form is ClickHouse's "data types binary encoding" (``encodeDataType``), asked for by ``BINARY_TYPES``.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from streams.embedded.store.errors import NOT_IMPLEMENTED, StoreError

#: the setting that makes the engine write types in this form
BINARY_TYPES: Final = "output_format_native_encode_types_in_binary_format"
#: from this revision on, a client knows the zone of a DateTime
DATETIME_ZONE: Final = 54337

_PLAIN: Final = {
    0x00: "Nothing", 0x01: "UInt8", 0x02: "UInt16", 0x03: "UInt32", 0x04: "UInt64", 0x05: "UInt128", 0x06: "UInt256",
    0x07: "Int8", 0x08: "Int16", 0x09: "Int32", 0x0A: "Int64", 0x0B: "Int128", 0x0C: "Int256", 0x0D: "Float32",
    0x0E: "Float64", 0x0F: "Date", 0x10: "Date32", 0x11: "DateTime", 0x15: "String", 0x1D: "UUID", 0x28: "IPv4",
    0x29: "IPv6", 0x2D: "Bool", 0x31: "BFloat16", 0x32: "Time",
}  # fmt: skip
#: types with types inside, a fixed number of them
_AROUND: Final = {0x1E: ("Array", 1), 0x23: ("Nullable", 1), 0x26: ("LowCardinality", 1), 0x27: ("Map", 2)}
_INTERVALS: Final = (
    "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour", "Day", "Week", "Month", "Quarter", "Year",
)  # fmt: skip
#: what cannot be written for a client of a revision, by what people call it
_NOT_WRITTEN: Final = {
    0x21: "Set", 0x24: "Function", 0x25: "AggregateFunction", 0x2A: "Variant", 0x2B: "Dynamic", 0x30: "JSON",
    0x36: "QBit",
}  # fmt: skip
_SIMPLE_NAME: Final = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)


class TypeBytes(Protocol):
    """Bytes that are read one after another."""

    def byte(self) -> int:
        """The next byte."""

    def varint(self) -> int:
        """The next number of a variable length."""

    def text(self) -> str:
        """The next string, with its length before it."""


def type_name(source: TypeBytes) -> str:
    """The name of the type whose binary form comes next, as ClickHouse writes it.

    Raises:
        StoreError: it has no form in a Native block that is written here.
    """
    code = source.byte()
    if code in _PLAIN:
        return _PLAIN[code]
    if code in _AROUND:
        name, count = _AROUND[code]
        return f"{name}({', '.join(type_name(source) for _ in range(count))})"
    match code:
        case 0x12:
            found = f"DateTime({_quoted(source.text())})"
        case 0x13 | 0x34:
            found = f"{'DateTime64' if code == 0x13 else 'Time64'}({source.byte()})"
        case 0x14:
            found = f"DateTime64({source.byte()}, {_quoted(source.text())})"
        case 0x16:
            found = f"FixedString({source.varint()})"
        case 0x17 | 0x18:
            found = _enum(source, 1 if code == 0x17 else 2)
        case 0x19 | 0x1A | 0x1B | 0x1C:
            found = f"Decimal({source.byte()}, {source.byte()})"
        case 0x22:
            found = f"Interval{_INTERVALS[min(source.byte(), len(_INTERVALS) - 1)]}"
        case 0x1F:
            found = f"Tuple({', '.join(type_name(source) for _ in range(source.varint()))})"
        case 0x20 | 0x2F:
            elements = (f"{_name(source.text())} {type_name(source)}" for _ in range(source.varint()))
            found = f"{'Tuple' if code == 0x20 else 'Nested'}({', '.join(elements)})"
        case 0x2C:
            found = source.text()
        case 0x2E:
            found = _simple_aggregate(source)
        case _:
            raise not_written(_NOT_WRITTEN.get(code, f"type of code 0x{code:02x}"))
    return found


def not_written(name: str) -> StoreError:
    """What is said of a column whose type a client of a revision cannot be sent."""
    return StoreError(
        NOT_IMPLEMENTED,
        "NOT_IMPLEMENTED",
        f"The embedded store writes no {name} for this client: convert the column (toString, finalizeAggregation) "
        "or ask in another format",
    )


def _enum(source: TypeBytes, size: int) -> str:
    values = []
    for _ in range(source.varint()):
        name = source.text()
        number = int.from_bytes(bytes(source.byte() for _ in range(size)), "little", signed=True)
        values.append(f"{_quoted(name)} = {number}")
    return f"Enum{8 * size}({', '.join(values)})"


def _simple_aggregate(source: TypeBytes) -> str:
    name = source.text()
    if source.varint():  # parameters, whose values have a binary form of their own
        raise not_written(f"SimpleAggregateFunction({name}(…))")
    return (
        f"SimpleAggregateFunction({', '.join([name, *(type_name(source) for _ in range(source.varint()))])})"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _name(text: str) -> str:
    return text if _SIMPLE_NAME.match(text) else "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"
