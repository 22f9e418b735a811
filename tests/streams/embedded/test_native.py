"""Native blocks of a protocol revision: pictures of bytes, as clickhouse-go and the Grafana plug-in read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.embedded.store.errors import StoreError
from streams.embedded.store.native import NativeRevision

INFO = bytes.fromhex("010002ffffffff00")
# SELECT toUInt8(1) AS a, 'xy' AS b: as the engine writes it, with types in binary form, and as a client reads it
PLAIN = bytes.fromhex("02 01 01 61 01 01 01 62 15 02 7879")
REVISED = INFO + bytes.fromhex("02 01 01 61 05 55496e7438 00 01 01 62 06 537472696e67 00 02 7879")


def column(kind: str, rows: int, values: str) -> bytes:
    return bytes([1, rows, 1, 0x63]) + bytes.fromhex(kind + values)


def read(name: str, rows: int, values: str) -> bytes:
    return INFO + bytes([1, rows, 1, 0x63, len(name)]) + name.encode() + b"\x00" + bytes.fromhex(values)


#: a type's binary form and its name, its rows, its bytes in revision 0, as the engine writes them
COLUMNS = [
    ("2308", "Nullable(Int16)", 2, "0001 0500 0000"),
    ("11", "DateTime", 1, "00000000"),
    ("12 0d 417369612f5368616e67686169", "DateTime('Asia/Shanghai')", 1, "00000000"),
    ("1e23 12 03 555443", "Array(Nullable(DateTime('UTC')))", 1, "0100000000000000 00 00000000"),
    ("13 06", "DateTime64(6)", 1, "00e40b5402000000"),
    ("14 03 03 555443", "DateTime64(3, 'UTC')", 1, "00e40b5402000000"),
    ("34 03", "Time64(3)", 1, "00e40b5402000000"),
    ("1a 12 02", "Decimal(18, 2)", 1, "0100000000000000"),
    ("16 03", "FixedString(3)", 1, "616263"),
    ("17 02 03 612c29 01 02 6f27 ff", "Enum8('a,)' = 1, 'o\\'' = -1)", 1, "01"),
    ("18 01 01 61 e803", "Enum16('a' = 1000)", 1, "e803"),
    ("1e 15", "Array(String)", 2, "0100000000000000 0100000000000000 0161"),
    ("27 15 01", "Map(String, UInt8)", 1, "0100000000000000 016b 07"),
    ("20 02 01 61 01 03 622063 15", "Tuple(a UInt8, `b c` String)", 1, "01 0161"),
    ("2f 02 01 61 01 01 62 15", "Nested(a UInt8, b String)", 1, "0100000000000000 01 0161"),
    ("22 06", "IntervalDay", 1, "0100000000000000"),
    ("26 15", "LowCardinality(String)", 2, "0100000000000000 0006000000000000 0200000000000000 00 0178 0200000000000000 0101"),
    ("26 23 15", "LowCardinality(Nullable(String))", 1, "0100000000000000 0006000000000000 0200000000000000 00 0178 0100000000000000 01"),
    ("1e 26 15", "Array(LowCardinality(String))", 1, "0100000000000000 0100000000000000 0006000000000000 0200000000000000 00 0178 0100000000000000 01"),
    ("2e 03 73756d 00 01 04", "SimpleAggregateFunction(sum, UInt64)", 1, "0100000000000000"),
    ("2c 05 506f696e74", "Point", 1, "000000000000f03f 0000000000000040"),
    ("1f 00", "Tuple()", 2, "0000"),
]  # fmt: skip


def revised(data: bytes, revision: int = 54460, step: int = 0) -> bytes:
    native = NativeRevision(revision)
    pieces = [data[at : at + step] for at in range(0, len(data), step)] if step else [data]
    return b"".join(map(native.feed, pieces)) + native.finish()


def test_a_block_gets_its_info_and_each_column_its_byte():
    assert revised(PLAIN) == REVISED
    assert revised(PLAIN * 3) == REVISED * 3
    assert revised(b"") == b""


def test_older_revisions_have_no_byte_of_custom_serialization():
    assert revised(PLAIN, 54453) == INFO + bytes.fromhex(
        "02 01 01 61 05 55496e7438 01 01 62 06 537472696e67 02 7879"
    )


def test_a_revision_that_knows_no_zone_of_a_datetime_gets_none():
    zoned = column("12 03 555443", 1, "00000000")
    assert b"\x08DateTime\x00" in revised(zoned, 54336)
    assert b"\x0fDateTime('UTC')\x00" in revised(zoned, 54337)


@pytest.mark.parametrize(("kind", "name", "rows", "values"), COLUMNS)
def test_each_type_is_named_and_passed_over_as_it_lies(kind, name, rows, values):
    assert revised(column(kind, rows, values) + PLAIN) == read(name, rows, values) + REVISED


def test_a_name_longer_than_127_bytes_has_its_length_in_two():
    names = "".join(f" 02 {ord(sign):02x}30 {place:02x}" for place, sign in enumerate("abcdefghijklm"))
    data = column(f"17 0d {names}", 1, "01")
    name = ", ".join(f"'{sign}0' = {place}" for place, sign in enumerate("abcdefghijklm"))
    assert (
        revised(data)[12:] == bytes([len(name) + 7 & 127 | 128, 1]) + f"Enum8({name})".encode() + b"\x00\x01"
    )


def test_a_client_that_reads_types_in_binary_form_gets_them_so():
    native = NativeRevision(54460, binary_types=True)
    data = column("12 03 555443", 1, "00000000")
    assert native.feed(data) + native.finish() == INFO + data[:9] + b"\x00" + data[9:]


@given(st.integers(1, 40))
def test_it_does_not_matter_where_the_stream_is_cut(step):
    data = b"".join([column(kind, rows, values) for kind, _, rows, values in COLUMNS]) + PLAIN
    assert revised(data, step=step) == revised(data)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("25", "AggregateFunction"), ("30", "JSON"), ("2b", "Dynamic"), ("2a", "Variant"), ("7f", "0x7f")],
)
def test_a_type_without_a_form_is_named(kind, name):
    with pytest.raises(StoreError, match=name) as raised:
        revised(column(kind, 1, "00"))
    assert raised.value.code == 48
