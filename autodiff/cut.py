"""A derived program taken apart at its marks, so that each line can be derived by itself.

What a mark V is computed from stays; what is computed from V starts from a value that is given.
The derivative with respect to V is then derived from derivatives that are given for what V goes
into: dZ1 from dA1 and Z1, dW1 from dZ1 and X, whoever computed those.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from backproof.autodiff.dimensions import evaluated
from backproof.autodiff.program import DerivedProgram
from backproof.autodiff.result import CUT, UPSTREAM
from backproof.autodiff.signature import Signature


def cut(
    program: DerivedProgram, marks: Collection[str], sizes: Mapping[str, int] | None = None
) -> DerivedProgram:
    """Return `program` cut at these marks.

    It takes the arguments of `program`, and the marks' values and derivatives, as dicts under
    `CUT` and `UPSTREAM`. `sizes` are those of the arrays, where `program` is traced per shape.

    >>> import jax.numpy as jnp, numpy as np
    >>> from jax.ad_checkpoint import checkpoint_name
    >>> from backproof.autodiff.derive import derive
    >>> program = derive(lambda x: checkpoint_name(3 * x, "z") ** 2, {"x": ""})
    >>> given = {CUT: {"z": np.float64(5)}, UPSTREAM: {"z": np.float64(100)}}
    >>> J, values, gradients = cut(program, ["z"])(x=np.float64(2), **given)
    >>> J.item(), values["z"].item(), gradients["dz"].item(), gradients["dx"].item()
    (25.0, 6.0, 10.0, 300.0)
    """
    at = sizes if program.per_shape else None
    shapes = dict(program.signature.shapes)
    if at is not None:
        shapes = _with_numbers(shapes, at)
    of_marks = {name: program.marks(at)[name] for name in marks}
    shapes |= {CUT: of_marks, UPSTREAM: of_marks} if of_marks else {}
    constraints = () if at is not None else program.signature.constraints
    return DerivedProgram(program.function, Signature(shapes, constraints))


def _with_numbers(shapes: Any, sizes: Mapping[str, int]) -> Any:
    """Return nested shapes with numbers for their dimensions: "n, m" becomes "3, 4"."""
    if isinstance(shapes, Mapping):
        return {key: _with_numbers(inner, sizes) for key, inner in shapes.items()}
    if isinstance(shapes, (list, tuple)):
        built = [_with_numbers(inner, sizes) for inner in shapes]
        return type(shapes)(*built) if hasattr(shapes, "_fields") else type(shapes)(built)
    kind, bracket, text = shapes.rpartition("[")
    text = text.rstrip("] ,")
    numbers = evaluated(f"({text},)", sizes) if text else ()
    return f"{kind}{bracket}{', '.join(map(str, numbers))}{']' if bracket else ''}"
