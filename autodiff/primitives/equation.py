"""One equation of JAX's program, as the rows of the table see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from backproof.autodiff.expressions import Value


class Equation:
    """One equation of JAX's program, as rows see it."""

    def __init__(
        self,
        equation: Any,
        inputs: list[Value],
        function: Callable[[Any], Value],
    ) -> None:
        self.equation = equation
        self.name: str = equation.primitive.name
        self.params: dict[str, Any] = equation.params
        self.inputs = inputs
        self._function = function

    def dtype(self, result: int = 0) -> str:
        """Return the dtype of a result as it is written."""
        return dtype_text(self.equation.outvars[result].aval.dtype)

    def function(self, program: Any) -> str:
        """Return the place of a function that runs `program`."""
        self.inputs.append(self._function(program))
        return f"{{{len(self.inputs) - 1}}}"


Row = str | Callable[[Equation], str]


def dtype_text(dtype: Any) -> str:
    """Return a dtype as it is written: every float is the working one."""
    return "dtype" if dtype.kind in "fV" else f"np.{dtype.name}"


def axes_text(axes: Iterable[int]) -> str:
    """Return axes as NumPy takes them: one number, or a tuple."""
    axes = tuple(axes)
    return str(axes[0]) if len(axes) == 1 else str(axes)
