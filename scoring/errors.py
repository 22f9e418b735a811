"""The errors of the core: one tree, so that a caller can say which kind it handles."""

from __future__ import annotations


class ScoringError(Exception):
    """Something given to the core cannot be used; its text says what, for the person who wrote it."""


#: what decoding bytes raises: broken JSON or other fields than expected (``msgspec.DecodeError`` is a ``ValueError``), bytes that are not
#: text, nesting without end. A handler that names only some of these ends in a traceback for the others
UNDECODABLE = (ValueError, RecursionError)
