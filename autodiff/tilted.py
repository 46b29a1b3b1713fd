"""Floats that settle every tie: each entry is tilted, and where it meets its equal, that decides.

A tilt is infinitely small: it changes no value, and tells equals apart wherever a program compares
them, takes the larger of them, or asks for the sign of 0, each time the same way. So one run of a
derived program makes one of the choices that its derivative has at ties; another tilt, another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.autodiff.number_types import COMPARISONS, Numbers

LARGER = {np.maximum: np.greater_equal, np.minimum: np.less_equal}
# What each looks for, and what is none of it.
EXTREMES: dict[Any, tuple[Callable[..., Any], float]] = {
    **dict.fromkeys((np.max, np.argmax), (np.max, -np.inf)),
    **dict.fromkeys((np.min, np.argmin), (np.min, np.inf)),
}


class Tilted(Numbers):
    """Floats and their tilts; `tilts` makes those of a result from its shape.

    >>> x = Tilted(np.zeros(2), np.array([-1, 1]), np.ones)
    >>> x > 0, np.maximum(x, 0) == x
    (array([False,  True]), array([False,  True]))
    """

    def __init__(self, value: Any, tilt: Any, tilts: Callable[[Any], Any]) -> None:
        super().__init__(value, tilt)
        self.tilts = tilts

    def like(self, value: Any, tilt: Any = None) -> Any:
        """Return floats with tilts of their own, unless these are given."""
        return Tilted(value, self.tilts(np.shape(value)) if tilt is None else tilt, self.tilts)

    def arithmetic(self, function: Any, method: str, inputs: Any, options: Any) -> Any:
        """Apply NumPy's function, and settle ties."""
        plain, tilts = ([self.part(x, i) for x in inputs] for i in (0, 1))
        if method == "__call__" and function in COMPARISONS:
            tied = np.equal(*plain) & np.isfinite(plain[0])
            return np.where(tied, function(*tilts), function(*plain))
        if method == "__call__" and function in LARGER:
            tied, larger = np.equal(*plain), LARGER[function]
            first = np.where(tied, larger(*tilts), larger(*plain))
            return self.like(function(*plain), np.where(first, *tilts))
        if function in EXTREMES:
            extreme, none = EXTREMES[function]
            largest = extreme(plain[0], axis=options.get("axis"), keepdims=True)
            found = function(np.where(plain[0] == largest, tilts[0], none), **options)
            of_places = function in (np.argmax, np.argmin)
            return found if of_places else self.like(function(*plain, **options), found)
        if method == "__call__" and function in (np.absolute, np.sign):
            sign = np.sign(np.where(plain[0] == 0, tilts[0], plain[0]))
            value = sign.astype(self.dtype) if function is np.sign else np.abs(plain[0])
            return self.like(value, sign * tilts[0])
        if method == "__call__" and function in (np.add, np.subtract, np.negative):
            return self.like(function(*plain), function(*tilts))
        return super().arithmetic(function, method, inputs, options)
