"""What a role reports about its state, and what is concluded when it reports nothing more."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from streams.instance import files
from streams.instance.config_file import config_mark
from streams.instance.files import Instance, StateReport, read_state, state_mark, state_of, write_instance
from streams.instance.lock import instance_lock
from streams.instance.state import has_changed, instance_state


@pytest.mark.parametrize(
    ("said", "silent_s", "shown"),
    [
        ("ready", 25, "ready"),
        ("ready", 31, "silent"),
        ("degraded", 31, "silent"),
        # it says so once, and is busy then
        ("starting", 31, "starting"),
        ("starting", 301, "silent"),
    ],
)
def test_a_role_that_starts_was_called_silent_before_it_could_say_anything(
    tmp_path: Path, said: str, silent_s: int, shown: str
) -> None:
    StateReport(tmp_path, "jobs").say(said)
    reported = read_state(tmp_path, "jobs")
    assert reported is not None
    assert state_of(reported, reported.updated_at_ms + silent_s * 1000) == shown


def test_a_heartbeat_says_again_what_was_said_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_REPEAT_S", 0.0)
    report = StateReport(tmp_path, "jobs")
    report.ready("fitting 8 stores", {"http": "http://127.0.0.1:1"})
    first, mark = read_state(tmp_path, "jobs"), state_mark(tmp_path, "jobs")
    report.repeat()
    assert state_mark(tmp_path, "jobs") != mark
    again = read_state(tmp_path, "jobs")
    assert first is not None
    assert again is not None
    assert (again.state, again.detail, again.addresses) == (first.state, first.detail, first.addresses)
    assert again.updated_at_ms >= first.updated_at_ms


def test_a_state_that_was_written_a_moment_ago_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_REPEAT_S", 1e9)
    report = StateReport(tmp_path, "jobs")
    marks = []
    for detail in ("8 stores", "8 stores", "9 stores"):
        report.ready(detail)
        marks.append(state_mark(tmp_path, "jobs"))
    assert marks[0] == marks[1] != marks[2]


def test_a_full_disk_costs_the_report_and_not_the_role_and_leaves_no_drafts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = StateReport(tmp_path, "collector")
    report.ready("all is well")
    write = files.write_file

    def no_space(path: Path, content: bytes, mode: int, durable: bool) -> None:
        write(path, content[:3], mode, durable)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(files, "write_file", no_space)
        for _ in range(50):
            report.ready("still serving")
        still = read_state(tmp_path, "collector")
        (tmp_path / "run" / "collector.json").unlink()
        report.ready("nowhere to say it")
        assert list((tmp_path / "run").iterdir()) == []
    assert still is not None
    assert still.detail == "still serving"  # a heartbeat: nobody takes the role for silent
    report.ready("space again")
    back = read_state(tmp_path, "collector")
    assert back is not None
    assert back.detail == "space again"


def test_drafts_that_killed_processes_left_are_removed_at_the_next_start(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / ".collector.json.4711.0123abcd").write_bytes(b"{")
    (run / ".keep").write_bytes(b"")
    os.utime(run / ".collector.json.4711.0123abcd", (1, 1))
    (run / ".monitor.json.4712.0123abcd").write_bytes(b"{")  # another process writes it at this moment
    StateReport(tmp_path, "collector")
    assert sorted(path.name for path in run.iterdir()) == [".keep", ".monitor.json.4712.0123abcd"]


def test_a_configuration_that_is_not_the_one_in_use_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "funnelwatch.yaml"

    def started(config: str = "") -> Instance:
        return Instance(
            1, 1, "", "", "", "", config, (), config_mark=config_mark(Path(config) if config else None)
        )

    without = started()
    assert not has_changed(tmp_path, without)
    path.write_text("stores: []")
    assert has_changed(tmp_path, without)
    with_it = started(str(path))
    assert not has_changed(tmp_path, with_it)
    path.write_text("stores: [{id: a}]")
    assert has_changed(tmp_path, with_it)
    path.unlink()
    assert has_changed(tmp_path, with_it)


@pytest.mark.parametrize(
    ("config", "problems", "said"),
    [
        (True, "", "is being taken up"),
        (True, "a.yaml:1:1: no\na.yaml:2:1: no", "in use: a.yaml:1:1: no (and 1 more)"),
        (False, "", "restart to use it"),
    ],
)
def test_a_changed_configuration_is_followed_or_the_state_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: bool, problems: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "funnelwatch.yaml"
    started = Instance(
        os.getpid(), 1, "", "", "", "", str(path) if config else "", (), config_problems=problems
    )
    write_instance(tmp_path, started)
    with instance_lock(tmp_path):
        assert instance_state(tmp_path).config_note == ""
        path.write_text("stores: [{id: b}]")
        state = instance_state(tmp_path)
        assert said in state.config_note
        assert state.restart_needed is not config
