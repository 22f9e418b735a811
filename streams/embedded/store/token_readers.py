"""Readers who sign in with a token of ``funnelwatch tokens``: the name as the user, the token as the password.

What a token may read is decided where the page's is: ``streams/config/rights.py``.
"""

from __future__ import annotations

from streams.config.loading import load_config
from streams.config.model import Config
from streams.config.rights import rights_of_token
from streams.embedded.store.errors import AUTHENTICATION_FAILED, StoreError
from streams.embedded.store.protocol import PEOPLE_READING, User
from streams.instance.page_tokens import PageToken, TokenBook
from streams.schema import ConfigError
from streams.settings import Settings


class TokenReaders:
    """The tokens in force and the stores of their groups, read again whenever their files change."""

    def __init__(self, settings: Settings) -> None:
        self._book = TokenBook(settings)
        self._path = settings.config
        self._read: tuple[int, Config] | None = None

    def find(self, name: str, password: str) -> User | None:
        """The reader of that name and token; None if there is none, or its token has ended.

        Raises:
            StoreError: groups cannot be read.
        """
        try:
            token = self._book.find(password)
            if token is None or token.name != name:
                return None
            return User(name, reads_only=True, lane=PEOPLE_READING, stores=self._stores(token))
        except (ConfigError, OSError) as error:
            raise StoreError(AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", f"{name}: {error}") from error

    def _stores(self, token: PageToken) -> frozenset[str] | None:
        return rights_of_token(self._config(), token).read if token.group else None

    def _config(self) -> Config:
        if self._path is None:
            return Config()
        changed = self._path.stat().st_mtime_ns
        if self._read is None or self._read[0] != changed:
            self._read = changed, load_config(self._path)
        return self._read[1]
