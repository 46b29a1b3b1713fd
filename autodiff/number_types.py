"""Arrays of other number types, which a derived program runs on as it does on NumPy's own.

They follow NumPy's protocols (NEP 13 for ufuncs, NEP 18 for functions), so that the program and
its operations are written once, against NumPy. `ByRealPart` serves complex-step differentiation;
`bounded.Bounded` carries a bound of its error, `hull.Hull` all that choices at ties may make of it;
`ties.Watched` notes ties, `tilted.Tilted` settles them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# Functions that only arrange entries, and which of their arguments hold numbers.
ARRANGING: dict[Callable[..., Any], tuple[int, ...]] = {
    np.where: (1, 2),
    np.full_like: (0, 1),
    **dict.fromkeys(
        (
            np.broadcast_to,
            np.concatenate,
            np.expand_dims,
            np.flip,
            np.moveaxis,
            np.pad,
            np.reshape,
            np.split,
            np.squeeze,
            np.stack,
            np.swapaxes,
            np.take,
            np.take_along_axis,
            np.tile,
            np.transpose,
            np.tril,
            np.zeros_like,
        ),
        (0,),
    ),
}
ORDER = (np.less, np.less_equal, np.greater, np.greater_equal)
COMPARISONS = {np.equal, np.not_equal, *ORDER}


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, **options: self.arithmetic(function, "__call__", (self,), options)


def _operators(function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return a binary operator and its mirror image, without the way through NumPy's dispatch."""
    return (
        lambda self, other: self.arithmetic(function, "__call__", (self, other), {}),
        lambda self, other: self.arithmetic(function, "__call__", (other, self), {}),
    )


class Numbers(NDArrayOperatorsMixin):
    """An array of numbers that have several `parts`, each a NumPy array; the first, the value.

    What only arranges entries is done to every part; a subclass says in `arithmetic` what all
    else is. Beside a number of the subclass's kind, a plain one has 0 for its other parts.
    """

    operands: Any = ()  # of a maximum or minimum, where a subclass asks for them

    def __init__(self, *parts: Any) -> None:
        self.parts: tuple[Any, ...] = tuple(map(np.asarray, parts))

    value = property(lambda self: self.parts[0])
    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    T = property(lambda self: self.like(*(part.T for part in self.parts)))
    __add__, __radd__ = _operators(np.add)
    __sub__, __rsub__ = _operators(np.subtract)
    __mul__, __rmul__ = _operators(np.multiply)
    __truediv__, __rtruediv__ = _operators(np.divide)
    __matmul__, __rmatmul__ = _operators(np.matmul)
    __neg__ = _method(np.negative)
    sum, prod = _method(np.sum), _method(np.prod)
    max, min = _method(np.max), _method(np.min)

    def like(self, *parts: Any) -> Any:
        """Return numbers of the same type made of these parts."""
        made = object.__new__(type(self))
        made.parts = parts
        return made

    def part(self, number: Any, i: int) -> Any:
        """Return part `i` of an operand, which may be a plain number, or a list of operands."""
        if isinstance(number, Numbers):
            return number.parts[i]
        if isinstance(number, (list, tuple)):
            return type(number)(self.part(one, i) for one in number)
        if i == 0:
            return number
        return 0 if isinstance(number, (int, float, np.generic)) else np.zeros_like(number)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, index: Any) -> Any:
        return self.like(*(part[index] for part in self.parts))

    def __setitem__(self, index: Any, new: Any) -> None:
        for i, part in enumerate(self.parts):
            part[index] = self.part(new, i)

    def reshape(self, *shape: Any) -> Any:
        """The same numbers in another shape."""
        return self.like(*(part.reshape(*shape) for part in self.parts))

    def copy(self) -> Any:
        """The same numbers in memory of their own."""
        return self.like(*(part.copy() for part in self.parts))

    def astype(self, dtype: Any) -> Any:
        """The same numbers where a float is asked for, else their values as integers or bools."""
        return self if np.dtype(dtype).kind in "fc" else self.value.real.astype(dtype)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(f"{type(self).__name__} is more than an array of numbers: use .value.")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return self.arithmetic(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, _: Any, inputs: Any, options: Any) -> Any:
        if function not in ARRANGING:
            return self.arithmetic(function, "__call__", inputs, options)
        results = []
        for i in range(len(self.parts)):
            given = [
                self.part(x, i) if place in ARRANGING[function] else x
                for place, x in enumerate(inputs)
            ]
            named = {
                k: self.part(x, i) if k == "constant_values" else x for k, x in options.items()
            }
            results.append(function(*given, **named))
        if isinstance(results[0], (list, tuple)):
            return [self.like(*parts) for parts in zip(*results, strict=True)]
        return self.like(*results)

    def arithmetic(self, function: Any, method: str, inputs: Any, options: Any) -> Any:
        """Return what `function`, or that method of a ufunc, makes of these numbers."""
        inputs = [self.part(x, 0) for x in inputs]
        result = getattr(function, method)(*inputs, **options)
        return self.like(result) if np.asarray(result).dtype.kind in "fc" else result


class ByRealPart(Numbers):
    """Complex numbers, compared by their real parts; |z| is z or −z.

    So a program of real functions becomes the analytic one that complex-step differentiation
    needs. NumPy's own order of complex numbers looks at the imaginary part where the real ones
    are equal, and its |z| is the distance from 0. Constants beside them are real.
    """

    dtype = property(lambda self: self.value.real.dtype)

    def arithmetic(self, function: Any, method: str, inputs: Any, options: Any) -> Any:
        """Apply NumPy's function, or what stands for it here."""
        inputs = [self.part(x, 0) for x in inputs]
        if function in COMPARISONS or function is np.signbit:
            return function(*map(np.real, inputs), **options)
        if function in ANALYTIC and method == "__call__":
            return self.like(ANALYTIC[function](*inputs))
        return super().arithmetic(function, method, inputs, options)


def _analytic(real: Callable[..., Any], *derivatives: Callable[..., Any]) -> Callable[..., Any]:
    """Return f(x) + i·f′(x)·y for z = x + iy: all that an infinitely small y leaves."""

    def applied(*inputs: Any) -> Any:
        x = [np.real(z) for z in inputs]
        y = sum(of(*x) * np.imag(z) for of, z in zip(derivatives, inputs, strict=True))
        return real(*x) + 1j * y

    return applied


# What NumPy does not have for complex numbers, or does otherwise.
ANALYTIC: dict[Any, Callable[..., Any]] = {
    np.absolute: _analytic(np.abs, np.sign),
    np.sign: _analytic(np.sign, np.zeros_like),
    np.floor: _analytic(np.floor, np.zeros_like),
    np.ceil: _analytic(np.ceil, np.zeros_like),
    np.trunc: _analytic(np.trunc, np.zeros_like),
    np.round: _analytic(np.round, np.zeros_like),
    np.log1p: _analytic(np.log1p, lambda x: 1 / (1 + x)),  # NumPy's loses digits near 0
    np.cbrt: _analytic(np.cbrt, lambda x: 1 / (3 * np.cbrt(x) ** 2)),
    np.fmod: _analytic(np.fmod, lambda x, y: 1.0, lambda x, y: -np.trunc(x / y)),
    np.arctan2: _analytic(
        np.arctan2, lambda y, x: x / (x**2 + y**2), lambda y, x: -y / (x**2 + y**2)
    ),
}
