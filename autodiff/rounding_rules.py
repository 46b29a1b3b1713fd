"""How each operation adds to the rounding errors that its operands bring along: one rule a row.

Errors are carried through the operation's derivative, which is taken where it is steepest in the
interval that the operand may be in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

# Roundings of one operation, in halves of eps: NumPy's elementary functions are within 4 units in
# the last place, sums, products, quotients and roots are rounded correctly.
ELEMENTARY = 8


class Operand:
    """An operand in float64: its value x, |x|, and the bound e of its error.

    `exact` says that e is 0 throughout: rules may leave out what it adds, which takes time.
    """

    __slots__ = ("_size", "e", "exact", "x")

    def __init__(self, value: Any, error: Any = 0.0, *, exact: bool = False) -> None:
        self.exact = exact
        self.x = np.asarray(value, np.float64)
        self.e = error
        self._size: Any = None

    @property
    def size(self) -> Any:
        """|x|."""
        if self._size is None:
            self._size = np.abs(self.x)
        return self._size


Rule = Callable[..., Any]  # (result, half an eps, *operands, **options) → error


def _sum_of_errors(r: Operand, h: float, a: Operand, b: Operand) -> Any:
    return a.e + b.e + h * r.size


def _product(r: Operand, h: float, a: Operand, b: Operand) -> Any:
    if b.exact:
        return a.e * b.size + h * r.size
    if a.exact:
        return a.size * b.e + h * r.size
    return a.size * b.e + a.e * (b.size + b.e) + h * r.size


def _quotient(r: Operand, h: float, a: Operand, b: Operand) -> Any:
    if b.exact:
        return a.e / b.size + h * r.size
    least = np.maximum(b.size - b.e, 0)  # where it is 0, the error has no bound
    return (a.e + r.size * b.e) / least + h * r.size


# Where in its interval the derivative of an elementary function is steepest.


def _upper(a: Operand) -> Any:
    return a.x + a.e


def _lower(a: Operand) -> Any:
    return a.x - a.e


def _nearest(a: Operand) -> Any:
    return np.maximum(a.size - a.e, 0)


def _farthest(a: Operand) -> Any:
    return a.size + a.e


def _by_derivative(
    derivative: Callable[[Any], Any],
    steepest_at: Callable[[Operand], Any],
    roundings: int = ELEMENTARY,
) -> Rule:
    """Return the rule of an elementary function."""

    def rule(r: Operand, h: float, a: Operand, **_: Any) -> Any:
        steepest = derivative(steepest_at(a))
        return np.where(a.e == 0, 0, steepest * a.e) + roundings * h * r.size

    return rule


def _wave(derivative: Callable[[Any], Any]) -> Rule:
    """Return the rule of the sine or cosine: its derivative moves by no more than x does."""

    def rule(r: Operand, h: float, a: Operand, **_: Any) -> Any:
        steepest = np.minimum(np.abs(derivative(a.x)) + a.e, 1)
        return steepest * a.e + ELEMENTARY * h * r.size

    return rule


def _steepest(derivative: Callable[[Any], Any], a: Operand) -> Any:
    """Return the largest |derivative| at the ends and the middle of an operand's interval."""
    low, middle, high = (np.abs(derivative(x)) for x in (a.x - a.e, a.x, a.x + a.e))
    return np.maximum(np.maximum(low, middle), high)


def _tangent(r: Operand, h: float, a: Operand) -> Any:
    return _steepest(lambda x: 1 + np.tan(x) ** 2, a) * a.e + ELEMENTARY * h * r.size


def _power(r: Operand, h: float, a: Operand, b: Operand) -> Any:
    steepest = _steepest(lambda x: b.x * x ** (b.x - 1), a)
    of_base = np.where(a.e == 0, 0, steepest * a.e)
    of_exponent = np.where(b.e == 0, 0, r.size * np.abs(np.log(a.size)) * b.e)
    return of_base + of_exponent + ELEMENTARY * h * r.size


def _steps(function: Callable[..., Any]) -> Rule:
    """Return the rule of a step function: by so much the ends of the interval may be apart."""

    def rule(r: Operand, h: float, a: Operand, *_: Any, **__: Any) -> Any:
        return np.where(a.e > 0, function(a.x + a.e) - function(a.x - a.e), 0.0)

    return rule


def _sum_of_products(product: Callable[..., Any], terms: Any, h: float, *ab: Operand) -> Any:
    """Return the error of a sum of so many products a·b, each of them and each sum rounded."""
    a, b = ab
    if b.exact:
        return product(a.e + (terms + 1) * h * a.size, b.size)
    if a.exact:
        return product(a.size, b.e + (terms + 1) * h * b.size)
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
    **{function: _steps(function) for function in (np.floor, np.ceil, np.trunc, np.round)},
    np.sum: _sum,
    np.prod: _products(np.prod),
    np.max: _largest_error,
    np.min: _largest_error,
    np.cumsum: _partial_sums,
    np.cumprod: _products(np.cumprod),
    np.sort: _sorted,
    np.square: _by_derivative(lambda x: 2 * x, _farthest, 1),
    np.sqrt: _by_derivative(lambda x: 0.5 / np.sqrt(x), _lower, 1),
    np.cbrt: _by_derivative(lambda x: 1 / (3 * np.cbrt(x) ** 2), _nearest),
    np.exp: _by_derivative(np.exp, _upper),
    np.exp2: _by_derivative(lambda x: np.log(2) * np.exp2(x), _upper),
    np.expm1: _by_derivative(np.exp, _upper),
    np.log: _by_derivative(lambda x: 1 / np.maximum(x, 0), _lower),
    np.log1p: _by_derivative(lambda x: 1 / np.maximum(1 + x, 0), _lower),
    np.tanh: _by_derivative(lambda x: 1 / np.cosh(x) ** 2, _nearest),
    np.sinh: _by_derivative(np.cosh, _farthest),
    np.cosh: _by_derivative(np.sinh, _farthest),
    np.arcsinh: _by_derivative(lambda x: 1 / np.sqrt(1 + x**2), _nearest),
    np.arccosh: _by_derivative(lambda x: 1 / np.sqrt(x**2 - 1), _lower),
    np.arctanh: _by_derivative(lambda x: 1 / np.maximum(1 - x**2, 0), _farthest),
    np.sin: _wave(np.cos),
    np.cos: _wave(np.sin),
    np.tan: _tangent,
    np.arcsin: _by_derivative(lambda x: 1 / np.sqrt(1 - x**2), _farthest),
    np.arccos: _by_derivative(lambda x: 1 / np.sqrt(1 - x**2), _farthest),
    np.arctan: _by_derivative(lambda x: 1 / (1 + x**2), _nearest),
}
