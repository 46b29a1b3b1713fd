"""Floats with a bound of their error: a derived program run on them says how far it may be off.

Running error analysis (Wilkinson; Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd
ed., §3.3): every operation adds its own rounding to the errors that its operands bring along,
carried through its derivative, which is taken where it is steepest among the ends and the middle
of the interval. Which way a branch goes is taken from the values: near a tie the bound is that of
the branch that was taken. What the program computes from numbers and sizes alone, 1/m or 0.1, is
taken to be off by a few roundings, unless it is a number of few digits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from backproof.autodiff.number_types import COMPARISONS, Numbers

# Roundings of one operation, in halves of eps: NumPy's elementary functions are within 4 units in
# the last place, sums, products, quotients and roots are rounded correctly.
ELEMENTARY = 8
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

    def __init__(self, value: Any, error: Any = None) -> None:
        super().__init__(value, np.zeros(np.shape(value)) if error is None else error)

    @property
    def error(self) -> Any:
        """The bound: infinite where none could be computed."""
        return np.where(np.isnan(self.parts[1]), np.inf, self.parts[1])

    def arithmetic(self, function: Any, method: str, inputs: Any, options: Any) -> Any:
        """Return the value as NumPy computes it, with the bound of its error."""
        if method == "at":
            return _in_place(function, *inputs)
        values = [x.parts[0] if isinstance(x, Numbers) else self.part(x, 0) for x in inputs]
        result = getattr(function, method)(*values, **options)
        if function in COMPARISONS or np.asarray(result).dtype.kind != "f":
            return result
        rule = RULES.get(function if method == "__call__" else (function, method))
        if rule is None:
            raise TypeError(f"there is no rule for the rounding error of {function.__name__}.")
        half_eps = HALF_EPS[result.dtype]
        operands = [x if isinstance(x, str) else _operand(x, half_eps) for x in inputs]
        error = rule(Operand(result), half_eps, *operands, **options)
        return self.like(result, error)


class Operand:
    """An operand in float64: its value x, |x|, and the bound e of its error."""

    __slots__ = ("_size", "e", "x")

    def __init__(self, value: Any, error: Any = 0.0) -> None:
        self.x = np.asarray(value, np.float64)
        self.e = error
        self._size: Any = None

    @property
    def size(self) -> Any:
        """|x|."""
        if self._size is None:
            self._size = np.abs(self.x)
        return self._size


def _operand(number: Any, half_eps: float) -> Operand:
    if isinstance(number, Bounded):
        return Operand(*number.parts)
    if isinstance(number, int):
        return Operand(number)
    if isinstance(number, (list, tuple)):
        operands = [_operand(x, half_eps) for x in number]
        return Operand([x.x for x in operands], [x.e for x in operands])
    return Operand(number, _error_of_constant(number, half_eps))


def _error_of_constant(number: Any, half_eps: float) -> Any:
    """Return how far a number that is no argument may be off: few digits are exact."""
    number = np.asarray(number, np.float64)
    exact = (number.astype(np.float16) == number) | ~np.isfinite(number)
    return np.where(exact, 0, ELEMENTARY * half_eps * np.abs(number))


def rounded_constant(number: Any) -> Bounded:
    """Return a result that depends on no argument, with a bound of its error."""
    number = np.asarray(number)
    return Bounded(number, _error_of_constant(number, HALF_EPS[number.dtype]))


Rule = Callable[..., Any]  # (result, half an eps, *operands, **options) → error


def _sum_of_errors(r: Operand, h: float, a: Operand, b: Operand) -> Any:
    return a.e + b.e + h * r.size


def _product(r: Operand, h: float, a: Operand, b: Operand) -> Any:
    return a.size * b.e + a.e * (b.size + b.e) + h * r.size


def _quotient(r: Operand, h: float, a: Operand, b: Operand) -> Any:
    least = np.maximum(b.size - b.e, 0)  # where it is 0, the error has no bound
    return (a.e + r.size * b.e) / least + h * r.size


def _by_derivative(derivative: Callable[[Any], Any], roundings: int = ELEMENTARY) -> Rule:
    """Return the rule of an elementary function."""

    def rule(r: Operand, h: float, a: Operand, **_: Any) -> Any:
        steepest = _steepest(derivative, a)
        return np.where(a.e == 0, 0, steepest * a.e) + roundings * h * r.size

    return rule


def _steepest(derivative: Callable[[Any], Any], a: Operand) -> Any:
    """Return the largest |derivative| at the ends and the middle of an operand's interval."""
    low, middle, high = (np.abs(derivative(x)) for x in (a.x - a.e, a.x, a.x + a.e))
    return np.maximum(np.maximum(low, middle), high)


def _power(r: Operand, h: float, a: Operand, b: Operand) -> Any:
    steepest = _steepest(lambda x: b.x * x ** (b.x - 1), a)
    of_base = np.where(a.e == 0, 0, steepest * a.e)
    of_exponent = np.where(b.e == 0, 0, r.size * np.abs(np.log(a.size)) * b.e)
    return of_base + of_exponent + ELEMENTARY * h * r.size


def _steps(r: Operand, h: float, a: Operand, *_: Any, **__: Any) -> Any:
    """Where rounding may take the operand over a step, the result is off by up to a step."""
    return np.where((np.floor(a.x - a.e) != np.floor(a.x + a.e)) & (a.e > 0), 1.0, 0.0)


def _sum_of_products(product: Callable[..., Any], terms: Any, h: float, *ab: Operand) -> Any:
    """Return the error of a sum of so many products a·b, each of them and each sum rounded."""
    a, b = ab
    return product(a.size, b.e + (terms + 1) * h * b.size) + product(a.e, b.size + b.e)


def _matrix_product(r: Operand, h: float, a: Operand, b: Operand) -> Any:
    return _sum_of_products(np.matmul, a.x.shape[-1], h, a, b)


def _einsum(r: Operand, h: float, subscripts: str, a: Operand, b: Operand) -> Any:
    product = partial(np.einsum, subscripts)
    terms = np.max(product(np.ones_like(a.x), np.ones_like(b.x)), initial=0)
    return _sum_of_products(product, terms, h, a, b)


def _sum(r: Operand, h: float, a: Operand, **options: Any) -> Any:
    terms = a.x.size / max(r.x.size, 1)
    return np.sum(a.e + terms * h * a.size, **options)


def _partial_sums(r: Operand, h: float, a: Operand, **options: Any) -> Any:
    terms = np.cumsum(np.ones_like(a.x), **options)
    return np.cumsum(a.e, **options) + terms * h * np.cumsum(a.size, **options)


def _products(function: Callable[..., Any]) -> Rule:
    """Return the rule of a product, or of all partial products."""

    def rule(r: Operand, h: float, a: Operand, **options: Any) -> Any:
        most = function(a.size + a.e, **options)
        return most - function(a.size, **options) + a.x.size * h * most

    return rule


def _largest_error(r: Operand, h: float, a: Operand, **options: Any) -> Any:
    return np.max(a.e, **options)


def _sorted(r: Operand, h: float, a: Operand, axis: int = -1, **_: Any) -> Any:
    return np.broadcast_to(np.max(a.e, axis=axis, keepdims=True, initial=0), a.x.shape)


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
    total.parts = (value, error)


RULES: dict[Any, Rule] = {
    np.add: _sum_of_errors,
    np.subtract: _sum_of_errors,
    np.multiply: _product,
    np.divide: _quotient,
    np.power: _power,
    np.matmul: _matrix_product,
    np.einsum: _einsum,
    np.maximum: lambda r, h, a, b: np.maximum(a.e, b.e),
    np.minimum: lambda r, h, a, b: np.maximum(a.e, b.e),
    np.negative: lambda r, h, a: a.e,
    np.absolute: lambda r, h, a: a.e,
    np.real: lambda r, h, a: a.e,
    np.sign: lambda r, h, a: np.where((a.size <= a.e) & (a.e > 0), 2.0, 0.0),
    np.arctan2: lambda r, h, y, x: (
        (x.size * y.e + y.size * x.e) / (x.x**2 + y.x**2) + ELEMENTARY * h * r.size
    ),
    np.fmod: lambda r, h, a, b: a.e + np.abs(np.trunc(a.x / b.x)) * b.e,
    **dict.fromkeys((np.floor, np.ceil, np.trunc, np.round), _steps),
    np.sum: _sum,
    np.prod: _products(np.prod),
    np.max: _largest_error,
    np.min: _largest_error,
    np.cumsum: _partial_sums,
    np.cumprod: _products(np.cumprod),
    np.sort: _sorted,
    np.square: _by_derivative(lambda x: 2 * x, 1),
    np.sqrt: _by_derivative(lambda x: 0.5 / np.sqrt(x), 1),
    np.cbrt: _by_derivative(lambda x: 1 / (3 * np.cbrt(x) ** 2)),
    np.exp: _by_derivative(np.exp),
    np.exp2: _by_derivative(lambda x: np.log(2) * np.exp2(x)),
    np.expm1: _by_derivative(np.exp),
    np.log: _by_derivative(lambda x: 1 / np.maximum(x, 0)),
    np.log1p: _by_derivative(lambda x: 1 / np.maximum(1 + x, 0)),
    np.tanh: _by_derivative(lambda x: 1 / np.cosh(x) ** 2),
    np.sinh: _by_derivative(np.cosh),
    np.cosh: _by_derivative(np.sinh),
    np.arcsinh: _by_derivative(lambda x: 1 / np.sqrt(1 + x**2)),
    np.arccosh: _by_derivative(lambda x: 1 / np.sqrt(x**2 - 1)),
    np.arctanh: _by_derivative(lambda x: 1 / (1 - x**2)),
    np.sin: _by_derivative(np.cos),
    np.cos: _by_derivative(np.sin),
    np.tan: _by_derivative(lambda x: 1 + np.tan(x) ** 2),
    np.arcsin: _by_derivative(lambda x: 1 / np.sqrt(1 - x**2)),
    np.arccos: _by_derivative(lambda x: 1 / np.sqrt(1 - x**2)),
    np.arctan: _by_derivative(lambda x: 1 / (1 + x**2)),
}
