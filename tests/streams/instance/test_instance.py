"""What a role says of itself, and what is made of it when it says nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.instance.files import StateReport, read_state, state_of


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
    told = read_state(tmp_path, "jobs")
    assert told is not None
    assert state_of(told, told.updated_at_ms + silent_s * 1000) == shown


def test_a_heartbeat_says_again_what_was_said_last(tmp_path: Path) -> None:
    report = StateReport(tmp_path, "jobs")
    report.ready("fitting 8 stores", {"http": "http://127.0.0.1:1"})
    first = read_state(tmp_path, "jobs")
    report.repeat()
    again = read_state(tmp_path, "jobs")
    assert first is not None
    assert again is not None
    assert (again.state, again.detail, again.addresses) == (first.state, first.detail, first.addresses)
    assert again.updated_at_ms >= first.updated_at_ms
