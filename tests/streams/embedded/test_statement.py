"""How a statement is cut into words, texts and signs."""

from __future__ import annotations

import pytest

from streams.embedded.store.statement import rows_start, tokens


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


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b'INSERT INTO t FORMAT JSONEachRow\n{"a":1}\n', b'{"a":1}\n'),
        (b"/* FORMAT CSV\n */ INSERT INTO t (a) SETTINGS x = 1 FORMAT CSV\n1\n", b"1\n"),
        (
            b"INSERT INTO t SELECT a FROM input('a String') WHERE a != '\nFORMAT CSV\n' FORMAT CSV\n2\n",
            b"2\n",
        ),
        (b"INSERT INTO t VALUES (1)", None),
        (b"INSERT INTO t FORMAT Values (1)", None),
        (b"INSERT INTO t SELECT 1", None),
        (b"INSERT INTO t FORMAT CSV\n", None),
        (b"SELECT 'INSERT INTO t FORMAT CSV\n1'", None),
        (b"INSERT INTO t (`\xff`) FORMAT CSV\n1", None),
    ],
)
def test_the_rows_of_an_insert_begin_behind_its_format(text: bytes, rows: bytes | None) -> None:
    start = rows_start(text)
    assert (text[start:] if start else None) == rows
