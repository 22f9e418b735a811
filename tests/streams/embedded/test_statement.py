"""How a statement is cut into words, texts and signs."""

from __future__ import annotations

import pytest

from streams.embedded.store.statement import tokens


@pytest.mark.parametrize(
    ("sql", "cut"),
    [
        (rb"SELECT 'a''b' c", ["SELECT", "'a''b'", "C"]),
        (rb"'a\'b' c", [r"'a\'b'", "C"]),
        (rb'"a\"b" `c` d', [r'"a\"b"', "`c`", "D"]),
        (b"$x$ a 'b $x$ c", ["$x$ a 'b $x$", "C"]),
        (b"$x$ a", ["$", "X$", "A"]),
    ],
)
def test_texts_are_one_token_each(sql: bytes, cut: list[str]) -> None:
    assert [token.text for token in tokens(sql)] == cut


@pytest.mark.parametrize("sql", [b"'a b", b"'a\\' b", b'"a b', b"`a b", b"'a b\\", b"'a ''"])
def test_a_text_without_its_end_was_looked_for_from_each_of_its_quotes(sql: bytes) -> None:
    assert [token.text for token in tokens(b"SELECT " + sql)] == ["SELECT", sql.decode()]
