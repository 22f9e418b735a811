"""Whether a library can read a workbook within the memory it may take, found out in a process that dies in our place.

A library that keeps the rectangle of all cells of a sheet ends its whole process where that does not fit: one cell in the last row and
one in the last column are enough, in a file of a few hundred bytes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scoring.wording.text import Bilingual
from streams.sources.files.exports.unreadable import UnreadableExportError

#: bytes of address space: a full sheet of an old XLS takes a quarter of it
_MOST_BYTES = 2 << 30
_MOST_S = 120
_TRIAL = f"""
import resource, sys
import python_calamine as calamine
resource.setrlimit(resource.RLIMIT_AS, ({_MOST_BYTES}, {_MOST_BYTES}))
resource.setrlimit(resource.RLIMIT_CPU, ({_MOST_S}, {_MOST_S}))
try:
    book = calamine.CalamineWorkbook.from_path(sys.argv[1])
    for one in book.sheets_metadata:
        if one.typ == calamine.SheetTypeEnum.WorkSheet:
            book.get_sheet_by_name(one.name)
except Exception:
    pass
"""


def check_memory(path: Path) -> None:
    """Nothing where the library can read the workbook, or says itself why not.

    Raises:
        UnreadableExportError: it would end the process, or take too long.
    """
    tried = subprocess.run(
        [sys.executable, "-I", "-c", _TRIAL, str(path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if tried.returncode:
        raise UnreadableExportError(
            Bilingual(
                "工作表里的单元格相隔太远，内存装不下；请只保留有数据的区域，另存为 XLSX 或 CSV",
                "the cells of a sheet are too far apart to be kept in memory; keep the rows with data only, and save it as XLSX or CSV",
            )
        )
