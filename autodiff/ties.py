"""Where a derived program compares equals: there, its derivative is a matter of choice."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from backproof.autodiff.number_types import ORDER, Numbers


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
        tied: Any = np.False_
        # x == y of two values asks for NaN (x != x), or where a maximum was: no tie by itself.
        with_number = not all(isinstance(x, Watched) for x in inputs)
        compares = function in ORDER or (function in (np.equal, np.not_equal) and with_number)
        if compares or (function in (np.maximum, np.minimum) and method == "__call__"):
            tied = np.equal(*plain)
        elif function in (np.absolute, np.sign):
            tied = plain[0] == 0
        elif function in (np.max, np.min):
            extreme = function(plain[0], **{**options, "keepdims": True})
            equals = plain[0] == extreme
            tied = equals & (np.sum(equals, axis=options.get("axis"), keepdims=True) > 1)
        elif function is np.sort:
            along = np.moveaxis(np.sort(*plain, **options), options.get("axis", -1), -1)
            tied = along[..., 1:] == along[..., :-1]
        if np.any(tied):
            self.ties.append(Tie(function.__name__, tied))
        return super().arithmetic(function, method, inputs, options)
