"""An erasure that was interrupted goes on with the substitutes that it began with: rows are never written under two of them.

Until it is done, what is being replaced is in ``secrets/erasing.json``, readable by the owner alone; then it is overwritten and removed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from scoring.errors import UNDECODABLE
from streams.errors import StateError
from streams.instance.files import write_atomically


class ErasureUnfinishedError(StateError):
    """An erasure in another store was interrupted and comes first; the command line prints it."""


class ErasureNoteDamagedError(StateError):
    """What was noted of an interrupted erasure cannot be read; the command line prints it."""


class _Noted(msgspec.Struct, frozen=True):
    store_id: str
    substitutes: dict[str, str]


class UnfinishedErasure:
    """The substitutes in use."""

    def __init__(self, path: Path, store_id: str) -> None:
        self._path, self._store_id = path, store_id
        try:
            found = msgspec.json.decode(path.read_bytes(), type=_Noted) if path.exists() else None
        except UNDECODABLE as error:
            raise ErasureNoteDamagedError(
                f"{path} is damaged ({error}); take it away and run the erasure again: ids that were replaced already get other substitutes"
            ) from error
        if found is not None and found.store_id != store_id:
            raise ErasureUnfinishedError(
                f"an erasure in store {found.store_id} was interrupted; run it again first, with the same buyers ({path})"
            )
        self.was_there = found is not None
        self._substitutes = {} if found is None else found.substitutes

    def take(self, fresh: Mapping[str, str]) -> dict[str, str]:
        """The substitutes of before, and of ``fresh`` those of ids that had none; they are on the disk when this returns."""
        self._substitutes = {**fresh, **self._substitutes}
        write_atomically(self._path, msgspec.json.encode(_Noted(self._store_id, self._substitutes)))
        return self._substitutes


@contextmanager
def noted(data: Path, store_id: str) -> Iterator[UnfinishedErasure]:
    """What an interrupted erasure left; forgotten once the block ends without an error.

    Raises:
        ErasureUnfinishedError: it was another store's.
    """
    yield UnfinishedErasure(_path(data), store_id)
    forget(data)


def forget(data: Path) -> None:
    """Overwrite and remove what was noted."""
    path = _path(data)
    if not path.exists():
        return
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _path(data: Path) -> Path:
    return data / "secrets" / "erasing.json"
