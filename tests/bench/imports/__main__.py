"""What a workbook of a million rows costs: the whole dry run (recognised, counted, summed up), and calamine that only reads its cells.

``python -m tests.bench.imports [--rows 1000000] [--keep]``. Each is a process of its own; seconds are of the wall and of the processor,
memory is the largest resident size.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tests.fixtures.workbook import CellValue, letters, sheet_xml, write_workbook

RESULTS = Path(__file__).parent.parent / "results"
HEADER = [
    "Order ID", "Order Status", "Return / Refund Status", "Tracking Number*", "Shipping Option", "Estimated Ship Out Date", "Ship Time",
    "Order Creation Date", "Order Paid Time", "Parent SKU Reference No.", "Product Name", "SKU Reference No.", "Deal Price", "Quantity",
    "Product Subtotal", "Grand Total", "Username (Buyer)", "Country", "Payment Method", "Order Complete Time",
]  # fmt: skip
READ = """
import sys
from pathlib import Path
from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.opening import opened
with opened(Path(sys.argv[1])) as files:
    summary = summarize(files[0], ImportChoices(zone="Asia/Kuala_Lumpur", currency="MYR"))[0]
assert (summary.tally.rows, summary.orders, summary.questions) == (int(sys.argv[2]), int(sys.argv[2]) // 2, []), summary.as_record()
"""
CALAMINE = """
import sys
from python_calamine import CalamineWorkbook
rows = sum(1 for _ in CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows())
assert rows == int(sys.argv[2]) + 1, rows
"""


def line(number: int) -> list[CellValue]:
    """A line of an order; each order has two, one after the other."""
    order = number // 2
    day, minute = order % 28 + 1, order % 60
    at = f"2026-02-{day:02} 10:{minute:02}"
    return [
        f"2602{day:02}{order:08}", "Completed", "", f"MY{order:09}", "J&T Express", f"2026-02-{day:02} 23:59", f"{at[:11]}15:{minute:02}",
        at, at, f"P{number % 500}", f"Cup, large, colour {number % 40}", f"S{number % 900}", f"{number % 90 + 1}.50", "1",
        f"{number % 90 + 1}.50", f"{order % 300 + 5}.00", f"buyer-{order % 90_000}", "MY", "Online Banking", f"{at[:11]}18:{minute:02}",
    ]  # fmt: skip


def make(path: Path, rows: int) -> None:
    """Write the workbook row by row: it does not fit into memory."""
    write_workbook(path, {"orders": sheet_xml([HEADER])})
    whole = path.with_suffix(".part")
    with (
        zipfile.ZipFile(path) as small,
        zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as large,
    ):
        for name in small.namelist():
            content = small.read(name)
            if not name.startswith("xl/worksheets/"):
                large.writestr(name, content)
                continue
            head, tail = content.decode().split("</sheetData>")
            with large.open(name, "w", force_zip64=True) as sheet:
                sheet.write(head.encode())
                for number in range(rows):
                    cells = "".join(
                        f'<c r="{letters(place)}{number + 2}" t="inlineStr"><is><t>{str(value).replace("&", "&amp;")}</t></is></c>'
                        for place, value in enumerate(line(number))
                        if value != ""
                    )
                    sheet.write(f'<row r="{number + 2}">{cells}</row>'.encode())
                sheet.write(f"</sheetData>{tail}".encode())
    whole.replace(path)


def cost(program: str, path: Path, rows: int) -> dict[str, float]:
    """Seconds and MB of a program over the workbook."""
    began = time.monotonic()
    child = os.posix_spawn(
        sys.executable, [sys.executable, "-c", program, str(path), str(rows)], {**os.environ}
    )
    _, code, used = os.wait4(child, 0)
    if code:
        raise SystemExit(f"the program failed: {code}")
    return {
        "seconds": round(time.monotonic() - began, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.imports", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows under the header, an even number")
    parser.add_argument("--keep", action="store_true", help="store the results")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.xlsx"
        make(path, asked.rows)
        found: dict[str, object] = {"rows": asked.rows, "file_mb": round(path.stat().st_size / 1e6)}
        for name, program in (("dry_run", READ), ("calamine_reads_cells", CALAMINE)):
            found[name] = cost(program, path, asked.rows)
            sys.stdout.write(f"{name:<22} {found[name]}\n")
    found["load"] = [round(one, 1) for one in os.getloadavg()]
    sys.stdout.write(f"{found}\n")
    if asked.keep:
        RESULTS.mkdir(exist_ok=True)
        target = RESULTS / f"imports-{datetime.now(UTC):%Y-%m-%d}.json"
        target.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


if __name__ == "__main__":
    main()
