"""Files of every shape, read into rows and made into events whose ids a second replay repeats."""

from __future__ import annotations

import collections
import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.events.event import RejectReason
from streams.sources.files.event_maker import EventMaker, MadeEvents
from streams.sources.files.mapping import MappingError, load_mapping, parse_mapping, shipped_mappings
from streams.sources.files.ordinals import Ordinals
from streams.sources.files.reading import CHUNK_ROWS, FileEndsEarlyError, Table
from tests.places import ROOT, SHARED

ORDERS = """
name: mine
store: shop
zone: Europe/Berlin
currency: EUR
time: {column: when, format: iso}
fields: {order_id: number, buyer: customer, amount: total}
events:
  - type: {column: what, values: {bought: order, paid: payment}}
"""
HEADER = "number,customer,what,when,total\n"


def replay(path: Path, text: str = ORDERS, encoding: str | None = None) -> MadeEvents:
    mapping = parse_mapping(text, "test")
    table = Table(path, mapping, encoding)
    maker = EventMaker(mapping, table.columns, mapping.store)
    total = MadeEvents()
    for made in [*(maker.make(chunk) for chunk in table.chunks()), maker.finish()]:
        total.events += made.events
        total.lines += made.lines
        total.bad += made.bad
        total.left_out += made.left_out
    return total


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("is_named", [False, True])  # by a line of Excel's that was taken for the header
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_delimiters_bom_and_line_ends_make_no_difference(
    tmp_path: Path, delimiter: str, bom: str, line_end: str, is_named: bool
) -> None:
    text = HEADER + "7,ann,bought,2026-03-01T10:00:00,9.50\n7,ann,paid,2026-03-01T10:01:00,9.50\n"
    made = replay(
        written(
            tmp_path / "a.csv",
            bom + f"sep={delimiter}\n" * is_named + text.replace(",", delimiter).replace("\n", line_end),
        )
    )
    assert [event["type"] for event in made.events] == ["order", "payment"]
    assert (
        made.events[0]["event_time_ms"] == 1_772_355_600_000
    )  # 09:00 UTC: Berlin is one hour ahead in winter
    assert made.events[0]["currency"] == "EUR"
    assert made.bad == []


def test_an_offset_in_the_text_wins_over_the_mappings_zone(tmp_path: Path) -> None:
    made = replay(written(tmp_path / "a.csv", HEADER + "7,ann,bought,2026-03-01T10:00:00+08:00,9.50\n"))
    assert made.events[0]["event_time_ms"] == 1_772_330_400_000


def test_rows_that_are_not_rows_are_named_by_line_and_the_others_stay(tmp_path: Path) -> None:
    content = (
        HEADER.encode()
        + b"1,ann,bought,2026-03-01T10:00:00,9.50\n"
        + b"2,ann,bought\n"
        + b"3,\xff\xfe,bought,2026-03-01T10:00:00,9.50\n"
        + b'4,"ann,bought,2026-03-01T10:00:00,9.50\n'
        + b"5,ann,bought,yesterday,9.50\n"
        + b"6,ann,bought,2026-03-01T10:00:00,9.50,extra\n"
        + b"7,"
        + b"x" * 200_000
        + b",bought,2026-03-01T10:00:00,9.50\n"
        + b'8,"ann\nmary ""x""",bought,2026-03-01T10:00:00,9.50\n'
        + b"9,ann,bought,2026-03-01T10:00:00,9.50\n"
        + b"10,ann,bou"
    )
    made = replay(written(tmp_path / "a.csv", content))
    assert [event["order_id"] for event in made.events] == ["1", "8", "9"]
    assert made.events[1]["buyer"] == 'ann\nmary "x"'
    assert sorted((bad.line, bad.reason) for bad in made.bad) == [
        (3, RejectReason.BAD_ROW),
        (4, RejectReason.NOT_UTF8),
        (5, RejectReason.BAD_ROW),
        (6, RejectReason.BAD_ROW),
        (7, RejectReason.BAD_ROW),
        (8, RejectReason.TOO_LARGE),
        (12, RejectReason.BAD_ROW),
    ]
    assert all(f"line {bad.line}:" in bad.detail for bad in made.bad)


def test_one_row_with_a_nul_had_the_whole_file_rejected(tmp_path: Path) -> None:
    content = HEADER + "1,a\0nn,bought,2026-03-01T10:00:00,9.50\n2,ann,bought,2026-03-01T10:00:00,9.50\n"
    made = replay(written(tmp_path / "a.csv", content))
    assert made.events[-1]["order_id"] == "2"


def test_a_chinese_export_is_read_in_its_encoding(tmp_path: Path) -> None:
    content = (HEADER + "1,王,bought,2026-03-01T10:00:00,9.50\n").encode("gb18030")
    assert replay(written(tmp_path / "a.csv", content), encoding="gb18030").events[0]["buyer"] == "王"
    assert "gb18030" in replay(tmp_path / "a.csv").bad[0].detail


def test_a_missing_column_is_named_with_the_likely_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "Number,customer,what,when\n1,ann,bought,2026-03-01\n")
    with pytest.raises(MappingError, match=r"column 'number' \(is it 'Number'\?\), 'total' is missing"):
        replay(path)


def test_a_file_without_header_and_of_another_width_is_rejected_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "1,2,3\n4,5,6\n")
    with pytest.raises(MappingError, match="have 3 columns, but mapping taobao wants 5"):
        Table(path, load_mapping("taobao"))


def test_a_header_line_in_a_file_that_should_have_none_is_skipped(tmp_path: Path) -> None:
    mapping = load_mapping("taobao")
    path = written(tmp_path / "a.csv", ",".join(mapping.columns) + "\n1,2,3,pv,1511658000\n")
    table = Table(path, mapping)
    assert [row for chunk in table.chunks() for row in chunk.rows] == [("1", "2", "3", "pv", "1511658000")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04xlsx", "Excel"),
        (b"PAR1 not really", "Parquet"),
        (b"a\0b\0", "not a text file"),
    ],
)
def test_files_of_the_wrong_kind_are_distinguished(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        Table(written(tmp_path / "a.csv", content), parse_mapping(ORDERS, "test"))


def test_a_cut_gzip_gives_its_rows_and_says_where_it_ends(tmp_path: Path) -> None:
    lines = "".join(f"{n},ann,bought,2026-03-01T10:00:00,{n}.50\n" for n in range(20_000))
    whole = gzip.compress((HEADER + lines).encode())
    table = Table(written(tmp_path / "a.csv.gz", whole[: len(whole) // 2]), parse_mapping(ORDERS, "test"))
    rows = []
    chunks = table.chunks()
    with pytest.raises(FileEndsEarlyError, match="is damaged after line"):
        rows.extend(row for chunk in chunks for row in chunk.rows)
    assert len(rows) > 1000


def test_identical_rows_are_events_of_their_own_and_the_same_ones_on_every_replay(tmp_path: Path) -> None:
    row = "1,ann,bought,2026-03-01T10:00:00,9.50\n"
    other = "2,ann,bought,2026-03-01T10:00:00,9.50\n"
    first = replay(written(tmp_path / "a.csv", HEADER + row + row + other + row))
    second = replay(
        written(tmp_path / "b.csv", HEADER.replace(",", ";") + (row + row + other + row).replace(",", ";"))
    )
    ids = [event["event_id"] for event in first.events]
    assert len(set(ids)) == 4
    assert ids == [event["event_id"] for event in second.events]


def test_ordinals_count_repeats_across_chunks_like_a_counter_does() -> None:
    random = np.random.default_rng(5)
    ordinals, seen = Ordinals(), collections.Counter[int]()
    for _ in range(30):
        chunk = random.integers(0, 400, size=200, dtype=np.uint64)
        expected = []
        for value in chunk.tolist():
            expected.append(seen[value])
            seen[value] += 1
        assert ordinals.of(chunk) == expected


def test_invoice_lines_are_summed_and_a_second_invoice_is_also_a_repurchase(tmp_path: Path) -> None:
    lines: dict[str, list[Any]] = {
        "InvoiceNo": ["1", "1", "2", "C3", "A4", "5"],
        "CustomerID": [17850.0, 17850.0, 17850.0, 17850.0, None, None],
        "Quantity": [2, 1, 1, -1, 1, -5],
        "UnitPrice": [2.55, 0.1, 3.0, 3.0, 11062.06, 0.0],
        "Country": ["United Kingdom"] * 6,
        "InvoiceDate": np.array(["2011-06-01T10:00:00"] * 6, dtype="datetime64[us]"),
    }
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(lines), path)
    mapping = load_mapping("uci_online_retail")
    table = Table(path, mapping)
    maker = EventMaker(mapping, table.columns, "uci")
    made = [maker.make(chunk) for chunk in table.chunks()] + [maker.finish()]
    events = [(e["type"], e["order_id"], e["amount"], e.get("buyer")) for part in made for e in part.events]
    assert events == [
        ("order", "1", "5.20", "17850"),
        ("order", "2", "3", "17850"),
        ("repurchase", "2", "3", "17850"),
        ("cancel", "C3", "3", "17850"),
    ]
    assert sum(part.left_out for part in made) == 2
    assert made[-1].events[0]["event_time_ms"] == 1_306_918_800_000  # British summer time


def test_a_value_that_python_has_no_like_of_is_a_row_that_cannot_be_read_and_no_crash(tmp_path: Path) -> None:
    times = pa.array([1_306_918_800_000, 10**18], type=pa.timestamp("ms", tz="UTC"))
    columns = {"timestamp": times, "item_id": ["p", "q"], "position": [1, 2], "click": ["0", "1"]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    mapping = load_mapping("open_bandit")
    table = Table(tmp_path / "a.parquet", mapping)
    (made,) = [EventMaker(mapping, table.columns, "zozo").make(chunk) for chunk in table.chunks()]
    assert [event["event_time_ms"] for event in made.events] == [1_306_918_800_000]
    assert [(bad.line, "is not a time" in bad.detail) for bad in made.bad] == [(2, True)]


def test_a_parquet_file_damaged_in_its_middle_gives_what_precedes_the_damage(tmp_path: Path) -> None:
    rows = 4 * CHUNK_ROWS
    moments = pa.array(range(rows), type=pa.timestamp("s", tz="UTC"))
    items = [str(number) for number in range(rows)]
    columns = {"timestamp": moments, "item_id": items, "position": items, "click": ["0"] * rows}
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=CHUNK_ROWS, write_page_checksum=True)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = b"\x13" * 3000
    path.write_bytes(content)
    given: list[int] = []
    with pytest.raises(FileEndsEarlyError, match="damaged after row"):
        given.extend(len(chunk.rows) for chunk in Table(path, load_mapping("open_bandit")).chunks())
    assert given in ([CHUNK_ROWS], [CHUNK_ROWS] * 2)


def test_a_mapping_with_errors_names_each() -> None:
    with pytest.raises(MappingError) as reported:
        parse_mapping(
            ORDERS.replace("store: shop", "shop: x").replace("Europe/Berlin", "Mars/Base"), "mine.yaml"
        )
    assert "mine.yaml: store: Field required" in str(reported.value)
    assert "mine.yaml: shop: unknown name" in str(reported.value)
    assert "unknown time zone 'Mars/Base'" in str(reported.value)


def test_a_misspelt_mapping_name_is_answered_with_the_near_one() -> None:
    with pytest.raises(MappingError, match="Did you mean taobao"):
        load_mapping("taoboa")


@pytest.mark.parametrize("name", shipped_mappings())
def test_every_shipped_mapping_is_valid(name: str) -> None:
    assert load_mapping(name).name == name


def test_chunks_are_bounded(tmp_path: Path) -> None:
    lines = "".join(f"{n},ann,bought,2026-03-01T10:00:00,1\n" for n in range(CHUNK_ROWS * 2 + 1))
    table = Table(written(tmp_path / "a.csv", HEADER + lines), parse_mapping(ORDERS, "test"))
    assert [len(chunk.rows) for chunk in table.chunks()] == [CHUNK_ROWS, CHUNK_ROWS, 1]


REAL = SHARED / "data" / "taobao_2h" / "UserBehavior.csv"


@pytest.mark.skipif(not REAL.exists(), reason="../shared/data is absent")
def test_the_real_file_gives_an_event_a_row() -> None:
    mapping = load_mapping("taobao")
    table = Table(REAL, mapping)
    maker = EventMaker(mapping, table.columns, "taobao")
    events = [event for chunk in table.chunks() for event in maker.make(chunk).events]
    with REAL.open(newline="") as file:
        counted = collections.Counter(row[3] for row in csv.reader(file))
    made = collections.Counter(event["type"] for event in events)
    assert made == {
        "click": counted["pv"],
        "add_to_cart": counted["cart"],
        "order": counted["buy"],
        "favourite": counted["fav"],
    }
    assert len({event["event_id"] for event in events}) == 96_169


def test_the_documented_mapping_is_valid() -> None:
    text = (ROOT / "deploy" / "docs" / "files.md").read_text("utf-8")
    example = text.partition("## Your own mapping")[2].partition("```yaml\n")[2].partition("```")[0]
    assert parse_mapping(example, "files.md").events[0].type.column == "action"  # type: ignore[union-attr]
    assert all(f"`{name}`" in text for name in shipped_mappings())


GROUPED = """
name: grp
store: ev
currency: CNY
time: {column: when, format: iso}
fields: {buyer: who, order_id: inv, amount: total}
group: {by: inv, sums: {total: [qty, price]}}
events:
  - type: order
"""


@pytest.mark.parametrize("rows", [0, 1, 3, CHUNK_ROWS, CHUNK_ROWS + 1])
def test_a_group_without_identity_ended_the_replay_when_a_chunk_closed_none(
    tmp_path: Path, rows: int
) -> None:
    lines = "".join(f"{row // 2},2026-03-01T10:00:00,ann,2,1.50\n" for row in range(rows))
    made = replay(written(tmp_path / "a.csv", "inv,when,who,qty,price\n" + lines), GROUPED)
    assert [event["order_id"] for event in made.events] == [str(order) for order in range((rows + 1) // 2)]
    assert {event["amount"] for event in made.events} <= {"6.00", "3.00"}


def test_an_empty_chunk_between_full_ones_changes_no_ordinal() -> None:
    ordinals, nothing = Ordinals(), np.array([], dtype=np.uint64)
    assert ordinals.of(nothing) == []
    assert ordinals.of(np.array([7, 7, 9], dtype=np.uint64)) == [0, 1, 0]
    assert ordinals.of(nothing) == []
    assert ordinals.of(np.array([9, 7], dtype=np.uint64)) == [1, 2]


@pytest.mark.parametrize("text", [ORDERS, ORDERS + "identity: [number]\n"])
@pytest.mark.parametrize(
    "lost", ["1.1812E+11", "1,1812E+11", "2E+14", "1.18e+17", "\t1.1812E+11", "=1.1812E+11"]
)
def test_orders_whose_ids_a_spreadsheet_shortened_counted_as_one(
    tmp_path: Path, text: str, lost: str
) -> None:
    rows = f'"{lost}";ann;bought;2026-03-01T10:00:00;9.50\n"{lost}";bob;bought;2026-03-01T10:00:01;8.50\n'
    content = HEADER.replace(",", ";") + rows + "118120000001;eve;bought;2026-03-01T10:00:02;7.50\n"
    made = replay(written(tmp_path / "a.csv", content), text)
    assert [event["order_id"] for event in made.events] == ["118120000001"]
    assert [(bad.line, bad.reason) for bad in made.bad] == [
        (2, RejectReason.BAD_ROW),
        (3, RejectReason.BAD_ROW),
    ]
    assert "number holds an id in scientific notation" in made.bad[0].detail


def test_a_group_is_not_made_of_rows_whose_ids_were_shortened(tmp_path: Path) -> None:
    rows = "1.2812E+11,2026-03-01T10:00:00,ann,2,1.50\n" * 2 + "7,2026-03-01T10:00:00,ann,2,1.50\n"
    made = replay(written(tmp_path / "a.csv", "inv,when,who,qty,price\n" + rows), GROUPED)
    assert [event["order_id"] for event in made.events] == ["7"]
    assert len(made.bad) == 2


ROUNDED = ("1234567890123450000", "1234567890123460000", "1234567890123460000")


@pytest.mark.parametrize("text", [ORDERS, ORDERS + "identity: [number]\n"])
def test_orders_whose_ids_a_spreadsheet_rounded_counted_as_one(tmp_path: Path, text: str) -> None:
    rows = "".join(f"{one},ann,bought,2026-03-01T10:00:0{n},9.50\n" for n, one in enumerate(ROUNDED))
    rows += "4711,eve,bought,2026-03-01T10:00:09,7.50\n"
    made = replay(written(tmp_path / "a.csv", HEADER + rows), text)
    assert [event["order_id"] for event in made.events] == ["4711"]
    assert [bad.line for bad in made.bad] == [2, 3, 4]
    assert "number holds only ids that end in zeros after 15 digits" in made.bad[0].detail


def test_a_long_id_that_ends_in_zeros_by_chance_stays(tmp_path: Path) -> None:
    ids = ("576461413038785000", "576461413038785752", "576461413038785100")
    rows = "".join(f"{one},ann,bought,2026-03-01T10:00:0{n},9.50\n" for n, one in enumerate(ids))
    made = replay(written(tmp_path / "a.csv", HEADER + rows), ORDERS)
    assert [event["order_id"] for event in made.events] == list(ids)
    made = replay(
        written(tmp_path / "b.csv", HEADER + "1234567890123450,ann,bought,2026-03-01T10:00:00,1\n"), ORDERS
    )
    assert [event["order_id"] for event in made.events] == ["1234567890123450"]


@pytest.mark.parametrize(
    "whole", ["118120000001", "12E5", "E+11", "5E-RED", "SKU-1E+4", "1e", "3.5", "2601E2PQ"]
)
def test_ids_that_only_look_a_little_like_a_shortened_number_stay(tmp_path: Path, whole: str) -> None:
    made = replay(written(tmp_path / "a.csv", HEADER + f"{whole},ann,bought,2026-03-01T10:00:00,9.50\n"))
    assert [event["order_id"] for event in made.events] == [whole]


SHORTENED = SHARED / "data" / "corpus" / "traps" / "scientific_ids.csv"


@pytest.mark.skipif(not SHORTENED.exists(), reason="../shared/data is absent")
def test_a_real_file_that_went_through_a_spreadsheet_is_rejected_row_by_row() -> None:
    mapping = ORDERS.replace("number, buyer: customer, amount: total", "order_id").replace(
        "when", "insert_time"
    )
    mapping = mapping.replace("type: {column: what, values: {bought: order, paid: payment}}", "type: order")
    made = replay(SHORTENED, mapping.replace("format: iso", 'format: "%Y%m%d%H%M"'))
    assert made.events == []
    assert len(made.bad) == 26
