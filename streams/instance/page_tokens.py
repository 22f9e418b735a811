"""Tokens for programs and colleagues: each with a name, what it may do, and an end. Only their digests are kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote

import structlog

from streams.clock import now_ms
from streams.errors import InputError, StateError
from streams.instance.files import write_atomically
from streams.settings import Settings

_BEGINS = "fwt_"
_FIELDS = (4, 5)
_END = re.compile(r"[0-9]{1,14}\Z")
_log = structlog.get_logger()


class Scope(StrEnum):
    """What a token may do; each includes those before it."""

    READ = "read"
    ACT = "act"
    CONFIGURE = "configure"

    def allows(self, wanted: Scope) -> bool:
        """Whether who may do this may do ``wanted``."""
        order = list(Scope)
        return order.index(wanted) <= order.index(self)


class TokensDamagedError(StateError):
    """The setting of tokens cannot be read: page and commands end with it, for a person has written it so."""


class TokenNameError(InputError):
    """A token of that name exists already, or none does; the command line prints it."""


@dataclass(frozen=True, slots=True)
class PageToken:
    """A token as it is kept."""

    name: str
    scope: Scope
    ends_ms: int
    digest: str
    #: the group of stores that it is for; empty: all stores
    group: str = ""

    def line(self) -> str:
        """As it is written: a line of a file, or of the setting."""
        group = f" {quote(self.group, safe='')}" if self.group else ""
        return f"{self.name} {self.scope} {self.ends_ms} {self.digest}{group}"


@dataclass(frozen=True, slots=True)
class _KeptTokens:
    """What the file says: the tokens, and the lines that are none."""

    tokens: tuple[PageToken, ...] = ()
    damaged: tuple[str, ...] = ()


def _known(lines: Sequence[str]) -> _KeptTokens:
    read = [(_token_of(line), line) for line in lines]
    return _KeptTokens(
        tuple(token for token, _ in read if token is not None),
        tuple(line for token, line in read if token is None),
    )


def new_token(name: str, scope: Scope, ends_ms: int, group: str = "") -> tuple[str, PageToken]:
    """The token itself, which nobody can read again, and what is kept of it."""
    text = _BEGINS + secrets.token_urlsafe(32)
    return text, PageToken(name, scope, ends_ms, _digest(text), group)


def _digest(text: str) -> str:
    """A random text of 32 bytes needs no slow hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _token_of(line: str) -> PageToken | None:
    """The token of a line; None if the line is not one."""
    parts = line.split()
    is_one = (
        line.isprintable() and len(parts) in _FIELDS and parts[1] in set(Scope) and bool(_END.match(parts[2]))
    )
    if not is_one:
        return None
    group = unquote(parts[4]) if len(parts) > _FIELDS[0] else ""
    return PageToken(parts[0], Scope(parts[1]), int(parts[2]), parts[3], group)


def parse_tokens(text: str) -> list[PageToken]:
    """The tokens of the setting.

    Raises:
        TokensDamagedError: a line is not one.
    """
    found = []
    for number, line in enumerate(_lines(text), 1):
        token = _token_of(line)
        if token is None:
            raise TokensDamagedError(f"token {number} of the page is not NAME SCOPE END DIGEST [GROUP]")
        found.append(token)
    return found


class TokenBook:
    """The tokens in force: those of the setting, else those of the data folder, read again whenever that file changes.

    A line of the file that the disk has changed opens nothing, is kept where it is, and keeps nobody else out.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = settings.data / "secrets" / "page_tokens"
        given = settings.page_tokens.get_secret_value()
        self._given = parse_tokens(given) if given else None
        self._changed, self._known = -1, _KeptTokens()

    def all(self) -> Sequence[PageToken]:
        """Every token that can be read, also those that have ended."""
        return self._given if self._given is not None else self._kept().tokens

    def damaged(self) -> int:
        """How many lines of the file cannot be read."""
        return 0 if self._given is not None else len(self._kept().damaged)

    def _kept(self) -> _KeptTokens:
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._changed:
                # bytes outside UTF-8 stay what they are when the file is written again
                lines = _lines(self._path.read_text(encoding="utf-8", errors="surrogateescape"))
                self._changed, self._known = changed, _known(lines)
                if self._known.damaged:
                    _log.warning("page_token_damaged", file=str(self._path), lines=len(self._known.damaged))
        except FileNotFoundError:
            self._changed, self._known = -1, _KeptTokens()
        return self._known

    def find(self, offered: str) -> PageToken | None:
        """The token offered, unless there is none or it has ended. Digests are compared: their time says nothing of the token."""
        if not offered.startswith(_BEGINS):
            return None
        digest, present = _digest(offered), now_ms()
        return next((one for one in self.all() if one.digest == digest and one.ends_ms > present), None)

    def add(self, token: PageToken) -> None:
        """Keep a token in the data folder.

        Raises:
            TokenNameError: one of that name is there.
        """
        if any(one.name == token.name for one in self.all()):
            raise TokenNameError(f"there is a token {token.name!r} already; end it, or choose another name")
        self._write([*self.all(), token])

    def end(self, name: str) -> None:
        """Forget a token.

        Raises:
            TokenNameError: there is none.
        """
        rest = [one for one in self.all() if one.name != name]
        if len(rest) == len(self.all()):
            raise TokenNameError(f"there is no token {name!r}; `funnelwatch tokens list` shows them")
        self._write(rest)

    def _write(self, tokens: Sequence[PageToken]) -> None:
        if self._given is not None:
            raise TokenNameError("tokens are given by FUNNELWATCH_PAGE_TOKENS; change them there")
        lines = [*(one.line() for one in tokens), *self._kept().damaged]
        write_atomically(self._path, "".join(f"{one}\n" for one in lines).encode(errors="surrogateescape"))
