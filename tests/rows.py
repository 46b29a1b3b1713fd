"""Holds a row of the table of primitives against XLA: the same JAX function, run by both."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from backproof.autodiff.program import DerivedProgram
from backproof.autodiff.signature import Signature
from backproof.autodiff.xla import least_effort

PROGRAMS: dict[int, DerivedProgram] = {}


class Case(NamedTuple):
    """A JAX function of arrays that runs the primitive `row`.

    `shapes` are texts as `derive` takes them ("n, m", "int[n]"), one for each operand, and `sizes`
    the sizes they are run at. `values` makes the operands, (random, *shapes) → float64, int64 and
    bool arrays; without it floats are standard normal and integers from −5 to 5. `ulps` is by how
    many roundings of the largest entry the two sides may differ; 0 demands equal entries.
    """

    row: str
    function: Callable[..., Any]
    shapes: Sequence[str]
    sizes: Mapping[str, int] = MappingProxyType({})
    values: Callable[..., Sequence[Any]] | None = None
    ulps: float = 4

    def program(self) -> DerivedProgram:
        """Return the function as a program whose values are its results; traced once."""
        if id(self) in PROGRAMS:
            return PROGRAMS[id(self)]

        def run(**operands: Any) -> Any:
            results = jax.tree.leaves(self.function(*operands.values()))
            return jnp.zeros(()), {f"y{i}": y for i, y in enumerate(results)}, {}

        named = {f"x{i}": text for i, text in enumerate(self.shapes)}
        return PROGRAMS.setdefault(id(self), DerivedProgram(run, Signature(named)))

    def operands(self, program: DerivedProgram, dtype: str) -> dict[str, Any]:
        """Return operands, floats in `dtype` and representable in float32."""
        random = np.random.default_rng(len(self.row))
        specs = program.signature.specs(self.sizes)
        if self.values is not None:
            made = [np.asarray(x) for x in self.values(random, *(spec.shape for spec in specs))]
        else:
            made = [_drawn(random, spec) for spec in specs]
        return {
            f"x{i}": x.astype(np.float32).astype(dtype) if x.dtype.kind == "f" else x
            for i, x in enumerate(made)
        }

    def check(self, dtype: str) -> None:
        """Run the case by NumPy and by XLA, and compare."""
        program = self.program()
        assert not program.per_shape, program.per_shape
        operands = self.operands(program, dtype)
        before = {name: x.copy() for name, x in operands.items()}
        _, values = program.forward(**operands)
        for name, x in before.items():
            assert np.array_equal(x, operands[name], equal_nan=x.dtype.kind == "f"), "was mutated"
        with jax.enable_x64(True):
            traced = str(jax.make_jaxpr(self.function)(*program.signature.specs()))
            assert re.search(rf"\b{self.row}\b", traced), f"{self.row} is not in {traced}"
            expected = jax.tree.leaves(
                jax.jit(self.function, compiler_options=least_effort())(*operands.values())
            )
        assert len(expected) == len(values)
        for i, theirs in enumerate(expected):
            _compare(np.asarray(values[f"y{i}"]), np.asarray(theirs), self.ulps)


def _drawn(random: np.random.Generator, spec: Any) -> Any:
    if spec.dtype.kind == "f":
        return random.standard_normal(spec.shape)
    integers = random.integers(-5, 6, spec.shape)
    return integers > 0 if spec.dtype.kind == "b" else integers


def _compare(mine: Any, theirs: Any, ulps: float) -> None:
    assert mine.shape == theirs.shape
    assert mine.dtype == theirs.dtype
    if mine.dtype.kind != "f":
        np.testing.assert_array_equal(mine, theirs)
        return
    finite = np.isfinite(theirs)
    np.testing.assert_array_equal(mine[~finite], theirs[~finite])
    info = np.finfo(mine.dtype)
    scale = max(float(np.max(np.abs(theirs[finite]), initial=0)), float(info.tiny))
    difference = np.max(np.abs(mine[finite].astype(float) - theirs[finite]), initial=0)
    assert difference <= ulps * float(info.eps) * scale, (
        difference / scale / float(info.eps),
        mine,
        theirs,
    )
