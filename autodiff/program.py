"""JAX's derivation as a NumPy function: run it in any precision and at any size, or read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import numpy as np

from backproof.autodiff.bounded import Bounded
from backproof.autodiff.hull import Hull
from backproof.autodiff.number_types import ByRealPart
from backproof.autodiff.result import Result, bounded_of, changed, value_of
from backproof.autodiff.signature import Signature
from backproof.autodiff.sizes import shape_in_words
from backproof.autodiff.ties import Tie, Watched
from backproof.autodiff.tilted import Tilted
from backproof.autodiff.trace import Trace, made
from backproof.autodiff.writing import needed_for

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
        self.function = function
        self._traces: dict[Any, Trace] = {}
        self.per_shape = ""
        try:
            self._traces[None] = Trace(function, signature)
        except UNTRACEABLE as error:
            raise untraceable(error) from error
        except Exception as error:
            self._trace_at_some_sizes(error)
            self.per_shape = _first_line(error)

    def _trace_at_some_sizes(self, symbolic: Exception) -> None:
        """Raise what tracing raises, unless it succeeds at some sizes.

        Where it fails in the same way, the symbolic error is the one whose shapes a reader knows.
        """
        sizes = self.signature.sizes
        last = symbolic
        # Distinct sizes, so that none fits by chance: odd ones, then ones with many divisors.
        for start, step in ((7, 2), (4, 4), (12, 12)):
            for names in (sizes.names, sizes.names[::-1]):
                some = range(start, start + step * len(names), step)
                guess = dict(zip(names, some, strict=True))
                if not sizes.allow(guess):
                    continue
                try:
                    Trace(self.function, self.signature, guess)
                    return
                except Exception as error:
                    last = symbolic if type(error) is type(symbolic) else error
        shapes = [f"{x.place}: {x.kind}[{shape_in_words(x.shape)}]" for x in self.signature.leaves]
        last.add_note(f"while JAX traced the function of {', '.join(shapes)}")
        raise last

    def __call__(self, /, **arguments: Any) -> Result:
        """Return (J, values, gradients) in the arguments' dtype: any float that NumPy has.

        Raises TypeError for a wrong type or dtype, ValueError for a missing argument, a shape
        that contradicts the trace, a constraint that does not hold.
        """
        _, given, trace = self._traced(arguments)
        return trace.run(**given)

    def forward(self, /, **arguments: Any) -> tuple[Any, dict[str, Any]]:
        """Return (J, values) without derivatives, in complex numbers too.

        Complex numbers are compared by their real parts, so that (Im J)/h at an argument moved by
        i·h is the derivative: complex-step differentiation, which uses no rule of JAX's.
        """
        values, given, trace = self._traced(arguments, complex_too=True)
        if not any(value.dtype.kind == "c" for value in values.values()):
            return trace.forward(**given)[:2]
        J, marked, _ = trace.forward(**self._floats_as(ByRealPart, values))
        return changed(value_of, (J, marked, {}))[:2]

    def bounded(self, /, **arguments: Any) -> Result:
        """Return (J, values, gradients), each with its `.value` and a bound of its `.error`.

        The bound counts the roundings of the program; its arguments are taken as exact.
        """
        return self._with_errors(Bounded, arguments)

    def bounded_from_rounded(self, half_eps: float, /, **arguments: Any) -> Result:
        """Return (J, values, gradients) as `bounded` does, of arguments that are off too.

        By `half_eps` of themselves, as what was rounded to another precision is.
        """

        def rounded(value: Any) -> Bounded:
            return Bounded(value, half_eps * np.abs(value).astype(np.float64))

        return self._with_errors(rounded, arguments)

    def hull(self, /, **arguments: Any) -> Result:
        """Return (J, values, gradients) as `bounded` does, whichever way each tie is taken."""
        return self._with_errors(Hull, arguments)

    def _with_errors(
        self, type_of_number: Callable[[Any], Bounded], arguments: Mapping[str, Any]
    ) -> Result:
        values, _, trace = self._traced(arguments)
        return changed(bounded_of, trace.run(**self._floats_as(type_of_number, values)))

    def ties(self, /, **arguments: Any) -> list[Tie]:
        """Return where the program compares equals: there, its derivative is a matter of choice."""
        values, _, trace = self._traced(arguments)
        ties: list[Tie] = []
        trace.run(**self._floats_as(partial(Watched, ties=ties), values))
        return ties

    def settled(self, tilts: Callable[[Any], Any], /, **arguments: Any) -> Result:
        """Return (J, values, gradients) with every tie settled by `tilts`, made from a shape."""
        values, _, trace = self._traced(arguments)

        def tilted(value: Any) -> Tilted:
            return Tilted(value, tilts(np.shape(value)), tilts)

        return changed(value_of, trace.run(**self._floats_as(tilted, values)))

    def _floats_as(
        self, type_of_number: Callable[[Any], Any], values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the arguments as they nest, with another number type for their floats."""
        return self.signature.nested(
            {
                leaf.name: type_of_number(values[leaf.name])
                if leaf.kind == "float"
                else values[leaf.name]
                for leaf in self.signature.leaves
            }
        )

    def marks(self, sizes: Mapping[str, int] | None = None) -> dict[str, str]:
        """Return the shape of every mark; `sizes` where it is traced once for every shape."""
        values = self._trace(sizes or {}).values
        return {
            name: shape_in_words(values[name].shape) for name in sorted(values, key=made(values))
        }

    def gradient_names(self, sizes: Mapping[str, int] | None = None) -> list[str]:
        """Return the names of the gradients, each after those that it is computed from."""
        gradients = self._trace(sizes or {}).gradients
        return sorted(gradients, key=made(gradients))

    def reads(self, name: str, sizes: Mapping[str, int] | None = None) -> list[str]:
        """Return the names of the arrays that a value or a gradient is computed from."""
        trace = self._trace(sizes or {})
        everything = {"J": trace.cost, **trace.values, **trace.gradients}
        read = {value.template for value in needed_for([everything[name]])}
        return [leaf.name for leaf in self.signature.leaves if leaf.name in read]

    def idle_marks(self, sizes: Mapping[str, int] | None = None) -> set[str]:
        """Return the marks that the cost does not go through: their derivative is 0."""
        trace = self._trace(sizes or {})
        derivatives = {name: trace.gradients[f"d{name}"] for name in trace.values}
        return {name for name, dV in derivatives.items() if (dV.narrow or dV).number == 0}

    @property
    def through_xla(self) -> tuple[str, ...]:
        """The primitives that have no NumPy form and run through XLA, of what was traced."""
        external = [x for trace in self._traces.values() for x in trace.external.values()]
        return tuple(sorted({operation.primitive for operation in external}))

    @property
    def stops_gradients(self) -> bool:
        """Whether the function names values that it is not to be differentiated by."""
        return any(trace.stops_gradients for trace in self._traces.values())

    @property
    def source(self) -> str:
        """The text of a Python module that needs NumPy alone: `gradients` and what it uses."""
        if self.per_shape:
            raise ValueError(
                f"the function is traced once for every shape ({self.per_shape}), so there is no "
                "text for all: derive it with numbers for sizes."
            )
        return self._traces[None].source

    def _traced(
        self, arguments: Mapping[str, Any], complex_too: bool = False
    ) -> tuple[dict[str, Any], Mapping[str, Any], Trace]:
        """Return every array by its name, the arguments as the program takes them, the trace."""
        values = given = self.signature.flat(arguments)
        if not all(type(v) is np.ndarray and v.dtype.kind == "f" for v in given.values()):
            values = {
                leaf.name: _as_array(leaf.place, given[leaf.name]) for leaf in self.signature.leaves
            }
            if not complex_too and any(np.iscomplexobj(value) for value in values.values()):
                raise TypeError(
                    "complex arguments: only the forward pass takes them; use .forward."
                )
        sizes = self.signature.check(values)
        trace = self._trace(sizes)
        if values is not given and any(values[name] is not given[name] for name in given):
            arguments = self.signature.nested(values)
        return values, arguments, trace

    def _trace(self, sizes: Mapping[str, int]) -> Trace:
        key = tuple(sizes.values()) if self.per_shape else None
        if key not in self._traces:
            self._traces[key] = Trace(self.function, self.signature, sizes)
        return self._traces[key]


def _as_array(place: str, value: Any) -> Any:
    """Return an argument as a plain array, integers as int64, which JAX traced with."""
    if isinstance(value, (np.matrix, np.ma.MaskedArray)):
        raise TypeError(
            f"{place} is a {type(value).__name__}: expected an array; pass numpy.asarray({place})."
        )
    if isinstance(value, (np.ndarray, jax.Array)):
        value = np.asarray(value)
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "iu":
        if value.dtype == np.uint64 and np.any(np.asarray(value) > np.iinfo(np.int64).max):
            raise ValueError(f"{place} has an integer beyond int64: expected smaller ones.")
        return value.astype(np.int64, copy=False)
    return value


def untraceable(error: Exception) -> TypeError:
    """Return the error for a function that JAX traces at no size."""
    return TypeError(
        "JAX cannot trace the function, because it needs the numbers in an array: use jax.numpy "
        f"and jax.lax.cond in it. JAX says: {_first_line(error)}"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
