"""What can go wrong with the files and figures of a backtest; apart from them, for they need a library that takes long to load."""

from __future__ import annotations

from streams.errors import InputError


class FileUnreadableError(InputError):
    """A file is not what the command takes; the text says which part of it and what was expected. The command prints it."""
