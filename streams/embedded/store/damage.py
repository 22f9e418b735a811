"""What the engine set apart when it started, because the disk had changed a byte of what describes a part of a table.

A changed byte of the rows themselves fails every query that reads them. One of a part's marks, sums or columns does not: the engine
leaves the whole part out, and answers without its rows.
"""

from __future__ import annotations

from pathlib import Path


def damaged_parts(data: Path) -> list[Path]:
    """The parts that were left out, each a folder."""
    return sorted(data.glob("clickhouse/engine/store/*/*/detached/broken*"))
