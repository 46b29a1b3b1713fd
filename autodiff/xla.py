"""XLA, with its least effort, and one operation run by it: for primitives without a row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import jax
import numpy as np

from backproof.autodiff.dimensions import Size, evaluated, names_in

FLOATS = {np.dtype("float32"), np.dtype("float64")}
LEAST_EFFORT = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}


@cache
def least_effort() -> dict[str, Any]:
    """Return options of `jax.jit` for what is run once: compiling is what costs then.

    There are none where XLA no longer knows them all.
    """
    try:
        jax.jit(lambda: 0.0, compiler_options=LEAST_EFFORT).lower().compile()
    except jax.errors.JaxRuntimeError:
        return {}
    return LEAST_EFFORT


class ThroughXLA:
    """One equation of JAX's program, run by XLA in float64 on float32 or float64 arrays."""

    def __init__(self, equation: Any) -> None:
        self.primitive: str = equation.primitive.name
        self._equation = equation
        sizes = [size for param in equation.params.values() for size in _sizes(param)]
        self.dimensions: set[str] = set().union(*(names_in(str(size)) for size in sizes))

    def __call__(self, *operands: Any, **sizes: int) -> Any:
        """Return the result as NumPy arrays: floats in the dtype of the float operands.

        Raises TypeError for a number type that XLA does not have.
        """
        floats = {operand.dtype for operand in operands if operand.dtype.kind in "fc"}
        foreign = {str(dtype) for dtype in floats - FLOATS}
        foreign |= {
            type(x).__name__ for x in operands if not isinstance(x, (np.ndarray, np.generic))
        }
        if foreign:
            raise TypeError(
                f"{self.primitive} has no NumPy form and runs through XLA, which has no "
                f"{' and no '.join(sorted(foreign))}: pass float32 or float64."
            )
        params = {name: _at(param, sizes) for name, param in self._equation.params.items()}
        working = floats.pop() if floats else np.dtype("float64")
        with jax.enable_x64(True), jax.default_device(jax.local_devices(backend="cpu")[0]):
            wide = [
                np.asarray(operand, variable.aval.dtype)
                for operand, variable in zip(operands, self._equation.invars, strict=True)
            ]
            bind = partial(self._equation.primitive.bind, **params)
            run = jax.jit(bind, compiler_options=least_effort())
            results = jax.tree.map(np.asarray, run(*wide))
        narrowed = [
            result.astype(working) if result.dtype.kind == "f" else result
            for result in jax.tree.leaves(results)
        ]
        return narrowed if self._equation.primitive.multiple_results else narrowed[0]


def _sizes(param: Any) -> list[Size]:
    """Return the symbolic sizes in a parameter."""
    if isinstance(param, (tuple, list)):
        return [size for part in param for size in _sizes(part)]
    return [param] if jax.export.is_symbolic_dim(param) else []


def _at(param: Any, sizes: Mapping[str, int]) -> Any:
    """Return a parameter with numbers for its symbolic sizes."""
    if isinstance(param, (tuple, list)) and _sizes(param):
        return type(param)(_at(part, sizes) for part in param)
    return evaluated(str(param), sizes) if jax.export.is_symbolic_dim(param) else param
