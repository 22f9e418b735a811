"""What is wrong with a file that cannot be read at all."""

from __future__ import annotations

from streams.errors import InputError


class UnreadableExportError(InputError):
    """A file cannot be read as a table; the text says why and what to do. Nothing of it is imported."""
