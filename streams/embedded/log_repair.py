"""Looks through the embedded broker's log before it starts: a byte that the disk changed must not stop whoever reads behind it.

Kafka relies on other replicas for that, and the embedded broker has none: every reader of the partition would stop at the damaged
batch for ever. A batch is put right where its check sum says which byte it was; else it is cut out and kept in the folder ``aside``,
and the broker serves the rest. Indexes that lead elsewhere are removed, and Kafka makes them again. The newest segments come first,
since they are read again soonest.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from streams.clock import monotonic
from streams.embedded.log_batches import look_through
from streams.instance.files import write_atomically

#: folder of what was cut out, next to the broker's data
CUT_OUT = "aside"
#: seconds for which a start may be held up
_WITHIN_S = 10.0
_INDEXES = (".index", ".timeindex", ".txnindex")
_ENTRY = struct.Struct(">ii")


def repair_logs(folder: Path, within_s: float = _WITHIN_S) -> list[str]:
    """Put right what the disk changed in the segments under ``folder`` (``data`` in it is Kafka's own); no broker may run.

    Returns:
        A sentence for each segment that was not as it should be.
    """
    deadline = monotonic() + within_s
    said: list[str] = []
    for path in sorted((folder / "data").glob("*/*.log"), key=_changed_at, reverse=True):
        if not path.stem.isdigit():
            continue
        if monotonic() > deadline:
            break
        with suppress(OSError):
            said += _repair(path, folder / CUT_OUT)
    return said


def set_aside(folder: Path) -> list[Path]:
    """What was cut out of the logs of the broker under ``folder``."""
    return sorted((folder / CUT_OUT).glob("*"))


def missing(folder: Path) -> str:
    """What to say of a broker whose log lacks something; empty if it lacks nothing."""
    lost = len(set_aside(folder))
    text = (
        f"; {lost} damaged parts of its log are set aside, and their records are missing (funnelwatch doctor)"
    )
    return text * (lost > 0)


def _changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns


def _repair(path: Path, aside: Path) -> list[str]:
    content = path.read_bytes()
    found = look_through(content, int(path.stem))
    partition = path.parent.name
    said: list[str] = []
    if found.content is not None:
        said = [f"{partition}: the batch at offset {offset} was put right" for offset in found.repaired]
        for place, lost in found.lost:
            kept = aside / f"{partition}-{path.stem}-{place}.bytes"
            aside.mkdir(parents=True, exist_ok=True)
            write_atomically(kept, lost, 0o600)
            said.append(
                f"{partition}: {len(lost):,} bytes at {place:,} of {path.name} are damaged, kept as {kept}"
            )
        write_atomically(path, found.content, 0o600)
    if found.content is not None or not _leads_right(path.with_suffix(".index"), found.starts):
        for suffix in _INDEXES:
            path.with_suffix(suffix).unlink(missing_ok=True)
        said = said or [f"{partition}: the index of {path.name} was damaged and is made again"]
    return said


def _leads_right(index: Path, starts: Sequence[int]) -> bool:
    """Whether each entry of an offset index leads to a batch. What is behind the entries is zero."""
    try:
        content = index.read_bytes()
    except FileNotFoundError:
        return True
    places, before = set(starts), (0, 0)
    for entry in _ENTRY.iter_unpack(content[: len(content) // 8 * 8]):
        if entry == (0, 0):
            continue
        if entry <= before or entry[1] not in places:
            return False
        before = entry
    return True
