"""A buyer's ids in files of the data folder besides tables and topics: the collector's spool, mails, logs and everything else."""

from __future__ import annotations

import email
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path

from scoring.events.erasure import Erasure
from streams.collector.frames import Record, find_gaps, frames, read_frame
from streams.instance.files import write_atomically

#: folders of the parts, whose files are theirs, and of what holds no events: secrets, receipts
_OF_OTHERS = ("kafka", "clickhouse", "secrets", "receipts", "run")


def erase_spool(folder: Path, erasure: Erasure) -> int:
    """Replace in the records that wait for Kafka; how many were changed. What is set aside there is treated as bytes."""
    changed = 0
    for segment in sorted(folder.glob("*/*.seg")):
        content = segment.read_bytes()
        made, here, at = [], 0, 0
        while (found := read_frame(content, at)) is not None:
            records, size = found
            new = [_replaced(record, erasure) for record in records]
            here += sum(one != before for one, before in zip(new, records, strict=True))
            made += [content[at : at + size]] if new == records else frames(new)
            at += size
        if here and at == len(content):
            write_atomically(segment, b"".join(made))
            (segment.parent / "position").unlink(missing_ok=True)  # a record sent twice is one
            changed += here
        elif here or find_gaps(content)[1]:  # damaged: nothing in it is sent by this release as it is
            changed += _in_bytes(segment, erasure.in_bytes)
    return changed + sum(_in_bytes(path, erasure.in_bytes) for path in folder.glob("*/aside/*"))


def _replaced(record: Record, erasure: Erasure) -> Record:
    return record._replace(value=erasure.in_record(record.value))


def erase_mails(folder: Path, erasure: Erasure) -> int:
    """Replace in the mails kept in a folder, however their parts are encoded; how many were changed."""
    changed = 0
    for path in sorted(folder.glob("**/*.eml")) if folder.is_dir() else ():
        mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        here = False
        for part in mail.walk():
            if part.get_content_maintype() != "text":
                continue
            text = part.get_content()
            if (new := erasure.in_text(text)) != text:
                part.set_content(new, subtype=part.get_content_subtype())
                here = True
        for name, value in list(mail.items()):
            if (new := erasure.in_text(str(value))) != str(value):
                mail.replace_header(name, new)
                here = True
        if here:
            write_atomically(path, bytes(mail))
            changed += 1
    return changed


def other_files(data: Path) -> Iterator[Path]:
    """Every other file under the data folder."""
    for folder in sorted(data.iterdir()):
        if folder.name in (*_OF_OTHERS, "spool", "outbox"):
            continue
        yield from (path for path in ([folder] if folder.is_file() else folder.rglob("*")) if path.is_file())


def erase_others(data: Path, erasure: Erasure) -> int:
    """Replace in logs, previews and whatever else was written there; how many files were changed."""
    return sum(_in_bytes(path, erasure.in_bytes) for path in other_files(data))


def remove_parts(folders: Iterable[Path]) -> None:
    """Remove parts of a store that does not run; the embedded engine looks for such parts rarely, and keeps them for eight minutes."""
    os.sync()  # what replaced them has to be there after a power cut
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _in_bytes(path: Path, replace: Callable[[bytes], bytes]) -> int:
    content = path.read_bytes()
    new = replace(content)
    if new == content:
        return 0
    write_atomically(path, new)
    return 1
