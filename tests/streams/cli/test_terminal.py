"""Text from outside on a terminal: shown, never obeyed."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from streams.cli.terminal import printable, printable_json

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
