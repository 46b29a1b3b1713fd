"""JAX's derivation as a NumPy function: run it in any precision and at any size, or read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax

from backproof.autodiff.signature import Signature
from backproof.autodiff.trace import Trace

Result = tuple[Any, dict[str, Any], dict[str, Any]]
UNTRACEABLE = (jax.errors.JAXTypeError, jax.errors.UnexpectedTracerError)


class DerivedProgram:
    """A cost and its derivatives, traced once by JAX and replayed by NumPy.

    `function` takes the arguments of `signature` by name and returns (J, values, gradients) as
    `backproof.autodiff.derivatives.value_and_gradients` does. JAX traces it in float64, once for
    all sizes. Where that fails (a Python branch on a size, padding that needs a number) it is
    traced once for every shape, and `per_shape` says why.
    """

    def __init__(self, function: Callable[..., Any], signature: Signature) -> None:
        self.signature = signature
        self._function = function
        self._traces: dict[Any, Trace] = {}
        self.per_shape = ""
        try:
            self._traces[None] = Trace(function, signature)
        except UNTRACEABLE as error:
            raise TypeError(
                "JAX cannot trace the function, because it needs the numbers in an array: use "
                f"jax.numpy and jax.lax.cond in it. JAX says: {_first_line(error)}"
            ) from error
        except Exception as error:
            self._trace_at_some_sizes()
            self.per_shape = _first_line(error)

    def _trace_at_some_sizes(self) -> None:
        """Raise what tracing raises, unless it succeeds at some sizes."""
        names = self.signature.sizes.names
        for sizes in ([7 + 2 * i for i in range(len(names))], *([n] * len(names) for n in (4, 8, 12))):
            try:
                Trace(self._function, self.signature, dict(zip(names, sizes, strict=True)))
                return
            except Exception as error:
                first = error
        raise first

    def __call__(self, **arguments: Any) -> Result:
        """Return (J, values, gradients) in the arguments' dtype: any float that NumPy has.

        Raises TypeError for a wrong type or dtype, ValueError for a missing argument, a shape
        that contradicts the trace, a constraint that does not hold.
        """
        values, trace = self._traced(arguments)
        for leaf in self.signature.leaves:
            if values[leaf.name].dtype.kind == "c":
                raise TypeError(
                    f"{leaf.place} is complex: only the forward pass is, use program.forward."
                )
        return trace.run(**arguments)

    def forward(self, **arguments: Any) -> tuple[Any, dict[str, Any]]:
        """Return (J, values), in complex numbers too."""
        return self._traced(arguments)[1].forward(**arguments)

    @property
    def source(self) -> str:
        """The text of a Python module that needs NumPy alone: `gradients` and what it uses."""
        if self.per_shape:
            raise ValueError(
                f"the function is traced once for every shape ({self.per_shape}), so there is no "
                "text for all: derive it with numbers for sizes."
            )
        return self._traces[None].source

    def _traced(self, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], Trace]:
        values = self.signature.flat(arguments)
        sizes = self.signature.check(values)
        key = tuple(sizes.values()) if self.per_shape else None
        if key not in self._traces:
            self._traces[key] = Trace(self._function, self.signature, sizes)
        return values, self._traces[key]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
