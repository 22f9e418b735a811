"""Receipts lie where a restore finds them, and an erasure that was interrupted goes on with the substitutes it began with."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.events.pseudonyms import Pseudonyms
from streams.backup.keys import backups_made, note_backup
from streams.privacy.receipts import Receipt, ReceiptUnreadableError, keep, read_receipts, receipts_next_to
from streams.privacy.unfinished import ErasureUnfinishedError, noted

RECEIPT = Receipt(
    request="r1", who="Li", at="2026-12-01T00:00:00+00:00", store_id="shop", ids=3, marks=["ab"], tables={}, topics={}, files={},
    backups=[], totals_before={}, totals_after={},
)  # fmt: skip


def test_a_receipt_lies_next_to_each_backup_and_is_read_once(tmp_path: Path) -> None:
    data, disk = tmp_path / "data", tmp_path / "disk"
    disk.mkdir()
    for name, encrypted in (("one", True), ("two", False)):
        note_backup(data, name, disk / f"{name}.fwbackup", is_encrypted=encrypted)
    note_backup(data, "gone", tmp_path / "unplugged" / "gone.fwbackup", is_encrypted=True)
    assert [path.name for path in backups_made(data, only_plain=True)] == ["two.fwbackup"]
    kept = keep(data, RECEIPT)
    assert kept == [data / "receipts" / "erasure-r1.json", disk / "erasures" / "erasure-r1.json"]
    assert receipts_next_to(disk / "one.fwbackup") == [kept[1]]
    assert read_receipts(kept) == [RECEIPT]
    kept[1].write_text("{}")
    with pytest.raises(ReceiptUnreadableError, match="is not the receipt of an erasure"):
        read_receipts(kept)


def test_an_interrupted_erasure_goes_on_with_its_substitutes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _interrupted(tmp_path)
    with (
        pytest.raises(ErasureUnfinishedError, match="in store shop was interrupted"),
        noted(tmp_path, "other"),
    ):
        pass
    with noted(tmp_path, "shop") as again:
        assert again.was_there
        assert again.take({"anna": "x2", "o-1": "x3"}) == {"anna": "x1", "o-1": "x3"}
    assert list((tmp_path / "secrets").iterdir()) == []


def test_a_mark_names_nobody_without_the_key() -> None:
    ours, theirs = Pseudonyms("key"), Pseudonyms("another")
    person = ours.of("shop", "anna")
    mark = ours.erasure_mark("shop", person)
    assert mark == Pseudonyms("key").erasure_mark("shop", person)
    assert mark not in (ours.erasure_mark("other", person), theirs.erasure_mark("shop", person))
    assert person not in mark


def _interrupted(data: Path) -> None:
    with noted(data, "shop") as first:
        assert not first.was_there
        first.take({"anna": "x1"})
        raise KeyboardInterrupt
