"""The audit log holds against kills, full disks, several writers and whoever edits it."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.instance.audit import audit_path, entries, record, verify


@pytest.fixture
def log(tmp_path: Path) -> Path:
    for number in range(5):
        record(tmp_path, "Li", f"change {number}", "command")
    return tmp_path


def test_a_whole_log_verifies_and_gives_the_digest_of_its_end(log: Path) -> None:
    count, head, problems = verify(log)
    assert (count, problems) == (5, [])
    assert verify(log, head)[2] == []
    record(log, "Li", "one more")
    assert verify(log, head)[2] == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: [lines[0].replace("Li", "Wu"), *lines[1:]], "entry 1 was changed"),
        (lambda lines: [*lines[:2], *lines[3:]], "entries are missing"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "does not follow"),
        (lambda lines: [lines[0], lines[0], *lines[1:]], "does not follow"),
        (lambda lines: [*lines[:2], "no entry", *lines[2:]], "line 3 is not an entry"),
        (lambda lines: lines[:4], "the end was cut off"),
        (lambda lines: [], "the end was cut off"),
    ],
)
def test_whatever_is_done_to_the_log_is_found(
    log: Path, spoil: Callable[[list[str]], list[str]], said: str
) -> None:
    head = verify(log)[1]
    path = audit_path(log)
    path.write_text("".join(f"{line}\n" for line in spoil(path.read_text().splitlines())))
    assert any(said in problem for problem in verify(log, head)[2])


def test_an_entry_that_was_changed_with_its_digest_does_not_fit_the_next(log: Path) -> None:
    path = audit_path(log)
    found = [entry for _, entry in entries(log) if entry is not None]
    forged = json.loads(path.read_text().splitlines()[1])
    forged["who"] = "Wu"
    lines = path.read_text().splitlines()
    lines[1] = json.dumps({**forged, "digest": type(found[1])(**{**forged, "digest": ""}).expected()})
    path.write_text("\n".join(lines) + "\n")
    assert verify(log)[2] == ["entry 3 does not follow the one before it"]


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_an_entry_that_a_power_cut_left_in_half_is_set_aside_and_the_next_says_so(
    log: Path, cut: int
) -> None:
    path = audit_path(log)
    head = verify(log)[1]
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines(keepends=True)[-1][:cut])
    assert verify(log)[2] == ["line 6 is not an entry"]
    entry = record(log, "Li", "after the cut")
    assert entry.number == 7
    (aside,) = path.parent.glob("torn-*.txt")
    assert len(aside.read_bytes()) == cut
    found = [one for _, one in entries(log) if one is not None]
    assert (found[5].who, found[5].what.split(": ")[1]) == ("funnelwatch", aside.name)
    assert verify(log, head)[2] == []


@pytest.mark.parametrize("left", [4, 1, 0])
def test_an_end_that_was_cut_off_is_found_without_a_digest_of_ones_own(log: Path, left: int) -> None:
    path = audit_path(log)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:left]))
    assert f"the end was cut off: entry 5 was written, and {left} are there" in verify(log)[2]
    record(log, "Wu", "one in its place")
    (problem,) = verify(log)[2]
    assert f"entry {left + 1} says: the end was cut off: there was an entry 5 " in problem


def test_an_entry_whose_line_lost_its_end_only_is_kept(log: Path) -> None:
    path = audit_path(log)
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    assert record(log, "Li", "next").number == 6
    assert verify(log)[2] == []


def test_a_last_entry_that_was_written_again_with_a_fitting_digest_is_found(log: Path) -> None:
    path = audit_path(log)
    lines = path.read_text().splitlines()
    (_, last) = list(entries(log))[-1]
    assert last is not None
    forged = type(last)(**{**json.loads(lines[-1]), "who": "Wu", "digest": ""}).sealed()
    lines[-1] = json.dumps(
        json.loads(json.dumps({name: getattr(forged, name) for name in forged.__struct_fields__}))
    )
    path.write_text("\n".join(lines) + "\n")
    assert verify(log)[2] == ["entry 5 is not the one that was written"]


def test_a_full_disk_leaves_no_half_entry(log: Path) -> None:
    before = audit_path(log).read_bytes()
    process = multiprocessing.get_context("fork").Process(
        target=_write_at_a_limit, args=(log, len(before) + 40)
    )
    process.start()
    process.join()
    assert process.exitcode == errno.EFBIG
    assert audit_path(log).read_bytes() == before
    record(log, "Li", "once there is room")
    assert (verify(log)[0], verify(log)[2]) == (6, [])


def _write_at_a_limit(data: Path, most: int) -> None:
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    try:
        record(data, "Li", "x" * 500)
    except OSError as error:
        os._exit(error.errno or 1)
    os._exit(0)


def test_several_writers_that_are_killed_in_between_leave_one_chain(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    ready = [fork.Semaphore(0) for _ in range(4)]
    writers = [
        fork.Process(target=_write_on, args=(tmp_path, f"writer {n}", one)) for n, one in enumerate(ready)
    ]
    for writer in writers:
        writer.start()
    for one, writer in zip(ready, writers, strict=True):
        for _ in range(10):
            one.acquire()
        writer.kill()
    for writer in writers:
        writer.join()
    last = record(tmp_path, "Li", "at the end")
    count, head, problems = verify(tmp_path)
    assert problems == []
    assert (count, head) == (last.number, last.digest)
    written = [(one.who, one.what) for _, one in entries(tmp_path) if one is not None]
    assert len(written) == len(set(written))
    for name in {who for who, _ in written if who.startswith("writer")}:
        mine = [int(what) for who, what in written if who == name]
        assert mine == list(range(len(mine)))
        assert len(mine) >= 10


def _write_on(data: Path, name: str, written: object) -> None:
    for number in range(1_000_000):
        record(data, name, str(number))
        written.release()  # type: ignore[attr-defined]
