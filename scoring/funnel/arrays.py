"""The array types that the core computes with, said once. Apart from ``units``, which texts and commands need without numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
#: counts and moments
Ints = NDArray[np.int64]
#: positions in other arrays
Places = NDArray[np.intp]
