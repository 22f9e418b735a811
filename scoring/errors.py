"""The errors of the core: one tree, so that a caller can say which kind it handles."""

from __future__ import annotations


class ScoringError(Exception):
    """Something given to the core cannot be used; its text says what, for the person who wrote it."""


#: what the decoding of bytes raises where they are not what they should be: JSON that is none or has other fields (``msgspec.DecodeError``
#: is a ``ValueError``), bytes that are no text, nesting without end. Whoever names one of them alone leaves a traceback to the others
UNDECODABLE = (ValueError, RecursionError)
