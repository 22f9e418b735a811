"""A table of published figures from a CSV file; every line that cannot be taken is named with its reason."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from scoring.evaluation.benchmarks import NEEDED, OPTIONAL, BenchmarkRow, benchmark_comparators, benchmark_row
from scoring.evaluation.comparator import Comparator
from scoring.evaluation.errors import EvaluationError
from streams.errors import InputError
from streams.evaluation.folder import ReadFolder

_MOST_LINES = 2000
#: reasons that are listed
_MOST_REASONS = 20


class BadBenchmarkError(InputError):
    """Raised where a table of published figures cannot be taken as it is; the text names each line. The command line prints it."""


def read_benchmarks(path: Path) -> list[dict[str, str]]:
    """The rows of a file as text, each with its line as ``line``; nothing is checked but the columns.

    Raises:
        BadBenchmarkError: it cannot be read, or its columns are others.
    """
    try:
        with path.expanduser().open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            names = [name.strip() for name in rows.fieldnames or ()]
            missing = [name for name in NEEDED if name not in names]
            if missing or not set(names) <= {*NEEDED, *OPTIONAL}:
                raise BadBenchmarkError(
                    f"{path}: expected the columns {','.join(NEEDED)} and, if known, {','.join(OPTIONAL)}"
                    + (f"; missing: {', '.join(missing)}" if missing else "")
                )
            found = []
            for row in rows:
                if rows.line_num > _MOST_LINES:
                    raise BadBenchmarkError(f"{path}: more than {_MOST_LINES} lines")
                texts = {
                    (name or "").strip(): (text or "").strip()
                    for name, text in row.items()
                    if isinstance(text, str)
                }
                if any(texts.values()):
                    found.append({**texts, "line": str(rows.line_num), "table": path.name})
            return found
    except OSError as error:
        raise BadBenchmarkError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadBenchmarkError(f"{path}: expected CSV in UTF-8") from error


def with_benchmarks(read: ReadFolder, rows: Sequence[Mapping[str, str]]) -> ReadFolder:
    """What files hold, compared with the published figures of a table as well.

    Raises:
        BadBenchmarkError: a row cannot be taken.
    """
    if not rows:
        return read
    made = comparators_of(rows, rows[0].get("table", "benchmark"))
    return replace(read, figures=replace(read.figures, benchmarks=made))


def comparators_of(rows: Sequence[Mapping[str, str]], table: str) -> dict[str, Comparator]:
    """The comparators that rows make, by indicator.

    Raises:
        BadBenchmarkError: a row cannot be taken; the text names each with its line.
    """
    taken: list[BenchmarkRow] = []
    reasons: list[str] = []
    for row in rows:
        try:
            taken.append(benchmark_row(row, int(row["line"])))
        except EvaluationError as error:
            reasons.append(f"line {row['line']}: {error}")
    if not reasons:
        try:
            return benchmark_comparators(taken, table)
        except EvaluationError as error:
            reasons.append(str(error))
    more = f"\n… and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    raise BadBenchmarkError(f"{table}:\n" + "\n".join(reasons[:_MOST_REASONS]) + more)
