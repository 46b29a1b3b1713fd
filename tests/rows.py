"""Holds a row of the table of primitives against XLA: the same JAX function, run by both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from backproof.autodiff.program import DerivedProgram
from backproof.autodiff.signature import Signature


class Case(NamedTuple):
    """A JAX function of arrays that uses the primitive `row`.

    `shapes` as `derive` takes them, one for each operand, with numbers or symbolic sizes;
    `sizes` gives the latter. `ulps` is how many roundings of the largest entry the two may
    differ by; 0 demands the same bits, but for NaN. `values` makes an operand from a shape.
    """

    row: str
    function: Callable[..., Any]
    shapes: tuple[str, ...]
    sizes: dict[str, int] = {}
    ulps: float = 4
    values: Callable[..., Any] | None = None


def program_of(case: Case) -> DerivedProgram:
    """Return the case's function as a program whose values are its results."""

    def run(**operands: Any) -> Any:
        results = jax.tree.leaves(case.function(*operands.values()))
        return 0.0 * jax.numpy.ones(()), {f"y{i}": y for i, y in enumerate(results)}, {}

    return DerivedProgram(run, Signature({f"x{i}": text for i, text in enumerate(case.shapes)}))
