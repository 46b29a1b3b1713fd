"""Floats with all that they may be, whichever way each tie is taken.

At a tie, where a program compares equals, its derivative is a matter of choice: relu′(0) may be 0,
1, or anything between. A derived program run on `Hull` takes both ways wherever equals are
compared with a number, and its `error` says how far that may move each result.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from backproof.autodiff.bounded import Bounded
from backproof.autodiff.number_types import COMPARISONS, Numbers
from backproof.autodiff.ties import meets_equals

LOGICAL = {np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.equal, np.not_equal}


class Hull(Bounded):
    """A bounded float whose comparisons may be undecided.

    >>> x = Hull(np.array([-1.0, 0.0, 2.0]))
    >>> either = np.where(x >= 0, 4 * np.ones(3), np.zeros(3))
    >>> either.value, either.error.round(9)
    (array([0., 2., 4.]), array([0., 2., 0.]))
    """

    def arithmetic(self, function: Any, method: str, inputs: Any, options: Any) -> Any:
        """Apply NumPy's function; a comparison of equals is undecided, and so is sign(0)."""
        inputs = [x.astype(self.dtype) if isinstance(x, Undecided) else x for x in inputs]
        result = super().arithmetic(function, method, inputs, options)
        if function is np.sign:
            zero = self.part(inputs[0], 0) == 0
            return self.like(result.value, np.where(zero, 1.0, result.error))
        if function in COMPARISONS:
            tied = meets_equals(function, inputs)
            return Undecided(result, tied) if np.any(tied) else result
        if function in (np.maximum, np.minimum) and method == "__call__":
            result.operands = inputs
        return result


class Undecided(Numbers):
    """Truth values, and where each might as well be the other."""

    def chosen(self, if_true: Any, if_false: Any) -> Any:
        """Return np.where(self, if_true, if_false), and where undecided all between the two."""
        truth, undecided = self.parts
        sides = [
            x.astype(np.float64) if isinstance(x, Undecided) else x for x in (if_true, if_false)
        ]
        x, y = (self.part(side, 0) for side in sides)
        x_error, y_error = (self.part(side, 1) for side in sides)
        value, error = np.where(truth, x, y), np.where(truth, x_error, y_error)
        dtype = value.dtype if value.dtype.kind == "f" else np.float64
        with np.errstate(invalid="ignore"):  # of infinities there is no middle
            low, high = np.minimum(x - x_error, y - y_error), np.maximum(x + x_error, y + y_error)
            middle = ((low + high) / 2).astype(dtype)
            wider = np.maximum(high - middle, middle - low)
        value = np.where(undecided & np.isfinite(middle), middle, value)
        return Hull(value, np.where(undecided, wider, error))

    def astype(self, dtype: Any) -> Any:
        """0 and 1, and where undecided all between."""
        if np.dtype(dtype).kind in "fc":
            return self.chosen(np.ones((), dtype), np.zeros((), dtype))
        return self if np.dtype(dtype).kind == "b" else self.value.astype(dtype)

    def arithmetic(self, function: Any, method: str, inputs: Any, options: Any) -> Any:
        """Keep track of what is undecided in logic; elsewhere, stand for 0 and 1."""
        floats = [x for x in inputs if isinstance(x, Hull)]
        if function in LOGICAL and method == "__call__" and not floats:
            ways = [
                (x.parts[0], x.parts[0] ^ x.parts[1]) if isinstance(x, Undecided) else (x,)
                for x in inputs
            ]
            value, *others = (function(*some) for some in product(*ways))
            return Undecided(value, np.any([value != other for other in others], axis=0))
        dtype = floats[0].dtype if floats else np.float64
        numbers = [x.astype(dtype) if isinstance(x, Undecided) else x for x in inputs]
        return getattr(function, method)(*numbers, **options)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        if function is np.where and inputs[0] is self:
            return self.chosen(*inputs[1:])
        return super().__array_function__(function, types, inputs, options)
