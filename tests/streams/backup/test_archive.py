"""A backup is read back as it was, and a file that is not whole, not its own or of another key is rejected before it is used."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from streams.backup.archive import BackupUnreadableError, is_encrypted, opened, written
from streams.backup.folder import (
    FolderInUseError,
    add_bytes,
    back_up_folder,
    new_name,
    read_about,
    restore_folder,
)
from streams.backup.keys import NoKeyError, destroy_keys, key_path, new_key, read_key
from streams.instance.lock import AlreadyRunningError, instance_lock

KEY, OTHER_KEY = bytes(32), bytes([1]) * 32
#: compresses to more than a chunk, and something that compresses well
CONTENT = {"big": random.Random(7).randbytes(2_500_000), "empty": b"", "text": b"a" * 3_000_000}


@pytest.fixture(params=[KEY, None], ids=["encrypted", "plain"])
def key(request: pytest.FixtureRequest) -> bytes | None:
    found: bytes | None = request.param
    return found


@pytest.fixture
def backup(tmp_path: Path, key: bytes | None) -> Path:
    path = tmp_path / "a.fwbackup"
    with written(path, key) as tar:
        for name, content in CONTENT.items():
            add_bytes(tar, name, content)
    return path


def read(path: Path, key: bytes | None) -> dict[str, bytes]:
    with opened(path, key) as tar:
        return {member.name: file.read() for member in tar if (file := tar.extractfile(member)) is not None}


def test_what_is_read_is_what_was_written(backup: Path, key: bytes | None) -> None:
    assert read(backup, key) == CONTENT
    assert is_encrypted(backup) == (key is not None)
    assert (b"aaaaaaaa" in backup.read_bytes()) is False


@pytest.mark.parametrize("place", [0.0, 0.1, 0.5, 0.9, 0.999999])
def test_a_changed_byte_is_noticed_wherever_it_is(backup: Path, key: bytes | None, place: float) -> None:
    content = bytearray(backup.read_bytes())
    content[int(place * len(content))] ^= 0x40
    backup.write_bytes(content)
    with pytest.raises(BackupUnreadableError):
        read(backup, key)


@pytest.mark.parametrize("rest", [0, 10, 30, 1_000, 1_500_000])
def test_a_file_that_was_cut_short_is_noticed(backup: Path, key: bytes | None, rest: int) -> None:
    os.truncate(backup, rest)
    with pytest.raises(BackupUnreadableError):
        read(backup, key)


def test_another_key_or_none_is_said_to_be_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.fwbackup"
    with written(path, KEY) as tar:
        add_bytes(tar, "x", b"secret of somebody")
    assert b"secret of somebody" not in path.read_bytes()
    with pytest.raises(BackupUnreadableError, match="its key is another"):
        read(path, OTHER_KEY)
    with pytest.raises(BackupUnreadableError, match="is encrypted; name the file of its key with --key"):
        read(path, None)


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def half() -> None:
        with written(tmp_path / "a.fwbackup", KEY) as tar:
            add_bytes(tar, "x", b"y")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        half()
    assert list(tmp_path.iterdir()) == []


def folder(at: Path) -> Path:
    for name in ("secrets/hash_key", "kafka/data/t-0/1.log", "run/up.json", "logs/a.log", "数据/报表.txt"):
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_text(name)
    (at / "secrets/hash_key").chmod(0o600)
    (at / "kafka/data/empty-0").mkdir()
    return at


def test_a_folder_is_restored_whole_without_what_is_of_a_run(tmp_path: Path, key: bytes | None) -> None:
    data, path = folder(tmp_path / "data"), tmp_path / "b.fwbackup"
    back_up_folder(data, path, new_name(), key)
    into = tmp_path / "new" / "data"
    made = restore_folder(path, key, into)
    assert read_about(path, key) == made
    assert {p.relative_to(into).as_posix() for p in into.rglob("*") if p.is_file()} == {
        "secrets/hash_key", "kafka/data/t-0/1.log", "数据/报表.txt",
    }  # fmt: skip
    assert (into / "secrets/hash_key").stat().st_mode & 0o777 == 0o600
    assert (into / "kafka/data/empty-0").is_dir()


def test_nothing_is_overwritten_and_nothing_half_is_left(tmp_path: Path) -> None:
    data, path = folder(tmp_path / "data"), tmp_path / "b.fwbackup"
    back_up_folder(data, path, new_name(), KEY)
    with pytest.raises(FolderInUseError, match="is not empty"):
        restore_folder(path, KEY, data)
    os.truncate(path, path.stat().st_size - 3)
    with pytest.raises(BackupUnreadableError):
        restore_folder(path, KEY, tmp_path / "new")
    assert {one.name for one in tmp_path.iterdir()} == {"data", "b.fwbackup"}


def test_an_instance_that_runs_is_not_copied(tmp_path: Path) -> None:
    data = folder(tmp_path / "data")
    with instance_lock(data), pytest.raises(AlreadyRunningError):
        back_up_folder(data, tmp_path / "b.fwbackup", new_name(), None)


def test_a_backup_whose_key_was_destroyed_is_read_by_nobody(tmp_path: Path) -> None:
    data, path = folder(tmp_path / "data"), tmp_path / "b.fwbackup"
    name = new_name()
    key = new_key(data, name)
    assert read_key(key_path(data, name)) == key
    back_up_folder(data, path, name, key)
    assert destroy_keys(data) == [name]
    assert not list((data / "secrets" / "backups").iterdir())
    with pytest.raises(NoKeyError, match="holds no key of a backup"):
        read_key(key_path(data, name))
