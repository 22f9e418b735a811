"""Secrets of connections at rest: sealed with AES-256-GCM, readable only with the key and only at the place they were sealed for.

The key is a text of any length: ``FUNNELWATCH_SOURCES_KEY`` (or its ``_FILE``), else the file ``secrets/sources_key`` of the data folder,
which is made on first use, for its owner only. Several lines are several keys: the first one seals, all of them open, so that a key can
be replaced while processes run.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel

from streams.errors import StateError
from streams.instance.files import secret, write_atomically
from streams.schema import is_secret, resolve_secret
from streams.settings import Settings

SEALED = "sealed:"
#: name of the key's file under ``data/secrets``
KEY_FILE = "sources_key"
_NONCE_BYTES = 12
#: letters of a key that is taken; what ``funnelwatch`` makes has 32
MIN_KEY_LETTERS = 16


class SealedUnreadableError(StateError):
    """Raised for a sealed text that no key at hand opens, and for a key that is too short; the connection says so and waits."""


class Sealer:
    """Seals and opens.

    Args:
        keys: as texts; the first seals.
        again: reads the keys again, for one that has come since.
    """

    def __init__(self, keys: Sequence[str], again: Callable[[], Sequence[str]] = lambda: ()) -> None:
        self._again = again
        self._ciphers: dict[str, AESGCM] = {}
        self.first = ""
        self._take(keys)

    def refresh(self) -> None:
        """Seal with the key that is first now: another process may have put a new one before it.

        Raises:
            InstanceFileError: the key's file is damaged.
        """
        self._take(self._again())

    def seal(self, text: str, place: str) -> str:
        """``text`` so that only a key opens it, and only for ``place``."""
        nonce = os.urandom(_NONCE_BYTES)
        content = self._ciphers[self.first].encrypt(nonce, text.encode(), place.encode())
        return f"{SEALED}{self.first}:{base64.urlsafe_b64encode(nonce + content).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """What was sealed for ``place``.

        Raises:
            SealedUnreadableError: no key opens it, it was changed, or it was sealed for another place.
        """
        name, _, written = sealed.removeprefix(SEALED).partition(":")
        if name not in self._ciphers:
            self._take(self._again())
        if name not in self._ciphers:
            raise SealedUnreadableError(
                f"what is sealed for {place} needs the key {name}; put it back as a further line of the sources key"
            )
        try:
            raw = base64.urlsafe_b64decode(written)
            return (
                self._ciphers[name].decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()).decode()
            )
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise SealedUnreadableError(f"what is sealed for {place} was changed") from error

    def is_old(self, sealed: str) -> bool:
        """Whether ``sealed`` was sealed with another key than the first."""
        return not sealed.startswith(f"{SEALED}{self.first}:")

    def _take(self, keys: Sequence[str]) -> None:
        for text in reversed(keys):
            if len(text) < MIN_KEY_LETTERS:
                raise SealedUnreadableError(
                    f"a sources key has {len(text)} characters; {MIN_KEY_LETTERS} random ones or more are needed"
                )
            raw = hashlib.blake2b(text.encode(), digest_size=32, person=b"fw-sources").digest()
            self.first = hashlib.blake2b(raw, digest_size=4).hexdigest()
            self._ciphers[self.first] = AESGCM(raw)


def open_sealer(settings: Settings) -> Sealer:
    """The sealer of an instance; its key is made if there is none.

    Raises:
        SealedUnreadableError: a key is too short.
        InstanceFileError: the key's file is empty or no text.
    """
    given = settings.sources_key.get_secret_value()
    if given:
        return Sealer(_lines(given))
    return Sealer(_lines(secret(settings.data, KEY_FILE)), lambda: _lines(secret(settings.data, KEY_FILE)))


def key_path(settings: Settings) -> Path | None:
    """The file of the key; None if the environment gives it."""
    return None if settings.sources_key.get_secret_value() else settings.data / "secrets" / KEY_FILE


def add_key(settings: Settings) -> None:
    """Put a new key before those in the file: from now on it seals. Processes that run take it up when they meet it."""
    path = settings.data / "secrets" / KEY_FILE
    keys = [secrets.token_urlsafe(24), *_lines(secret(settings.data, KEY_FILE))]
    write_atomically(path, "\n".join(keys).encode(), 0o600)


def keep_first_key(settings: Settings) -> None:
    """Leave only the key that seals in the file."""
    path = settings.data / "secrets" / KEY_FILE
    write_atomically(path, _lines(secret(settings.data, KEY_FILE))[0].encode(), 0o600)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def sealed_secrets(
    model: type[BaseModel], content: Mapping[str, Any], sealer: Sealer, place: str
) -> dict[str, Any]:
    """``content`` of a connection's settings with each secret sealed that is not a reference, or was sealed with an old key."""
    done = dict(content)
    for name, field in model.model_fields.items():
        value = done.get(name)
        if is_secret(model, name) and isinstance(value, str) and value:
            done[name] = _sealed(value, sealer, place)
        elif isinstance(value, Mapping) and _is_model(field.annotation):
            done[name] = sealed_secrets(field.annotation, value, sealer, place)
    return done


def _is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _sealed(value: str, sealer: Sealer, place: str) -> str:
    if value.startswith(("env:", "file:")):
        return value
    if value.startswith(SEALED):
        return sealer.seal(sealer.open(value, place), place) if sealer.is_old(value) else value
    return sealer.seal(value, place)


def resolve(reference: str, sealer: Sealer, place: str) -> str:
    """The secret behind ``env:NAME``, ``file:PATH`` or ``sealed:…``; empty for an empty reference.

    Raises:
        ConfigError: nothing is behind it.
        SealedUnreadableError: no key opens it.
    """
    if not reference:
        return ""
    return sealer.open(reference, place) if reference.startswith(SEALED) else resolve_secret(reference)
