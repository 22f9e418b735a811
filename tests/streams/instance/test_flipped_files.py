"""One byte of any small file of the data folder is changed: whoever reads it goes on, or says which file it is; no traceback, no harm."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from streams.backup.keys import backups_made, note_backup
from streams.config.model import Config
from streams.embedded.plan import make_plan
from streams.errors import FunnelwatchError
from streams.instance.audit import record, verify
from streams.instance.ended_sessions import EndedSessions
from streams.instance.files import (
    Instance,
    StateReport,
    read_instance,
    read_states,
    secret,
    write_instance,
)
from streams.instance.page_tokens import Scope, TokenBook, new_token
from streams.privacy.receipts import Receipt, read_receipts
from streams.privacy.unfinished import noted
from streams.settings import load_settings
from streams.sources.directory import COPY, ConnectionDirectory, load_copy, save_copy
from streams.sources.sealing import Sealer
from streams.sources.source_log import SourceBook, StoredConnection
from tests.places import ROOT
from tests.trees import nodes_of, python_files


@dataclass(frozen=True)
class Kept:
    """A file: how it is written into a data folder, its path there, and how it is read."""

    path: str
    write: Callable[[Path], object]
    read: Callable[[Path], object]


def _connections(data: Path) -> None:
    book = SourceBook()
    settings = {"name": "erp", "source": "webhook", "store": "a", "secret": "env:X", "format": "events"}
    book.take("connection/erp", msgspec.json.encode(StoredConnection(settings, 1, "李雷")))
    save_copy(data, book)


def _known(data: Path) -> None:
    book = SourceBook()
    load_copy(data, book)
    config = Config.model_validate({"stores": [{"id": "a"}]})
    ConnectionDirectory(config, Sealer(["k" * 20]), book).get("erp", "webhook")


def _unfinished(data: Path) -> None:
    with suppress(KeyError), noted(data, "a") as erasure:
        erasure.take({"张伟": "substitute"})
        raise KeyError


def _again(data: Path) -> None:
    with suppress(KeyError), noted(data, "a"):
        raise KeyError


def _receipt(data: Path) -> None:
    made = Receipt(request="r", who="张", at="now", store_id="a", ids=1, tables={}, topics={}, files={}, backups=[], totals_before={}, totals_after={})  # fmt: skip
    (data / "receipt.json").write_bytes(msgspec.json.encode(made))


def _end_sessions(data: Path) -> None:
    EndedSessions(data).end("s-1", 2_000_000_000)
    EndedSessions(data).end_of("张", 1_000_000)


FILES = (
    Kept("ports.json", lambda data: (data / "ports.json").write_bytes(b'{"broker":38400,"store":38401}'), lambda data: make_plan(load_settings(data=data), None, (), True)),
    Kept("instance.json", lambda data: write_instance(data, Instance(1, 1, "a:1", "http://b", "http://c", "http://d", "配置", ("page",))), read_instance),
    Kept("run/page.json", lambda data: StateReport(data, "page").ready("就绪"), read_states),
    Kept("secrets/hash_key", lambda data: secret(data, "hash_key"), lambda data: secret(data, "hash_key")),
    Kept("secrets/hash_key.sum", lambda data: secret(data, "hash_key"), lambda data: secret(data, "hash_key")),
    Kept("secrets/page_tokens", lambda data: TokenBook(load_settings(data=data)).add(new_token("grafana", Scope.READ, 9)[1]), lambda data: TokenBook(load_settings(data=data)).all()),
    Kept("secrets/ended_sessions", _end_sessions, lambda data: (EndedSessions(data).holds("s-1", "张", 5), EndedSessions(data).end("s-2", 9))),
    Kept("secrets/backups/made.txt", lambda data: note_backup(data, "b", data / "备份", is_encrypted=False), backups_made),
    Kept("audit/audit.jsonl", lambda data: (record(data, "张", "one"), record(data, "b", "two")), lambda data: (verify(data), record(data, "c", "three"))),
    Kept("audit/head.json", lambda data: (record(data, "张", "one"), record(data, "b", "two")), lambda data: (verify(data), record(data, "c", "three"))),
    Kept(str(COPY), _connections, _known),
    Kept("receipt.json", _receipt, lambda data: read_receipts([data / "receipt.json"])),
    Kept("UNFINISHED", _unfinished, _again),
)  # fmt: skip


def changed(content: bytes) -> Iterator[bytes]:
    """The content with one byte changed: to a byte outside ASCII, to its neighbour, and cut off there."""
    for at in range(0, len(content), max(1, len(content) // 60)):
        before, byte, after = content[:at], content[at], content[at + 1 :]
        yield before + bytes([byte ^ 0x80]) + after
        yield before + bytes([byte ^ 0x01]) + after
        yield before
    yield b'{"a":' * 2000


@pytest.mark.parametrize("kept", FILES, ids=lambda kept: kept.path)
def test_one_changed_byte_of_a_small_file_ended_in_a_traceback(kept: Kept, tmp_path: Path) -> None:
    kept.write(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    path = tmp_path / kept.path if kept.path != "UNFINISHED" else files[0]
    good = {one: one.read_bytes() for one in files}
    said: list[str] = []
    for bad in changed(good[path]):
        path.write_bytes(bad)
        try:
            kept.read(tmp_path)
        except FunnelwatchError as error:
            said.append(str(error))
        for one, content in good.items():
            one.write_bytes(content)
    assert [text for text in said if path.name.removesuffix(".sum") not in text] == []
    kept.read(tmp_path)


def test_no_handler_takes_broken_json_for_the_only_fault_of_a_text() -> None:
    """Bytes that are not UTF-8 are a ``UnicodeDecodeError``, deep nesting is a ``RecursionError``: neither is an error of msgspec's."""
    handlers = [
        (str(path.relative_to(ROOT)), ast.unparse(node.type))
        for path in python_files("streams")
        for node in nodes_of(path)
        if isinstance(node, ast.ExceptHandler) and node.type is not None
    ]
    assert handlers
    assert [
        one
        for one in handlers
        if ("msgspec.DecodeError" in one[1] or "msgspec.MsgspecError" in one[1])
        and not ("UnicodeDecodeError" in one[1] or "ValueError" in one[1])
    ] == []
