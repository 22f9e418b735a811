"""The errors of the core: one tree, so that a caller can say which kind it handles."""

from __future__ import annotations


class ScoringError(Exception):
    """Something given to the core cannot be used; its text says what, for the person who wrote it."""
