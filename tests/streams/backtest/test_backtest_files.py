"""Files of minute counts and of known incidents as people really have them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from scoring.baselines.minute_table import MinuteTable
from scoring.calendar.effects import DayEffect, DayRules, OwnEntry
from scoring.calendar.entries import CalendarKind
from scoring.detection import DetectionPolicy
from streams.backtest.errors import FileUnreadableError
from streams.backtest.files import read_incidents, read_minutes
from streams.backtest.remarks import calendar_remarks, file_remarks
from streams.backtest.run import run_backtest
from streams.cli.backtest_rows import as_row

#: 2026-01-05 00:00 UTC
START = 29_459_520
#: on the store's own clock
EIGHTH, NINTH = datetime.fromisoformat("2026-01-08"), datetime.fromisoformat("2026-01-09")
LINES = "a,{0},click,,5\na,{1},click,,7\na,{0},order,,1\n"


def written(tmp_path: Path, text: str, name: str = "counts.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def clicks(table: MinuteTable) -> list[int]:
    return table.block(table.first, table.last)[:, :, 1].sum(1).tolist()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2026-01-05T00:00", "2026-01-05T00:02"),
        ("2026-01-05 00:00:30+00:00", "2026-01-05 08:02:00+08:00"),
        ("2026-01-05T00:00:00Z", "2026-01-05T00:02:59.9Z"),
        ("2026/01/05 00:00", "2026/01/05 00:02"),
        (str(START), str(START + 2)),
        (str(START * 60), str(START * 60 + 120)),
        (str(START * 60_000), str((START + 2) * 60_000)),
        (str(START * 60_000_000), str((START + 2) * 60_000_000)),
    ],
)
def test_a_minute_may_be_written_in_any_usual_way(first: str, second: str, tmp_path: Path) -> None:
    text = "store_id,minute,stage,segment,count\n" + LINES.format(first, second)
    table = read_minutes(written(tmp_path, text))
    assert (table.first, clicks(table)) == (START, [5, 0, 7])


def test_parquet_times_with_and_without_zone_and_numbers_agree(tmp_path: Path) -> None:
    naive = pa.array(np.array(["2026-01-05T00:00", "2026-01-05T00:02"], dtype="datetime64[s]"))
    columns = {
        "naive": naive,
        "aware": naive.cast(pa.timestamp("us", "Asia/Shanghai")),
        "number": pa.array([START, START + 2]),
        "float": pa.array([float(START), float(START + 2)]),
    }
    found = []
    for name, minute in columns.items():
        path = tmp_path / f"{name}.parquet"
        pq.write_table(
            pa.table({"store_id": [7, 7], "minute": minute, "stage": ["click", "click"], "count": [5, 7]}),
            path,
        )
        table = read_minutes(path)
        found.append((table.first, table.last, list(table.stores), clicks(table)))
    assert found == [(START, START + 3, ["7"], [5, 0, 7])] * 4


def test_rows_in_any_order_give_the_same_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    minute, count = START + rng.integers(0, 4_000, 500), rng.integers(0, 9, 500)
    table = pa.table(
        {
            "store_id": rng.choice(["a", "b"], 500),
            "minute": minute,
            "stage": rng.choice(["click", "order"], 500),
            "segment": rng.choice(["", "ios"], 500),
            "count": count,
        }
    )
    found = []
    for order in (np.argsort(minute), rng.permutation(500)):
        pa_csv.write_csv(table.take(order), tmp_path / "counts.csv")
        read = read_minutes(tmp_path / "counts.csv")
        found.append((read.rows(), read.block(START, START + 4_000)))
    assert found[0][0] == found[1][0]
    assert np.array_equal(found[0][1], found[1][1])
    assert found[0][1].sum() == count.sum()


def test_semicolons_capitals_and_a_compressed_file_are_read(tmp_path: Path) -> None:
    text = "Store_ID; Minute;stage;COUNT\na;2026-01-05T00:00;click;5\n"
    assert clicks(read_minutes(written(tmp_path, text))) == [5]
    plain = pa.table({"store_id": ["a"], "minute": ["2026-01-05"], "stage": ["click"], "count": [5]})
    with pa.CompressedOutputStream(str(tmp_path / "counts.csv.gz"), "gzip") as stream:
        pa_csv.write_csv(plain, stream)
    assert clicks(read_minutes(tmp_path / "counts.csv.gz")) == [5]


def test_a_time_cut_short_to_1970_is_left_out_and_said(tmp_path: Path) -> None:
    many = "".join(f"a,{START + n},click,10\n" for n in range(50))
    table = read_minutes(
        written(tmp_path, "store_id,minute,stage,count\na,0,click,1\n" + many + f"a,{START * 20},click,1\n")
    )
    assert (table.first, table.last, sum(clicks(table))) == (START, START + 50, 500)
    assert table.stray_events == 2
    (said,) = [line for line in file_remarks(table) if "time cannot be" in line]
    assert "2 events" in said
    assert "1970-01-01" in said


def test_a_year_with_a_quiet_quarter_keeps_both_of_its_parts(tmp_path: Path) -> None:
    text = f"store_id,minute,stage,count\na,{START},click,10\na,{START + 100 * 1440},click,10\n"
    table = read_minutes(written(tmp_path, text))
    assert (table.stray_events, table.last - table.first) == (0, 100 * 1440 + 1)


def test_repeated_rows_are_added_up_and_said(tmp_path: Path) -> None:
    text = "store_id,minute,stage,segment,count\n" + LINES.format(START, START + 2) * 2
    table = read_minutes(written(tmp_path, text))
    assert clicks(table) == [10, 0, 14]
    assert any(line.startswith("3 rows repeat") for line in file_remarks(table))


def test_rows_that_are_the_sums_of_their_segments_are_not_counted_twice(tmp_path: Path) -> None:
    rows = "".join(
        f"a,{START + n},click,ios,{n}\na,{START + n},click,web,3\na,{START + n},click,,{n + 3}\n"
        for n in range(5)
    )
    own = "".join(
        f"b,{START + n},click,ios,{n}\nb,{START + n},click,,{n}\nb,{START + n},click,web,1\n"
        for n in range(5)
    )
    table = read_minutes(written(tmp_path, "store_id,minute,stage,segment,count\n" + rows + own))
    assert table.summed_stores == ("a",)
    assert table.rows() == [("a", "ios"), ("a", "web"), ("b", ""), ("b", "ios"), ("b", "web")]
    assert sum(clicks(table)) == (10 + 15) + (10 + 10 + 5)


def test_a_store_of_one_stage_is_named(tmp_path: Path) -> None:
    table = read_minutes(written(tmp_path, f"store_id,minute,stage,count\nlone,{START},order,1\n"))
    assert any("one stage only" in line and "lone" in line for line in file_remarks(table))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("store_id,minute,stage,count\na,29459520,click,9999999999999\n", "larger than"),
        ("store_id,minute,stage,count\na,29459520,click,\n", "CSV conversion error|empty"),
        ("store_id,minute,stage,count\n,29459520,click,1\n", "no store_id"),
        ("store_id,minute,stage,count\na,,click,1\n", "write times like"),
        ("store_id,minute,stage,count\n", "no row of any stage"),
    ],
)
def test_what_is_impossible_is_rejected_with_its_reason(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError, match=says):
        read_minutes(written(tmp_path, content))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("i.csv", "store_id,start,end,kind\na,2026-01-05T00:00,2026-01-05T01:00,drop\n"),
        ("i.csv", f"store_id,start_ms,end_ms,kind\na,{START * 60_000},{(START + 60) * 60_000},drop\n"),
        ("i.csv", f"Store_ID,start_minute,end_minute,Kind\na,{START},{START + 60},drop\n"),
        (
            "i.jsonl",
            '{"store_id": "a", "start": "2026-01-05T00:00:00Z", "end": "2026-01-05T09:00:00+08:00", "kind": "drop"}\n',
        ),
    ],
)
def test_known_incidents_may_be_written_in_any_usual_way(name: str, text: str, tmp_path: Path) -> None:
    (incident,) = read_incidents(written(tmp_path, text, name))
    assert (incident.store_id, incident.kind) == ("a", "drop")
    assert (incident.start_ms, incident.end_ms) == (START * 60_000, (START + 60) * 60_000)


def test_an_incident_without_an_end_lasts_a_day(tmp_path: Path) -> None:
    text = f"store_id,start,end\na,{START},{START + 60}\nb,{START},\n"
    ended, lasting = read_incidents(written(tmp_path, text))
    assert (ended.end_ms - ended.start_ms, lasting.end_ms - lasting.start_ms) == (3_600_000, 86_400_000)


@pytest.fixture(scope="module")
def fallen() -> MinuteTable:
    """A shop whose carts fall by four fifths on an entry of its calendar, after three days."""
    rng = np.random.default_rng(4)
    clicked = rng.poisson(60, 4 * 1440)
    carted = rng.binomial(clicked, 0.3)
    carted[3 * 1440 + 600 : 3 * 1440 + 700] = rng.binomial(carted[3 * 1440 + 600 : 3 * 1440 + 700], 0.2)
    table = MinuteTable()
    both = np.concatenate([clicked, carted])
    table.add(
        [("shop", "", "click"), ("shop", "", "add_to_cart")],
        np.repeat([0, 1], 4 * 1440), np.tile(START + np.arange(4 * 1440), 2), both,
    )  # fmt: skip
    return table.finish()


def test_each_entry_of_the_calendar_says_what_it_held_back(fallen: MinuteTable) -> None:
    fallen.rules = DayRules(
        {}, {CalendarKind.COMMERCE: DayEffect.WIDEN},
        (
            OwnEntry("Stock taking", DayEffect.SUPPRESS, EIGHTH, NINTH),
            OwnEntry("Elsewhere", DayEffect.SUPPRESS, EIGHTH, NINTH, stores=("other",)),
        ),
    )  # fmt: skip
    outcome = run_backtest(fallen, START + 3 * 1440, DetectionPolicy())
    assert outcome.alerts == []
    assert calendar_remarks(outcome, fallen) == [
        "calendar: Stock taking (suppress, 1 store) held back 1 alert"
    ]


def test_a_row_has_the_agreed_fields_and_no_others(fallen: MinuteTable) -> None:
    fallen.rules = None
    (alert,) = run_backtest(fallen, START + 3 * 1440, DetectionPolicy()).alerts
    assert list(as_row(alert)) == [
        "store_id", "step", "segment", "level", "opened_at", "resolved_at", "surprise", "observed", "expected", "lost", "label",
        "kind", "direction", "fired_at", "paged_at",
    ]  # fmt: skip
    assert (as_row(alert)["kind"], as_row(alert)["direction"]) == ("conversion", "down")
    assert as_row(alert, details=True)["window_minutes"] == alert.window_minutes
    assert date.fromisoformat(as_row(alert)["opened_at"][:10]) == date(2026, 1, 8)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("two.csv", "time,stage\n2026-01-05T00:00:10Z,view\n2026-01-05 00:00:50,Click\n2026-01-05T00:02Z,purchase\n"),
        ("two.tsv", f"timestamp\tevent\n{START * 60_000}\tpv\n{START * 60_000 + 9}\tclick\n{(START + 2) * 60_000}\tbuy\n"),
        ("two.csv", "click_at,note,order_at\n2026-01-05T00:00,x,2026-01-05T00:02\n2026-01-05T00:00:59,,\n"),
        ("two.jsonl", '{"ts": "2026-01-05T00:00Z", "type": "click"}\n' * 2 + '{"ts": "2026-01-05T00:02Z", "type": "order"}\n'),
    ],
)  # fmt: skip
def test_a_file_of_two_columns_is_enough(name: str, text: str, tmp_path: Path) -> None:
    table = read_minutes(written(tmp_path, text, name))
    assert (table.first, table.last, list(table.stores)) == (START, START + 3, ["two"])
    assert clicks(table) == [2, 0, 0]
    assert file_remarks(table) == []
    assert table.block(table.first, table.last)[:, 0, 3].tolist() == [0, 0, 1]


def test_what_a_column_nobody_asks_for_holds_does_not_stop_the_reading(tmp_path: Path) -> None:
    lines = [f"{START * 60},click,,\n"] * 400_000 + [f"{START * 60},order,A-7,3\n"]
    table = read_minutes(written(tmp_path, "ts,event,order_id,amount\n" + "".join(lines)))
    assert table.block(START, START + 1)[0, 0, [1, 3]].tolist() == [400_000, 1]


@pytest.mark.parametrize(
    "text",
    [
        "minute,click,order\n2026-01-05T00:00,5,\n2026-01-05T00:02,7,1\n",
        "Date,Shop,Clicks,Orders\n2026/01/05 00:00,a,5,0\n2026/01/05 00:02,a,7,1\n",
        "时间,店铺,点击数,下单数\n2026-01-05 00:00,一号店,5,\n2026-01-05 00:02,一号店,7,1\n",
    ],
)
def test_a_column_of_counts_for_each_stage_is_not_read_as_times_of_1970(text: str, tmp_path: Path) -> None:
    table = read_minutes(written(tmp_path, text))
    assert (table.first, clicks(table)) == (START, [5, 0, 7])
    assert table.block(table.first, table.last)[:, :, 3].sum() == 1
    assert not [line for line in file_remarks(table) if "repeat" in line]


def test_counts_by_the_hour_are_said_to_be_judged_late(tmp_path: Path) -> None:
    rows = "".join(f"2026-01-05T{hour:02d}:00,{hour},1\n" for hour in range(24))
    (said,) = [line for line in file_remarks(read_minutes(written(tmp_path, "hour,clicks,orders\n" + rows))) if "full hours" in line]  # fmt: skip
    assert "an hour late" in said


@pytest.mark.parametrize("name", ["times.csv", "times.parquet"])
def test_an_hour_that_a_clock_has_twice_is_its_first(name: str, tmp_path: Path) -> None:
    times = ["2026-10-25T02:30", "2026-10-25T03:30"]
    if name.endswith("csv"):
        (tmp_path / name).write_text("time,stage\n" + "".join(f"{time},click\n" for time in times))
    else:
        moments = pa.array(np.array(times, dtype="datetime64[s]"))
        pq.write_table(pa.table({"time": moments, "stage": ["click"] * 2}), tmp_path / name)
    table = read_minutes(tmp_path / name, ZoneInfo("Europe/Berlin"))
    first = int(np.datetime64("2026-10-25T00:30", "m").astype(np.int64))
    assert (table.first, table.last - table.first) == (first, pytest.approx(120, abs=1))
