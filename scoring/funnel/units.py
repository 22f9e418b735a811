"""Lengths of time in milliseconds and the array types that the core computes with, said once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
#: counts and moments
Ints = NDArray[np.int64]
#: positions in other arrays
Places = NDArray[np.intp]
