"""A file of targets that somebody uploads, CSV or XLSX: every line that cannot be taken is named, and then nothing is set."""

from __future__ import annotations

import csv
import io
import itertools
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from scoring.alerts.actions import SetTarget
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.readings import STEP
from scoring.evaluation.targets import StoreTarget, target_g
from scoring.funnel.stages import STEP_BY_ID
from scoring.wording.catalogue import step_name
from scoring.wording.text import LANGUAGES, Bilingual
from streams.errors import InputError
from streams.evaluation.words import TARGET_PROBLEMS
from streams.incidents.action_log import MAX_TARGETS
from streams.sources.files.exports.unreadable import UnreadableExportError
from streams.sources.files.exports.workbooks import open_workbook

#: bytes of a file: 2,000 targets are a tenth of it
MAX_FILE = 1_000_000
TOO_LARGE = TARGET_PROBLEMS["too_large"].both(mb=MAX_FILE // 1_000_000)
#: lines with nothing in these columns count: a packed sheet of a few KB has millions
_MOST_COLUMNS, _MOST_LINES = 100, 10 * MAX_TARGETS
#: heads of columns, as people write them
_HEADS: Mapping[str, tuple[str, ...]] = {
    "of": ("of", "indicator", "指标", "目标项", "考核项"),
    "value": ("value", "target", "目标", "目标值", "值"),
    "store": ("store", "store_id", "店铺", "店"),
    "set_by": ("set_by", "set by", "谁定的", "制定人"),
}


class UnreadableTargetsError(InputError):
    """Raised where a file cannot be read as a table of targets at all. The command and the page say why."""


@dataclass(frozen=True, slots=True)
class ReadTargets:
    """What a file of targets holds: the targets, and what is wrong with which line. With any problem nothing may be set."""

    targets: tuple[SetTarget, ...]
    problems: tuple[tuple[int, Bilingual], ...]


def read_targets(content: bytes, stores: Sequence[str]) -> ReadTargets:
    """The targets of a file.

    Args:
        content: of a CSV (UTF-8 or GB18030) or XLSX file.
        stores: ids of the configured stores.

    Raises:
        UnreadableTargetsError: it is not such a file, or its columns are others.
    """
    if len(content) > MAX_FILE:
        raise UnreadableTargetsError(TOO_LARGE)
    lines = _workbook(content) if content.startswith(b"PK") else _csv(content)
    head = next(lines, (0, []))[1]
    columns = _columns(head)
    taken: list[SetTarget] = []
    problems: list[tuple[int, Bilingual]] = []
    for number, cells in itertools.islice(lines, _MOST_LINES):
        row = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
        if not any(row.values()):
            continue
        one = read_target(row, stores)
        if isinstance(one, SetTarget):
            taken.append(one)
        else:
            problems.append((number, one))
        if len(taken) + len(problems) > MAX_TARGETS:
            raise UnreadableTargetsError(TARGET_PROBLEMS["too_many"].both(n=MAX_TARGETS))
    if not taken and not problems:
        raise UnreadableTargetsError(TARGET_PROBLEMS["nothing"].both())
    return ReadTargets(tuple(taken), tuple(problems))


def read_target(row: Mapping[str, str], stores: Sequence[str]) -> SetTarget | Bilingual:
    """One target as somebody wrote it (``of``, ``value``, ``store``, ``set_by``), or what is wrong with it."""
    of = _id_of(row["of"])
    if not of:
        return TARGET_PROBLEMS["of"].both(given=row["of"][:60])
    text = row["value"].replace("％", "%").replace(",", "")
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        target_g(StoreTarget(of, value))
    except ValueError:
        return TARGET_PROBLEMS["number"].both(given=row["value"][:40])
    except EvaluationError as error:
        return TARGET_PROBLEMS["value"].both(why=str(error))
    store = row.get("store", "")
    if store and not any(fnmatchcase(one, store) for one in stores):
        return TARGET_PROBLEMS["store"].both(given=store[:60])
    return SetTarget(of, value, store, row.get("set_by", "")[:64])


def _id_of(text: str) -> str:
    """The id of an indicator or step, given as id or as its name in either language; empty if it is none."""
    if text in INDICATOR_BY_ID or (text.startswith(STEP) and text.removeprefix(STEP) in STEP_BY_ID):
        return text
    said = " ".join(text.casefold().split())
    for language in LANGUAGES:
        for one in INDICATOR_BY_ID.values():
            if one.name(language).casefold() == said:
                return one.id
        for step in STEP_BY_ID:
            if step_name(step, language).casefold() == said:
                return STEP + step
    return ""


def _columns(head: Sequence[str]) -> dict[str, int]:
    given = [one.strip().casefold() for one in head]
    found = {name: given.index(one) for name, names in _HEADS.items() for one in names if one in given}
    if "of" not in found or "value" not in found:
        raise UnreadableTargetsError(
            TARGET_PROBLEMS["columns"].both(given=", ".join(one for one in given if one)[:120])
        )
    return found


def _csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise UnreadableTargetsError(TARGET_PROBLEMS["unreadable"].both())
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise UnreadableTargetsError(TARGET_PROBLEMS["unreadable"].both()) from error


def _workbook(content: bytes) -> Iterator[tuple[int, list[str]]]:
    with tempfile.TemporaryDirectory(prefix="funnelwatch-targets-") as folder:
        path = Path(folder) / "targets.xlsx"
        path.write_bytes(content)
        try:
            for number, cells in open_workbook(path).sheets[0].rows():
                yield number, ["" if cell is None else str(cell) for cell in cells[:_MOST_COLUMNS]]
        except (UnreadableExportError, IndexError) as error:
            raise UnreadableTargetsError(TARGET_PROBLEMS["unreadable"].both()) from error
