"""Tokens for programs and colleagues: each with a name, what it may do, and an end. Only their digests are kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote

from streams.clock import now_ms
from streams.errors import InputError, StateError
from streams.instance.files import write_atomically
from streams.settings import Settings

_BEGINS = "fwt_"
_FIELDS = (4, 5)


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
    """The file or setting of tokens cannot be read; nobody gets in by one until a person has corrected it."""


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


def new_token(name: str, scope: Scope, ends_ms: int, group: str = "") -> tuple[str, PageToken]:
    """The token itself, which nobody can read again, and what is kept of it."""
    text = _BEGINS + secrets.token_urlsafe(32)
    return text, PageToken(name, scope, ends_ms, _digest(text), group)


def _digest(text: str) -> str:
    """A random text of 32 bytes needs no slow hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def parse_tokens(text: str) -> list[PageToken]:
    """The tokens of a file or setting.

    Raises:
        TokensDamagedError: a line is not one.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) not in _FIELDS or parts[1] not in set(Scope) or not parts[2].isdecimal():
            raise TokensDamagedError(
                f"line {number} of the page's tokens is not NAME SCOPE END DIGEST [GROUP]"
            )
        group = unquote(parts[4]) if len(parts) > _FIELDS[0] else ""
        found.append(PageToken(parts[0], Scope(parts[1]), int(parts[2]), parts[3], group))
    return found


class TokenBook:
    """The tokens in force: those of the setting, else those of the data folder, read again whenever that file changes."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.data / "secrets" / "page_tokens"
        given = settings.page_tokens.get_secret_value()
        self._given = parse_tokens(given) if given else None
        self._read: tuple[int, list[PageToken]] = (-1, [])

    def all(self) -> Sequence[PageToken]:
        """Every token, also those that have ended.

        Raises:
            TokensDamagedError: they cannot be read.
        """
        if self._given is not None:
            return self._given
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._read[0]:
                # a line that the disk changed is none, and says so with its number
                text = self._path.read_text(encoding="utf-8", errors="replace")
                self._read = (changed, self._parsed(text))
        except FileNotFoundError:
            self._read = (-1, [])
        return self._read[1]

    def _parsed(self, text: str) -> list[PageToken]:
        if "\N{REPLACEMENT CHARACTER}" in text:
            raise TokensDamagedError(
                f"{self._path} is not UTF-8 text; put it back from a backup, or end all tokens by taking it away"
            )
        try:
            return parse_tokens(text)
        except TokensDamagedError as error:
            raise TokensDamagedError(f"{self._path}: {error}") from error

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
        write_atomically(self._path, "".join(f"{one.line()}\n" for one in tokens).encode())
