"""Files of orders imported into a whole running instance, overlapping, undone in either order, and imported again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.deadlines import within
from tests.e2e.instance import Instance

#: a busy machine starts an instance slowly; nothing here depends on how long it takes
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SHOPIFY = "Name,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price"
STORES = """stores:
  - {id: undo-shop, platform: shopify, currency: USD, zone: UTC}
  - {id: report-shop, platform: shopee, currency: VND, zone: Asia/Ho_Chi_Minh}
"""
REPORT = "Ngày,Lượt xem,Lượt truy cập,Số lượt xem trung bình,Số khách truy cập mới"


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
        return msgspec.json.decode(
            self._instance.command("import", *words, "--json", "--yes").splitlines()[-1]
        )

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
            "events": Counter((one["type"], one["order_id"], one["worth"]) for one in events),
            "orders": {one["order_id"]: one["worth"] for one in facts},
            "counts": {one["stage"]: int(one["counted"]) for one in counts},
            "report": {one["measure"]: one["figure"] for one in rows},
        }


def expected(**worth: str) -> dict[str, Any]:
    """Of paid orders by number."""
    events = Counter(
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
    deadline = time.monotonic() + within(60)
    while (found := read()) != wanted and time.monotonic() < deadline:
        time.sleep(0.5)
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
            msgspec.json.decode,
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
