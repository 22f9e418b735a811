"""Native blocks of a protocol revision: pictures of bytes, as clickhouse-go and the Grafana plug-in read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.embedded.store.errors import StoreError
from streams.embedded.store.native import NativeRevision

INFO = bytes.fromhex("010002ffffffff00")
# SELECT toUInt8(1) AS a, 'xy' AS b
PLAIN = bytes.fromhex("02 01 01 61 05 55496e7438 01 01 62 06 537472696e67 02 7879")
REVISED = INFO + bytes.fromhex("02 01 01 61 05 55496e7438 00 01 01 62 06 537472696e67 00 02 7879")


def column(kind: str, rows: int, values: str) -> bytes:
    return bytes([1, rows, 1, 0x63, len(kind)]) + kind.encode() + bytes.fromhex(values)


#: a type, its rows, its bytes in revision 0, as the engine writes them
COLUMNS = [
    ("Nullable(Int16)", 2, "0001 0500 0000"),
    ("DateTime64(3, 'UTC')", 1, "00e40b5402000000"),
    ("Decimal(18, 2)", 1, "0100000000000000"),
    ("FixedString(3)", 1, "616263"),
    ("Enum8('a,)' = 1)", 1, "01"),
    ("Array(String)", 2, "0100000000000000 0100000000000000 0161"),
    ("Map(String, UInt8)", 1, "0100000000000000 016b 07"),
    ("Tuple(a UInt8, `b c` String)", 1, "01 0161"),
    ("LowCardinality(String)", 2, "0100000000000000 0006000000000000 0200000000000000 00 0178 0200000000000000 0101"),
    ("LowCardinality(Nullable(String))", 1, "0100000000000000 0006000000000000 0200000000000000 00 0178 0100000000000000 01"),
    ("Array(LowCardinality(String))", 1, "0100000000000000 0100000000000000 0006000000000000 0200000000000000 00 0178 0100000000000000 01"),
    ("SimpleAggregateFunction(sum, UInt64)", 1, "0100000000000000"),
    ("Point", 1, "000000000000f03f 0000000000000040"),
    ("Tuple()", 2, "0000"),
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
    assert revised(PLAIN, 54453) == INFO + PLAIN


@pytest.mark.parametrize(("kind", "rows", "values"), COLUMNS)
def test_each_type_is_passed_over_as_it_lies(kind, rows, values):
    data = column(kind, rows, values)
    head = 5 + len(kind)
    assert revised(data + PLAIN) == INFO + data[:head] + b"\x00" + data[head:] + REVISED


@given(st.integers(1, 40))
def test_it_does_not_matter_where_the_stream_is_cut(step):
    data = b"".join([column(*one) for one in COLUMNS]) + PLAIN
    assert revised(data, step=step) == revised(data)


@pytest.mark.parametrize(
    "kind", ["AggregateFunction(sum, UInt64)", "JSON", "Dynamic", "Variant(String, UInt8)"]
)
def test_a_type_without_a_form_is_named(kind):
    with pytest.raises(StoreError, match=kind.partition("(")[0]) as raised:
        revised(column(kind, 1, "00"))
    assert raised.value.code == 48


def test_a_block_without_rows_needs_no_form():
    assert revised(column("JSON", 0, "")) == INFO + column("JSON", 0, "") + b"\x00"
