"""Floats with all that they may be, whichever way each tie is taken.

At a tie, where a program compares equals, its derivative is a matter of choice: relu′(0) may be 0,
1, or anything between. A derived program run on `Hull` takes both ways wherever equals are
compared with a number, and its `error` says how far that may move each result.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.autodiff.bounded import Bounded
from backproof.autodiff.number_types import COMPARISONS, ORDER, Numbers

LOGICAL = (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert)


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
        plain = [self.part(x, 0) for x in inputs]
        if function is np.sign:
            return self.like(result.value, np.where(plain[0] == 0, 1.0, result.error))
        # x == y of two values asks for NaN (x != x), or where a maximum was.
        with_number = not all(isinstance(x, Numbers) for x in inputs)
        if function in ORDER or (function in COMPARISONS and with_number):
            tied = np.equal(*plain)
            return Undecided(result, tied) if np.any(tied) else result
        return result

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        if function is np.where and isinstance(inputs[0], Undecided):
            return inputs[0].chosen(*inputs[1:])
        return super().__array_function__(function, types, inputs, options)


class Undecided(Numbers):
    """Truth values, and where each might as well be the other."""

    def chosen(self, if_true: Any, if_false: Any) -> Any:
        """Return np.where(self, if_true, if_false), and where undecided all between the two."""
        truth, undecided = self.parts
        hulls = [x if isinstance(x, Bounded) else Hull(x) for x in (if_true, if_false)]
        (x, x_error), (y, y_error) = (hull.parts for hull in hulls)
        value, other = np.where(truth, x, y), np.where(truth, y, x)
        error = np.where(truth, x_error, y_error)
        wider = np.abs(value - other) / 2 + np.maximum(x_error, y_error)
        middle = (value + other) / 2  # of what is not finite, there is none
        value = np.where(undecided & np.isfinite(middle), middle, value)
        return Hull(value, np.where(undecided, wider, error))

    def astype(self, dtype: Any) -> Any:
        """0 and 1, and where undecided all between."""
        if np.dtype(dtype).kind in "fc":
            return self.chosen(np.ones((), dtype), np.zeros((), dtype))
        return self.value.astype(dtype)

    def arithmetic(self, function: Any, method: str, inputs: Any, options: Any) -> Any:
        """Keep track of what is undecided in logic; elsewhere, stand for 0 and 1."""
        if function in LOGICAL and method == "__call__":
            value = function(*(self.part(x, 0) for x in inputs))
            undecided = np.any(np.broadcast_arrays(*(self.part(x, 1) for x in inputs)), axis=0)
            return Undecided(value, undecided)
        floats = [x for x in inputs if isinstance(x, Hull)]
        dtype = floats[0].dtype if floats else np.float64
        numbers = [x.astype(dtype) if isinstance(x, Undecided) else x for x in inputs]
        return getattr(function, method)(*numbers, **options)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        if function is np.where and inputs[0] is self:
            return self.chosen(*inputs[1:])
        return super().__array_function__(function, types, inputs, options)
