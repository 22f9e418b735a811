"""Files of the data folder that are damaged, empty or not ours to write: a sentence, never a traceback, and never a guess."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from streams.cli import main as command_line
from streams.doctor.running import tables
from streams.instance.files import (
    InstanceFileError,
    make_private,
    read_instance,
    read_states,
    secret,
    write_atomically,
)
from streams.logs import _Sparing
from streams.settings import load_settings


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00", b"[]", b"[" * 100_000])
def test_a_damaged_instance_file_is_said_and_does_not_end_in_a_traceback(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "instance.json").write_bytes(content)
    with pytest.raises(InstanceFileError, match="is damaged"):
        read_instance(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "collector.json").write_bytes(content)
    assert read_states(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_an_empty_or_unreadable_secret_is_not_used(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "hash_key").write_bytes(content)
    with pytest.raises(InstanceFileError, match="hash_key"):
        secret(tmp_path, "hash_key")


def test_one_changed_byte_of_the_hash_key_gave_everybody_another_pseudonym(tmp_path: Path) -> None:
    made, path = secret(tmp_path, "hash_key"), tmp_path / "secrets" / "hash_key"
    assert secret(tmp_path, "hash_key") == made
    path.write_text(made[:5] + ("x" if made[5] != "x" else "y") + made[6:])
    with pytest.raises(InstanceFileError, match=r"delete hash_key\.sum"):
        secret(tmp_path, "hash_key")
    (tmp_path / "secrets" / "hash_key.sum").unlink()
    assert secret(tmp_path, "hash_key") != made


def test_a_binary_secret_of_a_setting_is_said_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("FUNNELWATCH_PAGE_TOKEN_FILE", str(tmp_path / "token"))
    with pytest.raises(OSError, match="is not UTF-8 text"):
        load_settings()


def test_addresses_and_state_of_an_instance_are_for_its_own_user(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "instance.json", b"{}")
        assert (tmp_path / "instance.json").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_the_data_folder_is_for_its_own_user(tmp_path: Path) -> None:

    before = os.umask(0o022)
    try:
        old = tmp_path / "old"
        old.mkdir(mode=0o755)
        for folder in (old, tmp_path / "new"):
            make_private(folder)
            (folder / "mail.eml").write_text("a signed link")
            assert folder.stat().st_mode & 0o777 == 0o700
            assert (folder / "mail.eml").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_commands_say_that_the_instance_file_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "instance.json").write_bytes(b"{")
    monkeypatch.setattr("sys.argv", ["funnelwatch", command, "--data", str(tmp_path)])
    try:
        code = command_line.main()
    except SystemExit as end:
        code = end.code
    assert code
    shown = capsys.readouterr()
    assert "is damaged" in (shown.out + shown.err).replace("\n", " ")


def test_a_library_that_repeats_itself_is_cut_short_and_heard_again_later() -> None:
    sparing = _Sparing()

    def heard(at: float, name: str = "aiokafka.client", text: str = "Unable to connect to %s") -> bool:
        record = logging.LogRecord(name, logging.WARNING, "", 0, text, ("host",), None)
        record.created = at
        return sparing.filter(record)

    assert [heard(0.01 * number) for number in range(1000)].count(True) == 5
    assert heard(1.0, text="another sentence")
    assert all(heard(1.0, "streams.collector") for _ in range(100))
    assert heard(100.0)


def test_a_part_of_a_table_that_the_engine_left_out_was_said_by_nobody(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    folder = tmp_path / "clickhouse" / "engine" / "store" / "2b8" / "2b801" / "detached"
    (folder / "attaching_all_2_2_0").mkdir(parents=True)
    assert tables(settings) == []
    (folder / "broken-on-start_all_3_3_0").mkdir()
    (found,) = tables(settings)
    assert (found.level, found.what) == ("bad", "tables")
    assert "damaged parts of tables are set apart (1), and their rows are missing" in found.found
