"""One finding of ``funnelwatch doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do about it (empty if nothing)."""

    level: Literal["good", "warning", "bad"]
    what: str
    found: str
    advice: str = ""
