"""Text from outside on a terminal: shown, never obeyed."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import unicodedata
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

import streams.cli
from streams.cli.terminal import console, plain, say, say_json, write_line
from streams.embedded.console import Console
from streams.logs import configure
from streams.printable import printable, printable_json
from streams.settings import Settings

HOSTILE = "\x1b]0;title\x07\x9b2Ja\u202eb\x7f"
_OTHER_WAYS = re.compile(
    r"typer\.(echo|secho|prompt|confirm)|(?<![.\w])print\(|std(out|err)\.(buffer\.)?write|(?<![\w.\[])Console\((?!\))"
)


class _Terminal(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", write_through=True)

    def isatty(self) -> bool:
        return True

    def written(self) -> str:
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> _Terminal:
    """In the test itself: between a test's phases pytest sets its own streams."""
    made = _Terminal()
    monkeypatch.setattr(sys, "stdout", made)
    monkeypatch.setattr(sys, "stderr", made)
    return made


def _is_harmless(text: str) -> bool:
    """True if the only control sequences are the colours of rich."""
    left = re.sub(r"\x1b\[[\d;]*m", "", text)
    return printable(left, lines=True) == left


def test_no_command_prints_past_the_one_place_that_escapes():
    folder = Path(streams.cli.__file__).parent
    others = [path for path in folder.glob("*.py") if path.name != "terminal.py"]
    assert len(others) > 20
    assert [
        f"{path.name}: {line.strip()}"
        for path in others
        for line in path.read_text(encoding="utf-8").splitlines()
        if _OTHER_WAYS.search(line)
        and "DemoConsole(" not in line
        and "Console(settings.language)" not in line
    ] == []


def test_a_files_names_and_texts_reached_the_terminal_as_they_were(monkeypatch):
    terminal = terminal_of(monkeypatch)
    table = Table(HOSTILE)
    table.add_row(HOSTILE, style="red")
    shown = console(force_terminal=True)
    shown.print(table)
    shown.print(f"[red]not read:[/red] {plain(HOSTILE)}")
    shown.print(HOSTILE, soft_wrap=True)
    console(err=True).print(HOSTILE)
    say(HOSTILE)
    say_json(json.dumps({"a": HOSTILE}, ensure_ascii=False))
    write_line(HOSTILE.encode() + b"\n", as_json=False)
    Console("en").change("collector", "ended", HOSTILE)
    written = terminal.written()
    assert written.count("\\x1b]0;title") >= 5
    assert "\x1b[31m" in written
    assert _is_harmless(written)


def test_a_log_on_a_terminal_is_shown_and_not_obeyed():
    terminal = _Terminal()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        configure(Settings(log_format="console"), terminal)
        structlog.get_logger().warning("record_rejected", why=HOSTILE)
        logging.getLogger("other").warning(HOSTILE)
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
        structlog.reset_defaults()
    assert terminal.written().count("\\x1b]0;title") == 2
    assert _is_harmless(terminal.written())


_TURNS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text):
    for shown, kept in ((printable(text), ""), (printable(text, lines=True), "\n\t")):
        assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in kept]
        assert not _TURNS & set(shown)
        shown.encode()


@given(st.dictionaries(st.text(), st.text()))
def test_json_means_the_same(value):
    text = json.dumps(value, ensure_ascii=False)
    shown = printable_json(text)
    assert json.loads(shown) == value
    assert not [c for c in shown if unicodedata.category(c) == "Cc"]


def test_plain_text_in_any_language_is_left_as_it_is():
    for text in ("数据 übung — 30 家店", "👩‍👩‍👧 ok", "a\\b", ""):
        assert printable(text) == text


def test_an_escape_is_seen():
    assert printable("\x1b[2J\x1b]0;title\x07") == "\\x1b[2J\\x1b]0;title\\x07"
    assert printable("ab\u202egnp.exe") == "ab\\u202egnp.exe"
