"""Where a derived program compares equals: there, its derivative is a matter of choice."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from backproof.autodiff.number_types import COMPARISONS, ORDER, Numbers

EXTREMES = {np.max: np.max, np.min: np.min, np.argmax: np.max, np.argmin: np.min}


class Tie(NamedTuple):
    """An operation that met equals, where its derivative is a matter of choice, and the places."""

    operation: str
    places: Any


class Watched(Numbers):
    """Floats that note every tie: max of equals, comparison with equality, |0|, equals sorted."""

    def __init__(self, value: Any, ties: list[Tie]) -> None:
        super().__init__(value)
        self.ties = ties

    def like(self, value: Any) -> Any:
        """Return floats that note their ties in the same place."""
        return Watched(value, self.ties)

    def arithmetic(self, function: Any, method: str, inputs: Any, options: Any) -> Any:
        """Apply NumPy's function, and note ties."""
        plain = [self.part(x, 0) for x in inputs]
        tied: Any = None
        of_two = function in (np.maximum, np.minimum) and method == "__call__"
        if function in COMPARISONS:
            tied = meets_equals(function, inputs)
        elif of_two:
            tied = np.equal(*plain)
        elif function in (np.absolute, np.sign):
            tied = plain[0] == 0
        elif function in EXTREMES:
            extreme = EXTREMES[function](plain[0], axis=options.get("axis"), keepdims=True)
            equals = plain[0] == extreme
            tied = equals & (np.sum(equals, axis=options.get("axis"), keepdims=True) > 1)
        elif function in (np.sort, np.argsort, np.lexsort):
            keys = plain[0] if function is np.lexsort else plain[:1]
            axis = options.get("axis", -1)
            along = np.moveaxis(np.sort(keys[-1], axis=axis), axis, -1)
            tied = along[..., 1:] == along[..., :-1]
        if tied is not None and np.any(tied):
            self.ties.append(Tie(function.__name__, tied))
        result = getattr(function, method)(*plain, **options)
        if np.asarray(result).dtype.kind not in "fc":
            return result
        watched = self.like(result)
        if of_two:
            watched.operands = inputs
        return watched


def meets_equals(function: Any, inputs: Any) -> Any:
    """Return where a comparison meets equals whose derivative is a matter of choice.

    x == y of two values asks for NaN (x != x). But x == max(x, y) asks which of the two it was,
    as does y == max(x, y): a matter of choice where x is y.
    """
    plain = [x.value if isinstance(x, Numbers) else x for x in inputs]
    for extreme, other in (inputs, inputs[::-1]):
        operands = getattr(extreme, "operands", ())
        if any(_is_same(other, x) for x in operands):
            x, y = (x.value if isinstance(x, Numbers) else x for x in operands)
            return np.equal(*plain) & np.equal(x, y)
    with_number = not all(isinstance(x, Numbers) for x in inputs)
    return np.equal(*plain) if function in ORDER or with_number else np.False_


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, Numbers) or isinstance(other, Numbers):
        return one is other
    return np.array_equal(one, other)
