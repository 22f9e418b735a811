"""Receipts of erasures: what was done, without an id of anybody, and by what a restored backup knows whom to erase again.

They are kept in the data folder, and next to every backup that was made of it: a backup whose key was copied, or that has none, is
restored with the receipts that lie there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import structlog

from scoring.errors import UNDECODABLE
from streams.backup.keys import backups_made
from streams.errors import InputError
from streams.instance.files import write_atomically

_log = structlog.get_logger()
FOLDER = "receipts"
_NEXT_TO_BACKUPS = "erasures"


class ReceiptUnreadableError(InputError):
    """A file is not the receipt of an erasure; the command line prints it."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an erasure did, without anything that leads to the buyers.

    Attributes:
        people: how many buyers were asked for.
        marks: keyed hashes of their pseudonyms, which say nothing without the key and the pseudonym.
        tables, topics, files: place → rows, records or files in which ids were replaced.
        backups: those whose keys were destroyed.
        totals_before, totals_after: what the views count of the store: the same.
        stays: what is still there, until when, and why.
    """

    request: str
    who: str
    at: str
    store_id: str
    people: int = 1
    marks: list[str] = []
    ids: int
    tables: dict[str, int]
    topics: dict[str, int]
    files: dict[str, int]
    backups: list[str]
    totals_before: dict[str, int]
    totals_after: dict[str, int]
    stays: list[str] = []


def keep(data: Path, receipt: Receipt) -> list[Path]:
    """Write a receipt into the data folder and next to the backups; where it now is."""
    content = msgspec.json.format(msgspec.json.encode(receipt))
    name = f"erasure-{receipt.request}.json"
    kept = [data / FOLDER / name]
    write_atomically(kept[0], content)
    for folder in sorted({path.parent for path in backups_made(data)}):
        path = folder / _NEXT_TO_BACKUPS / name
        try:
            if folder.is_dir():  # another disk may not be there now
                write_atomically(path, content)
                kept.append(path)
        except OSError as error:
            _log.warning("receipt_not_copied", folder=str(folder), error=str(error))
    return kept


def receipts_next_to(backup: Path) -> list[Path]:
    """The receipts that lie next to a backup."""
    return sorted((backup.parent / _NEXT_TO_BACKUPS).glob("erasure-*.json"))


def read_receipts(paths: Iterable[Path]) -> list[Receipt]:
    """Each receipt once.

    Raises:
        ReceiptUnreadableError: a file is none.
    """
    found: dict[str, Receipt] = {}
    for path in paths:
        try:
            receipt = msgspec.json.decode(path.read_bytes(), type=Receipt)
        except (OSError, *UNDECODABLE) as error:
            raise ReceiptUnreadableError(f"{path} is not the receipt of an erasure: {error}") from error
        found[receipt.request] = receipt
    return list(found.values())
