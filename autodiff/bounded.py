"""Floats with a bound of their error: a derived program run on them says how far it may be off.

Running error analysis (Wilkinson; Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd
ed., §3.3): every operation adds its own rounding to the errors that its operands bring along, by
the rules of `rounding_rules`. Which way a branch goes is taken from the values: near a tie the
bound is that of the branch that was taken. What the program computes from numbers and sizes
alone, 1/m or 0.1, is taken to be off by a few roundings, unless it is a number of few digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.autodiff.number_types import COMPARISONS, Numbers
from backproof.autodiff.rounding_rules import ELEMENTARY, RULES, Operand

BOOL = np.dtype(bool)
HALF_EPS = {
    np.dtype(dtype): float(np.finfo(dtype).eps) / 2
    for dtype in (np.float16, np.float32, np.float64, np.longdouble)
}


class Bounded(Numbers):
    """Values, and for each a bound of how far it is from the number that it stands for.

    >>> third = Bounded(np.float32(1)) / Bounded(np.float32(3))
    >>> bool(abs(third.value.astype("float64") - 1 / 3) <= third.error)
    True
    """

    _operand: Operand | None = None

    def __init__(self, value: Any, error: Any = None) -> None:
        super().__init__(value, np.zeros(np.shape(value)) if error is None else error)
        if error is None:
            self._operand = Operand(*self.parts, exact=True)

    @property
    def operand(self) -> Operand:
        """The number as the rules read it."""
        if self._operand is None:
            self._operand = Operand(*self.parts)
        return self._operand

    def __setitem__(self, index: Any, new: Any) -> None:
        super().__setitem__(index, new)
        self._operand = None

    @property
    def error(self) -> Any:
        """The bound: infinite where none could be computed."""
        return np.where(np.isnan(self.parts[1]), np.inf, self.parts[1])

    def arithmetic(self, function: Any, method: str, inputs: Any, options: Any) -> Any:
        """Return the value as NumPy computes it, with the bound of its error."""
        if method == "at":
            return _in_place(function, *inputs)
        values = [x.parts[0] if isinstance(x, Numbers) else self.part(x, 0) for x in inputs]
        called = function if method == "__call__" else getattr(function, method)
        result = called(*values, **options)
        if function in COMPARISONS or getattr(result, "dtype", BOOL).kind != "f":
            return result
        rule = RULES.get(function if method == "__call__" else (function, method))
        if rule is None:
            raise TypeError(f"there is no rule for the rounding error of {function.__name__}.")
        half_eps = HALF_EPS[result.dtype]
        operands = [x if isinstance(x, str) else _operand(x, half_eps) for x in inputs]
        operand = Operand(result)
        operand.e = rule(operand, half_eps, *operands, **options)
        bounded = self.like(result, operand.e)
        bounded._operand = operand
        return bounded


def _operand(number: Any, half_eps: float) -> Operand:
    if isinstance(number, Bounded):
        return number.operand
    if isinstance(number, int):
        return Operand(number, exact=True)
    if isinstance(number, (list, tuple)):
        operands = [_operand(x, half_eps) for x in number]
        return Operand([x.x for x in operands], [x.e for x in operands])
    return Operand(number, _error_of_constant(number, half_eps))


def _error_of_constant(number: Any, half_eps: float) -> Any:
    """Return how far a number that is no argument may be off: few digits are exact."""
    size = np.abs(np.asarray(number, np.float64))
    rounded = (size.astype(np.float16) != size) & (size < np.inf)
    return np.where(rounded, ELEMENTARY * half_eps * size, 0)


def rounded_constant(number: Any) -> Bounded:
    """Return a result that depends on no argument, with a bound of its error."""
    number = np.asarray(number)
    return Bounded(number, _error_of_constant(number, HALF_EPS[number.dtype]))


def _in_place(function: Any, total: Any, index: Any, term: Any) -> None:
    """Add terms in place, each rounded once, or take the largest or smallest of them."""
    if function not in (np.add, np.maximum, np.minimum) or not isinstance(total, Bounded):
        raise TypeError(f"there is no rule for the rounding error of {function.__name__}.at.")
    value, error = total.parts[0], total.parts[1].copy()
    if function is np.add:
        sizes, terms = np.abs(value, dtype=np.float64), np.zeros(value.shape)
        np.add.at(sizes, index, np.abs(total.part(term, 0)))
        np.add.at(terms, index, 1)
        np.add.at(error, index, total.part(term, 1))
        error += terms * HALF_EPS[value.dtype] * sizes
    else:
        np.maximum.at(error, index, total.part(term, 1))
    function.at(value, index, total.part(term, 0))
    total.parts, total._operand = (value, error), None
