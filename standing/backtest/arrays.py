"""Columns of numbers, a row per shop and origin."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
#: Which origin, shop or run of ties a row is of, counted from 0.
Places = NDArray[np.int64]


def totals(places: Places, of_rows: Numbers, number: int) -> Numbers:
    """The sum at each of so many places."""
    found: Numbers = np.bincount(places, weights=of_rows, minlength=number)
    return found


def shares(part: Numbers, whole: Numbers, without: float = 0.0) -> Numbers:
    """Part of whole; `without` where there is no whole."""
    found: Numbers = np.divide(part, whole, out=np.full(len(part), without), where=whole > 0)
    return found
