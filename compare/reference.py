"""Autodiff's side of a pair: its loss derived once, cut at marks, or compiled by XLA."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import jax
import numpy as np

from backproof.autodiff.cut import cut
from backproof.autodiff.derive import NoScalar, chosen, declared_shapes, derive
from backproof.autodiff.program import DerivedProgram
from backproof.autodiff.result import CUT, UPSTREAM
from backproof.autodiff.signature import Signature
from backproof.autodiff.xla import least_effort
from backproof.compare.layer import as_loss, check_upstream, output_shapes


class Reference:
    """A loss in JAX, its gradients with respect to `wrt`, and all that it marks.

    `upstream` names the derivatives that a layer, which returns arrays, is given for them: the
    loss is then Σ dY ∗ Y, and Y is marked. With `per_example`, derivatives of whatever has that
    dimension are per example: so many times those of the cost.
    """

    def __init__(
        self,
        loss: Callable[..., Any],
        shapes: Mapping[str, Any] | None,
        wrt: Sequence[str] | str | None,
        constraints: Sequence[str],
        upstream: Sequence[str],
        per_example: str,
    ) -> None:
        self.upstream, self.per_example = upstream, per_example
        shapes = declared_shapes(loss, shapes, also=upstream)
        if upstream:
            check_upstream(loss, shapes, upstream)
            inferred = output_shapes(loss, shapes, constraints, upstream)
            shapes |= {name: shapes.pop(name, inferred.get(name)) for name in upstream}
            floats = [leaf for leaf in Signature(shapes).leaves if leaf.kind == "float"]
            of_layer = [leaf.name for leaf in floats if leaf.path[0] not in upstream]
            wrt = of_layer if wrt is None else wrt
            loss = as_loss(loss, upstream)
        try:
            self._derived = derive(loss, shapes, wrt, constraints)
        except NoScalar as error:
            layer = "or pass upstream='dY', if it is a layer, which returns arrays."
            raise NoScalar(f"{str(error).rstrip('.')}; {layer}") from None
        signature = self._derived.signature
        self.wrt = chosen(signature, wrt)
        sides = {str(size) for leaf in signature.leaves for size in leaf.shape}
        if per_example and per_example not in sides & {*signature.sizes.names}:
            raise ValueError(
                f"per_example={per_example!r}: no argument has such a side; expected one of "
                f"{', '.join(name for name in signature.sizes.names if name in sides)}."
            )
        self.program = self._derived
        if per_example:
            self.program = DerivedProgram(self._gradients, signature)
        self._cuts: dict[Any, DerivedProgram] = {}
        self.quantities: dict[Any, Any] = {}  # what a hand-derived side may return, by shape

    @cached_property
    def of_examples(self) -> set[str]:
        """The arguments and marks with a side for examples, whose derivatives are per example."""
        if not self.per_example:
            return set()
        if self._derived.per_shape:
            raise ValueError(
                f"per_example={self.per_example!r}: JAX traces this loss once for every shape "
                f"({self._derived.per_shape}); leave it out, and return derivatives of the cost."
            )
        shapes = {leaf.name: [*map(str, leaf.shape)] for leaf in self._derived.signature.leaves}
        shapes |= {name: text.split(", ") for name, text in self._derived.marks().items()}
        return {name for name, sides in shapes.items() if self.per_example in sides}

    def _gradients(self, **arguments: Any) -> Any:
        """Derive as `derive` does, with derivatives of what has examples per example."""
        signature = self._derived.signature
        values = signature.flat({k: v for k, v in arguments.items() if k not in (CUT, UPSTREAM)})
        m = next(
            size
            for leaf in signature.leaves
            for size, declared in zip(values[leaf.name].shape, leaf.shape, strict=True)
            if str(declared) == self.per_example
        )
        if UPSTREAM in arguments:
            arguments[UPSTREAM] = {
                name: dV / m if name in self.of_examples else dV
                for name, dV in arguments[UPSTREAM].items()
            }
        J, marked, gradients = self._derived.function(**arguments)
        idle = self._derived.idle_marks()  # zeros, and to be known as zeros
        per_example = {f"d{name}" for name in self.of_examples - idle}
        return J, marked, {n: m * d if n in per_example else d for n, d in gradients.items()}

    def cut(self, marks: Collection[str], sizes: Mapping[str, int]) -> DerivedProgram:
        """Return the program cut at these marks, derived when it is first asked for."""
        key = (frozenset(marks), tuple(sizes.items()) if self.program.per_shape else ())
        if key not in self._cuts:
            self._cuts[key] = cut(self.program, sorted(marks), sizes)
        return self._cuts[key]

    @cached_property
    def _compiled(self) -> Any:
        def run(values: dict[str, Any]) -> Any:
            return self.program.function(**self.program.signature.nested(values))

        return jax.jit(run, compiler_options=least_effort())

    def by_xla(self, arguments: Mapping[str, Any], dtype: Any = np.float64) -> Any:
        """Return (J, values, gradients) as XLA computes them."""
        values = self.program.signature.flat(arguments)
        with jax.enable_x64(True), jax.default_device(jax.local_devices(backend="cpu")[0]):
            floats = {leaf.name for leaf in self.program.signature.leaves if leaf.kind == "float"}
            wide = {n: np.asarray(V, dtype) if n in floats else V for n, V in values.items()}
            return jax.tree.map(np.asarray, self._compiled(wide))
