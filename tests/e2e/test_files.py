"""Files through a whole running instance: imported and undone, and replayed and compared with a count of our own by minute.

One instance for all of it, for starting one takes as long as everything that is done to it; what changes it for good comes last.
"""

from __future__ import annotations

import asyncio
import collections
import csv
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.admin import add_partitions, partition_of, partitions_of
from streams.kafka.topics import EVENTS
from tests.deadlines import within
from tests.e2e.instance import Instance
from tests.places import SHARED

#: a busy machine starts an instance slowly; nothing here depends on how long it takes
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SHOPIFY = "Name,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price"
STORES = """stores:
  - {id: undo-shop, platform: shopify, currency: USD, zone: UTC}
  - {id: report-shop, platform: shopee, currency: VND, zone: Asia/Ho_Chi_Minh}
"""
REPORT = "Ngày,Lượt xem,Lượt truy cập,Số lượt xem trung bình,Số khách truy cập mới"
TAOBAO = SHARED / "data" / "taobao_2h" / "UserBehavior.csv"
STAGE_OF = {"pv": "click", "cart": "add_to_cart", "buy": "order"}
#: (start of the minute in Unix seconds, stage) → count
Counts = dict[tuple[int, str], int]

MAPPING = """
name: mine
store: mine
platform: own_site
zone: Europe/Berlin
time: {column: when, format: unix_ms}
fields: {visitor: who, device_class: device, order_id: number}
events:
  - type: {column: what, values: {seen: impression, clicked: click, bought: order, paid: payment}}
"""
MINE = {"seen": "impression", "clicked": "click", "bought": "order", "paid": "payment"}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    data = tmp_path_factory.mktemp("instance") / "data"
    data.mkdir()
    (data / "funnelwatch.yaml").write_text(STORES)
    made = Instance(data, "collector,monitor,landing")
    made.start()
    yield made
    made.stop()


def orders(folder: Path, name: str, numbers: range, total: str) -> Path:
    """A file of paid orders of March, one an hour."""
    lines = [
        f"#{number},paid,2026-03-07 {number:02}:30:00 +0000,,USD,{total},2026-03-07 {number:02}:10:00 +0000,1,Hat,{total}"
        for number in numbers
    ]
    path = folder / name
    path.write_text("\n".join([SHOPIFY, *lines]) + "\n")
    return path


class Shop:
    """What a store's tables say."""

    def __init__(self, instance: Instance, store: str) -> None:
        self._instance, self.store = instance, store

    def run(self, *words: str) -> dict[str, Any]:
        printed = self._instance.command("import", *words, "--json", "--yes")
        return dict(json.loads(printed.splitlines()[-1]))

    def imported(self, path: Path) -> str:
        return str(self.run(str(path), "--store", self.store)["import_id"])

    def state(self) -> dict[str, Any]:
        sql = self._instance.sql
        where = f"WHERE store_id = '{self.store}'"
        events = sql(f"SELECT type, order_id, toString(amount) AS worth FROM events {where}")
        facts = sql(f"SELECT order_id, toString(amount) AS worth FROM order_lives {where}")
        counts = sql(f"SELECT stage, sum(count) AS counted FROM stage_counts {where} GROUP BY stage")
        rows = sql(f"SELECT measure, toString(value) AS figure FROM report_rows {where}")
        return {
            "events": collections.Counter((one["type"], one["order_id"], one["worth"]) for one in events),
            "orders": {one["order_id"]: one["worth"] for one in facts},
            "counts": {one["stage"]: int(one["counted"]) for one in counts},
            "report": {one["measure"]: one["figure"] for one in rows},
        }


def expected(**worth: str) -> dict[str, Any]:
    """Of paid orders by number."""
    events = collections.Counter(
        (kind, f"#{number[1:]}", total) for number, total in worth.items() for kind in ("order", "payment")
    )
    counts = {"order": len(worth), "payment": len(worth)} if worth else {}
    return {
        "events": events,
        "orders": {f"#{number[1:]}": total for number, total in worth.items()},
        "counts": counts,
        "report": {},
    }


def until(read: Callable[[], Any], wanted: Any) -> None:
    deadline = time.monotonic() + within(90)
    while (found := read()) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found == wanted


def test_two_files_that_overlap_undone_in_either_order_and_imported_again(
    instance: Instance, tmp_path: Path
) -> None:
    shop = Shop(instance, "undo-shop")
    early = orders(tmp_path, "early.csv", range(1, 4), "10.00")
    late = orders(tmp_path, "late.csv", range(2, 5), "12.00")
    first, second = shop.imported(early), shop.imported(late)
    # facts of both are newest by the times in the files; an event is what was reported first
    until(lambda: shop.state()["events"], expected(n1="10", n2="10", n3="10", n4="12")["events"])
    done = shop.run("undo", first)
    assert (done["removed_events"], done["kept_events"], done["removed_orders"]) == (2, 4, 3)
    assert shop.state() == expected(n2="12", n3="12", n4="12")
    again = shop.imported(early)
    until(lambda: set(shop.state()["orders"]), {"#1", "#2", "#3", "#4"})
    shop.run("undo", second)
    assert shop.state() == expected(n1="10", n2="10", n3="10")
    shop.run("undo", again)
    assert shop.state() == expected()
    states = [
        run["state"]
        for run in map(
            json.loads,
            instance.command("import", "list", "--store", "undo-shop", "--json").splitlines(),
        )
    ]
    assert states == ["undone"] * 3


def test_a_report_that_is_undone_leaves_the_figures_of_the_one_before(
    instance: Instance, tmp_path: Path
) -> None:
    shop = Shop(instance, "report-shop")
    path = tmp_path / "report.csv"
    ids = []
    for views in ("1204", "1300"):
        path.write_text(f"{REPORT}\n19-01-2026,{views},310,39,12\n")
        ids.append(
            str(shop.run(str(path), "--store", "report-shop", "--zone", "Asia/Ho_Chi_Minh")["import_id"])
        )
        until(lambda: shop.state()["report"].get("page_views"), views)
    assert shop.run("undo", ids[1])["removed_report_rows"] == 3
    assert shop.state()["report"]["page_views"] == "1204"
    shop.run("undo", ids[0])
    assert shop.state()["report"] == {}


def landed(instance: Instance, store: str) -> Counts:
    rows = instance.sql(
        "SELECT toUnixTimestamp(minute) AS at, stage, sum(count) AS counted FROM stage_counts "
        f"WHERE store_id = '{store}' GROUP BY at, stage"
    )
    return {(int(row["at"]), row["stage"]): int(row["counted"]) for row in rows}


def difference(counted: Counts, expected: Counts) -> Counts:
    keys = counted.keys() | expected.keys()
    return {
        key: counted.get(key, 0) - expected.get(key, 0)
        for key in keys
        if counted.get(key, 0) != expected.get(key, 0)
    }


def until_equal(read: Callable[[], Counts], expected: Counts) -> None:
    deadline = time.monotonic() + within(90)
    while (wrong := difference(read(), expected)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert wrong == {}


def write_mine(folder: Path) -> tuple[Path, Path, Counts]:
    """A file of events of the last hours and of last week, some rows twice, some bad; its mapping and its count."""
    chance = random.Random(11)
    now_s = int(time.time())
    rows: list[list[str]] = []
    expected: collections.Counter[tuple[int, str]] = collections.Counter()

    def add(what: str, at_s: int, number: str = "") -> None:
        row = [what, f"u{chance.randrange(300)}", chance.choice(["ios", "android"]), number, f"{at_s}000"]
        rows.append(row)
        expected[at_s // 60 * 60, MINE[what]] += 1
        if not number and chance.random() < 0.05:  # two of a kind within a second are two events
            rows.append(row)
            expected[at_s // 60 * 60, MINE[what]] += 1

    for start_s in (now_s - 3 * 3600, now_s - 7 * 86_400):
        for second in range(0, 7_200, 3):
            add("seen", start_s + second)
            if second % 9 == 0:
                add("clicked", start_s + second)
            if second % 60 == 0:
                add("bought", start_s + second, f"n{start_s}-{second}")
                add("paid", start_s + second + 20, f"n{start_s}-{second}")
    lines = ["what,who,device,number,when", *(",".join(row) for row in rows)]
    # the same order sent again counts once; what cannot be read is kept apart
    order = next(row for row in rows if row[0] == "bought")
    lines += [
        ",".join([*order[:1], "someone-else", *order[2:]]),
        "clicked,u1",
        "teleported,u1,ios,,1",
        "seen,u1,ios,,soon",
    ]
    path, mapping = folder / "mine.csv", folder / "mine.yaml"
    path.write_text("\n".join(lines) + "\n")
    mapping.write_text(MAPPING)
    return path, mapping, dict(expected)


def test_recent_and_old_events_are_counted_once_through_replays_kills_and_a_restart(
    instance: Instance, tmp_path: Path
) -> None:
    path, mapping, expected = write_mine(tmp_path)
    output = instance.replay(path, str(mapping))
    assert "3 rejected" in output
    until_equal(lambda: landed(instance, "mine"), expected)
    events = "SELECT count() AS n FROM events WHERE store_id = 'mine'"
    letters = "SELECT reason, detail FROM dead_letters WHERE store_id = 'mine' ORDER BY detail"
    before = instance.sql(events), instance.sql(letters)
    assert [row["reason"] for row in before[1]] == ["bad_row", "unknown_type", "bad_row"]

    pids = {role: instance.kill(role) for role in ("monitor", "landing")}
    instance.replay(path, str(mapping))
    instance.stop()
    instance.start()
    assert "all stopped" in instance.said()
    instance.replay(path, str(mapping))
    until_equal(lambda: landed(instance, "mine"), expected)
    assert (instance.sql(events), instance.sql(letters)) == before
    assert len(pids) == 2


@pytest.mark.long
@pytest.mark.skipif(not TAOBAO.exists(), reason="../shared/data is absent")
def test_the_taobao_file_ends_with_the_counts_of_an_independent_count(instance: Instance) -> None:
    expected: collections.Counter[tuple[int, str]] = collections.Counter()
    with TAOBAO.open(newline="") as file:
        rows = list(csv.reader(file))
    for *_, behaviour, seconds in rows[:-1]:
        if behaviour in STAGE_OF:
            expected[int(seconds) // 60 * 60, STAGE_OF[behaviour]] += 1
    output = instance.replay(TAOBAO, "taobao")
    assert "96,168 events accepted, 1 rejected" in output
    assert difference(landed(instance, "taobao"), dict(expected)) == {}
    instance.replay(TAOBAO, "taobao")
    assert difference(landed(instance, "taobao"), dict(expected)) == {}
    assert instance.sql("SELECT count() AS n FROM events WHERE store_id = 'taobao'") == [{"n": 96_168}]
    letters = instance.sql("SELECT reason, detail FROM dead_letters WHERE store_id = 'taobao'")
    assert [letter["reason"] for letter in letters] == ["time_absurd"]
    assert letters[0]["detail"].startswith("line 96169:")


@pytest.mark.long
def test_more_partitions_end_the_monitor_loudly_and_the_command_it_names_brings_every_count_back(
    instance: Instance, tmp_path: Path
) -> None:
    rows = [f"seen,u{n},ios,,{int(time.time()) - n % 300}000" for n in range(600)]
    path, mapping = tmp_path / "moving.csv", tmp_path / "moving.yaml"
    mapping.write_text(MAPPING.replace("store: mine", "store: moving"))
    kafka = instance.status()["addresses"]["kafka"]
    before = asyncio.run(partitions_of(kafka, EVENTS))
    more = next(n for n in range(len(before) + 1, 99) if partition_of("moving", n) not in before)
    expected: collections.Counter[tuple[int, str]] = collections.Counter()

    def send(some: list[str]) -> None:
        path.write_text("\n".join(["what,who,device,number,when", *some]) + "\n")
        instance.replay(path, str(mapping))
        expected.update((int(row[-13:-3]) // 60 * 60, "impression") for row in some)

    send(rows[:200])
    until_equal(lambda: landed(instance, "moving"), dict(expected))
    asyncio.run(add_partitions(kafka, [EVENTS], more))
    instance.wait(lambda: "run `funnelwatch repartition`" in instance.said())
    send(rows[200:400])
    assert f"funnelwatch repartition {more}" in instance.command("doctor", check=False)

    assert f"all topics have {more} partitions" in instance.command("repartition")
    instance.wait(lambda: f"ready, {more} partitions" in instance.said())
    send(rows[400:])
    until_equal(lambda: landed(instance, "moving"), dict(expected))
    assert instance.sql("SELECT count() AS n FROM events WHERE store_id = 'moving'") == [{"n": 600}]
    report = json.loads(instance.command("reconcile", "--to", "2100-01-01", "--json"))
    assert (report["differences"], report["stored"]) == ([], report["from_events"])
