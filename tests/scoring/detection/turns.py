"""The turns of an alert's life without those that only say that more is lost by now."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def said_apart(said: Iterable[T]) -> list[T]:
    """What was said, each once where it was said several times after another."""
    return [one for one, _ in itertools.groupby(said)]
