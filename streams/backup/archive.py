"""The file of a backup: a compressed tar, cut into chunks that are encrypted one by one, so that nothing of it is read unchecked.

After the mark and the nonce's beginning come chunks: their length, and what AES-256-GCM made of at most a mebibyte. The last one is
marked as such in what is authenticated: a file that was cut short, reordered or changed is rejected. Without a key a checksum takes the
place of the encryption.
"""

from __future__ import annotations

import io
import secrets
import struct
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from streams.errors import InputError

_MARK = b"FUNNELWATCH BACKUP 1\n"
_ENCRYPTED, _PLAIN = b"E", b"P"
_CHUNK = 1 << 20
_LENGTH = struct.Struct(">I")
_FAST = 1


class BackupUnreadableError(InputError):
    """A file is not a backup, is damaged, or its key is another; nothing was restored. The command line prints it."""


class _Sink(io.RawIOBase):
    """Compresses, cuts and encrypts what is written to it."""

    def __init__(self, file: BinaryIO, key: bytes | None) -> None:
        self._file, self._cipher = file, None if key is None else AESGCM(key)
        self._compressor = zlib.compressobj(_FAST)
        self._waiting = bytearray()
        self._number = 0
        self._nonce = secrets.token_bytes(8)
        file.write(_MARK + (_PLAIN if key is None else _ENCRYPTED) + self._nonce)

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        self._waiting += self._compressor.compress(content)
        while len(self._waiting) > _CHUNK:
            self._put(bytes(self._waiting[:_CHUNK]), is_last=False)
            del self._waiting[:_CHUNK]
        return len(content)

    def finish(self) -> None:
        """Write what is left; without it a file counts as cut short."""
        self._waiting += self._compressor.flush()
        while len(self._waiting) > _CHUNK:
            self._put(bytes(self._waiting[:_CHUNK]), is_last=False)
            del self._waiting[:_CHUNK]
        self._put(bytes(self._waiting), is_last=True)

    def _put(self, chunk: bytes, *, is_last: bool) -> None:
        sealed = _seal(self._cipher, self._nonce, self._number, chunk, is_last)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._number += 1


def _seal(cipher: AESGCM | None, nonce: bytes, number: int, chunk: bytes, is_last: bool) -> bytes:
    end = b"\1" if is_last else b"\0"
    if cipher is None:
        return end + _LENGTH.pack(zlib.crc32(chunk, number)) + chunk
    return end + cipher.encrypt(nonce + _LENGTH.pack(number), chunk, end)


class _Spring(io.RawIOBase):
    """The other way round."""

    def __init__(self, path: Path, file: BinaryIO, key: bytes | None) -> None:
        self._path, self._file = path, file
        begun = file.read(len(_MARK) + 9)
        if len(begun) < len(_MARK) + 9 or not begun.startswith(_MARK):
            raise BackupUnreadableError(f"{path} is not a backup of Funnelwatch, or of a later release")
        self._is_encrypted = begun[len(_MARK) :][:1] == _ENCRYPTED
        if self._is_encrypted and key is None:
            raise BackupUnreadableError(f"{path} is encrypted; name the file of its key with --key")
        self._cipher = AESGCM(key) if self._is_encrypted and key is not None else None
        self._nonce = begun[-8:]
        self._decompressor = zlib.decompressobj()
        self._number, self._ended, self._plain = 0, False, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while (size < 0 or len(self._plain) < size) and not self._ended:
            self._plain += self._next()
        found, self._plain = (self._plain, b"") if size < 0 else (self._plain[:size], self._plain[size:])
        return found

    def _next(self) -> bytes:
        begun = self._file.read(_LENGTH.size)
        sealed = self._file.read(_LENGTH.unpack(begun)[0]) if len(begun) == _LENGTH.size else b""
        end, rest = sealed[:1], sealed[1:]
        if not end:
            raise BackupUnreadableError(f"{self._path} is cut short after {self._number} chunks")
        try:
            chunk = self._opened(end, rest)
            plain = self._decompressor.decompress(chunk)
        except (InvalidTag, ValueError, zlib.error) as error:
            why = "its key is another, or it" if self._is_encrypted and not self._number else "it"
            raise BackupUnreadableError(
                f"{self._path} cannot be read: {why} is damaged (chunk {self._number})"
            ) from error
        self._number += 1
        self._ended = end == b"\1"
        return plain + (self._decompressor.flush() if self._ended else b"")

    def _opened(self, end: bytes, rest: bytes) -> bytes:
        if self._cipher is not None:
            return self._cipher.decrypt(self._nonce + _LENGTH.pack(self._number), rest, end)
        chunk = rest[_LENGTH.size :]
        if _LENGTH.pack(zlib.crc32(chunk, self._number)) != rest[: _LENGTH.size]:
            raise ValueError("checksum")
        return chunk


@contextmanager
def written(path: Path, key: bytes | None) -> Iterator[tarfile.TarFile]:
    """A tar to be filled; the file is there, whole, once the block ends without an error."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("wb") as file:
            draft.chmod(0o600)
            sink = _Sink(file, key)
            with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                yield tar
            sink.finish()
            file.flush()
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def opened(path: Path, key: bytes | None) -> Iterator[tarfile.TarFile]:
    """The tar of a backup, to be read once from its beginning.

    Raises:
        BackupUnreadableError: it cannot be read, at once or in the midst of it.
    """
    try:
        with path.open("rb") as file, tarfile.open(fileobj=_Spring(path, file, key), mode="r|") as tar:
            yield tar
    except tarfile.TarError as error:
        raise BackupUnreadableError(f"{path} cannot be read: {error}") from error


def is_encrypted(path: Path) -> bool:
    """Whether reading a backup takes a key.

    Raises:
        BackupUnreadableError: it is not a backup.
    """
    with path.open("rb") as file:
        begun = file.read(len(_MARK) + 1)
    if not begun.startswith(_MARK):
        raise BackupUnreadableError(f"{path} is not a backup of Funnelwatch, or of a later release")
    return begun.endswith(_ENCRYPTED)
