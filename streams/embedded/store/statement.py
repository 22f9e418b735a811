"""What a statement is, seen without running it: its kind, its FORMAT clause, where the data of an INSERT begins.

The engine parses and judges statements; this file only finds the places where the server has to cut or insert text (the
format, the file that holds a request's body, the pipe that takes the result).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    rb"""
      (?P<space>\s+|--[^\n]*|\#[ !][^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<string>'(?:[^'\\]|\\(?:.|\Z)|'')*+(?:'|\Z)|"(?:[^"\\]|\\(?:.|\Z))*+(?:"|\Z)|`(?:[^`\\]|\\(?:.|\Z))*+(?:`|\Z))
    | (?P<word>[A-Za-z_][A-Za-z_0-9$]*)
    | (?P<other>[0-9][\w.]*|.)
    """,
    re.VERBOSE | re.DOTALL,
)
#: text between two equal tags; without the second one it is none, as the engine has it
_TAG = re.compile(rb"\$\w*\$")
_TAGGED = re.compile(rb"(?P<space>(?!))?(?P<word>(?!))?(?P<string>.+)", re.DOTALL)
_WITH_RESULT = {"SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "(", "CHECK"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a statement: ``text`` is in capitals for words, ``depth`` counts the brackets around it."""

    kind: str
    text: str
    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its FORMAT clause taken off.

    ``head`` is the statement before the clause, ``tail`` what follows it (SETTINGS), ``data`` the rows an INSERT brings in its
    own text, None if it brings none and the request's body holds them. ``source`` is the place of ``input('…')`` in ``head``.
    """

    kind: str
    head: str
    format: str | None = None
    tail: str = ""
    data: bytes | None = None
    takes_data: bool = False
    source: tuple[int, int, str] | None = None
    several: bool = False
    to_file: bool = False
    from_file: bool = False

    @property
    def has_result(self) -> bool:
        """Whether the engine writes rows for it."""
        return self.kind in _WITH_RESULT


def _token_at(sql: bytes, at: int) -> re.Match[bytes] | None:
    """The token at ``at``, in time that is linear in its length: a text without its end reaches to that of the statement."""
    if sql[at : at + 1] == b"$" and (tag := _TAG.match(sql, at)):
        end = sql.find(tag[0], tag.end())
        if end >= 0:
            return _TAGGED.match(sql, at, end + len(tag[0]))
    return _TOKEN.match(sql, at)


def tokens(sql: bytes, most: int | None = None) -> list[Token]:
    """The words, strings and signs of ``sql``, the first ``most`` of them; comments and blanks are left out."""
    found: list[Token] = []
    depth, at = 0, 0
    while len(found) != most and at < len(sql) and (match := _token_at(sql, at)):
        at = match.end()
        if match.lastgroup == "space" or match["space"] is not None:
            continue
        kind = "word" if match["word"] is not None else "string" if match["string"] is not None else "other"
        text = match[0].decode("utf-8", "replace")
        if text in ")]}" and kind == "other":
            depth = max(depth - 1, 0)
        found.append(Token(kind, text.upper() if kind == "word" else text, match.start(), at, depth))
        if text in "([{" and kind == "other":
            depth += 1
    return found


def parse(sql: bytes) -> Statement:
    """The statement in ``sql``, which may be followed by the data of an INSERT.

    Raises:
        UnicodeDecodeError: the statement's own text is not UTF-8.
    """
    first = first_word(sql)
    if first == "INSERT":
        return _parse_insert(sql)
    listed = tokens(sql)
    while listed and listed[-1].text == ";":
        listed.pop()
    if not listed:
        return Statement("", "")
    end = listed[-1].end
    several = any(token.text == ";" and token.kind == "other" for token in listed)
    to_file = _follows(listed, "INTO", "OUTFILE")
    kind = listed[0].text
    for at in range(len(listed) - 2, 0, -1):
        token, name = listed[at], listed[at + 1]
        if token.depth or token.text != "FORMAT" or token.kind != "word" or name.kind != "word":
            continue
        rest = listed[at + 2 :]
        if rest and rest[0].text != "SETTINGS":
            break
        return Statement(
            kind,
            sql[: token.start].decode(),
            format=sql[name.start : name.end].decode(),
            tail=sql[name.end : end].decode(),
            several=several,
            to_file=to_file,
        )
    return Statement(kind, sql[:end].decode(), several=several, to_file=to_file)


def rows_start(text: bytes) -> int:
    """Where the rows of an INSERT begin that has a FORMAT; 0 for everything else, and if they begin behind ``text``."""
    if first_word(text) != "INSERT":
        return 0
    try:
        statement = _parse_insert(text)
    except UnicodeDecodeError:
        return 0
    # what follows VALUES is read by the engine as a part of the statement
    return 0 if statement.data is None or statement.format == "Values" else len(text) - len(statement.data)


def first_word(sql: bytes) -> str:
    """The word that ``sql`` begins with, in capitals; comments and blanks are passed over."""
    at = 0
    while match := _token_at(sql, at):
        if match["space"] is None:
            return match[0].decode("utf-8", "replace").upper()
        at = match.end()
    return ""


def _follows(listed: list[Token], first: str, second: str) -> bool:
    return any(
        a.text == first and b.text == second and a.kind == b.kind == "word" for a, b in pairwise(listed)
    )


def _parse_insert(sql: bytes) -> Statement:
    """An INSERT: its text up to the data, read no further than needed since the data may be anything."""
    at, depth = 0, 0
    words: list[Token] = []
    settings: int | None = None
    selects = False
    source: tuple[int, int, str] | None = None
    while at < len(sql) and (match := _token_at(sql, at)):
        at = match.end()
        if match["space"] is not None:
            continue
        kind = "word" if match["word"] is not None else "string" if match["string"] is not None else "other"
        text = match[0].decode("utf-8", "replace")
        if kind == "other" and text in ")]}":
            depth = max(depth - 1, 0)
        token = Token(kind, text.upper() if kind == "word" else text, match.start(), at, depth)
        words.append(token)
        if kind == "other" and text in "([{":
            depth += 1
        if (
            len(words) >= 4
            and token.text == ")"
            and [w.text for w in words[-4:-2]] == ["INPUT", "("]
            and words[-2].kind == "string"
        ):
            source = (words[-4].start, token.end, words[-2].text)
        if token.depth or kind == "string":
            continue
        before = words[-2].text if len(words) > 1 else ""
        if token.text in ("SELECT", "WITH") and len(words) > 2:
            selects = True
        if token.text == "SETTINGS" and not selects and settings is None and len(words) > 3:
            settings = token.start
        if token.text == "VALUES" and not selects and len(words) > 3 and before != "FORMAT":
            return _with_data(sql, token.start, settings, "Values", sql[at:] or None)
        if before == "FORMAT" and kind == "word" and words[-2].kind == "word" and (not selects or source):
            head_end = words[-2].start
            return _with_data(sql, head_end, settings, match[0].decode(), _data_after(sql, at), source)
    while words and words[-1].text == ";":
        words.pop()
    end = words[-1].end if words else 0
    return Statement(
        "INSERT",
        sql[:end].decode(),
        several=any(word.text == ";" and word.kind == "other" for word in words),
        from_file=_follows(words, "FROM", "INFILE"),
    )


def _data_after(sql: bytes, at: int) -> bytes | None:
    blank = re.compile(rb"[ \t\r]*;?[ \t\r]*\n?").match(sql, at)
    rest = sql[blank.end() :] if blank else sql[at:]
    return rest or None


def _with_data(
    sql: bytes,
    end: int,
    settings: int | None,
    name: str,
    data: bytes | None,
    source: tuple[int, int, str] | None = None,
) -> Statement:
    head = sql[: settings if settings is not None else end]
    tail = sql[settings:end] if settings is not None else b""
    # offsets are of bytes; the head is cut at them before it becomes text
    place = (len(head[: source[0]].decode()), len(head[: source[1]].decode()), source[2]) if source else None
    decoded = head.decode()
    return Statement(
        "INSERT",
        decoded,
        format=name,
        tail=tail.decode(),
        data=data,
        takes_data=True,
        source=place,
        from_file=_follows(tokens(head), "FROM", "INFILE"),
    )
