"""One competitor a module, run as ``python -m tests.bench.windowed_count.peers.NAME JOB`` with the job as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec


class Job(msgspec.Struct):
    """What a competitor is to do: count ``events`` events of ``topic`` and write the counts to ``counts``."""

    kafka: str
    topic: str
    events: int
    partitions: int
    #: names groups and topics of this run
    run: str
    folder: str
    counts: str


def read_job() -> Job:
    """The job given on the command line."""
    return msgspec.json.decode(sys.argv[1], type=Job)


def say(word: str) -> None:
    """Report to the clock: ``start``, ``done`` or ``written``."""
    sys.__stdout__.write(word + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def write_counts(job: Job, counts: Iterable[tuple[str, int, str, int]]) -> None:
    """Write (store, minute, stage, count) where the benchmark looks for it."""
    Path(job.counts).write_text("".join(f"{s}\t{m}\t{k}\t{n}\n" for s, m, k, n in counts))
    say("written")
