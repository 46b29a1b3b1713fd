"""Rows of `backproof.autodiff.primitives.indexing` against XLA."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from rows import Case

N, M, K = {"n": 5}, {"n": 5, "m": 4}, {"n": 5, "m": 4, "k": 7}
CLIP, DROP = "clip", "drop"


def inside(random: np.random.Generator, *shapes: tuple[int, ...]) -> list[Any]:
    """Return a float array, then places that exist along an axis of length 4, some of them twice."""
    first, *rest = shapes
    return [random.standard_normal(first), *(random.integers(0, 4, shape) for shape in rest)]


def outside(random: np.random.Generator, *shapes: tuple[int, ...]) -> list[Any]:
    """Return a float array, then places of which some do not exist."""
    first, *rest = shapes
    return [random.standard_normal(first), *(random.integers(-9, 10, shape) for shape in rest)]


def written(places: Any) -> Any:
    """Return a maker of an array, `places` in it, and an array to write."""

    def values(random: np.random.Generator, x: Any, starts: Any, y: Any) -> list[Any]:
        return [random.standard_normal(x), places(random, (), starts)[1], random.standard_normal(y)]

    return values


def windows(mode: str, **fill: Any) -> Any:
    """Return windows of 2 rows and 3 columns, as the second and third axis of the result."""
    numbers = lax.GatherDimensionNumbers((1, 2), (), (0, 1))
    return lambda x, starts: lax.gather(x, starts, numbers, (2, 3), mode=mode, **fill)


def batched_windows(mode: str) -> Any:
    """Return for every row and every start in it a window of 2, in front of the result."""
    numbers = lax.GatherDimensionNumbers((0,), (), (1,), (0,), (1,))
    return lambda x, starts: lax.gather(x, starts, numbers, (1, 2), mode=mode)


def writes(operation: str, mode: str, *numbers: Any) -> Any:
    numbers = lax.ScatterDimensionNumbers(*numbers)
    return lambda x, starts, y: getattr(lax, operation)(x, starts, y, numbers, mode=mode)


def at(operation: str, **how: Any) -> Any:
    return lambda x, i, y: getattr(x.at[i], operation)(y, **how)


def at_columns(operation: str, **how: Any) -> Any:
    return lambda x, i, y: getattr(x.at[:, i], operation)(y, **how)


def cross_entropy(scores: Any, labels: Any) -> Any:
    likelihoods = jax.nn.log_softmax(scores, axis=1)
    return -jnp.mean(jnp.take_along_axis(likelihoods, labels[:, None], axis=1))


def cubes(function: Any) -> Any:
    """Return the gradient of Σ y³ / 3, y = function(x, …), by x."""
    return jax.grad(lambda *operands: jnp.sum(function(*operands) ** 3) / 3)


# fmt: off
# What JAX writes these as slices where sizes are numbers, and as lookups where they are symbols.
SYMBOLIC = [
    Case("gather|slice", lambda x: x[0], ["n, m"], M, ulps=0),
    Case("gather|slice", lambda x: x[-1], ["n, m"], M, ulps=0),
    Case("gather|slice", lambda x: x[:, 2], ["n, m + 2"], M, ulps=0),
    Case("gather|slice", lambda x: x[1:-1], ["n + 2, m"], M, ulps=0),
    Case("gather|slice", lambda x: x[..., 2:], ["n, k, m + 2"], K, ulps=0),
    Case("gather|slice", lambda x: x[::2, ::-1], ["n, m"], M, ulps=0),
    Case("gather|slice", lambda x: x[1:, None, 0], ["n + 1, m"], M, ulps=0),
    Case("gather|slice", lambda x: x[0, 1], ["n, m + 1"], M, ulps=0),
    Case("scatter-add|pad", cubes(lambda x: x[1:, 0] - x[:-1, 1]), ["n + 1, m + 1"], M, ulps=8),
    Case("scatter-add|pad", cubes(lambda x: x[::2]), ["n, m"], M),
]
LOOKUPS = [
    Case("gather", lambda x, i: x[i], ["n, m", "int[]"], M, outside, ulps=0),
    Case("gather", lambda x, i: x[i], ["4, m", "int[k]"], {"m": 3, "k": 9}, outside, ulps=0),
    Case("gather", lambda x, i: x[:, i], ["n, 4", "int[k, m]"], K, outside, ulps=0),
    Case("gather", lambda x, i: x[i, 1:], ["4, n + 1", "int[k]"], {"n": 3, "k": 9}, inside, ulps=0),
    Case("gather", lambda x, i, j: x[i, j], ["4, 4", "int[k]", "int[k]"], K, inside, ulps=0),
    Case("gather", lambda x, i, j: x[i, :, j], ["4, n, 4", "int[k, 1]", "int[m]"], K, inside, ulps=0),
    Case("gather", lambda i, x: (i[jnp.array([2, 0, 2])], i > x), ["int[n]", ""], N),
    Case("gather", lambda x: jnp.diag(x @ x.T), ["n, m"], M),
    Case("gather", lambda x, i: jnp.take(x, i), ["n, m", "int[k]"], K, outside, ulps=0),
    Case("gather", lambda x, i: jnp.take(x, i, axis=1, mode=CLIP), ["n, 4", "int[k]"], K, outside, ulps=0),
    Case("gather", lambda x, i: jnp.take(x, i, axis=0, fill_value=-jnp.inf), ["4, n", "int[k, m]"], K, outside, ulps=0),
    Case("gather", lambda x, i: x.at[i].get(mode="fill", fill_value=0.1), ["4, m", "int[k]"], K, outside, ulps=0),
    Case("gather", lambda x, i: x.at[i].get(mode=CLIP), ["4, m", "int[k]"], K, outside, ulps=0),
    Case("gather", lambda x, i: x.at[:, i].get(mode="promise_in_bounds"), ["n, 4", "int[k]"], K, inside, ulps=0),
    Case("gather", lambda i, j, _: jnp.take(i, j), ["int[n]", "int[k]", ""], {"n": 2, "k": 9}),
    Case("gather", lambda i, j, _: jnp.take(i, j), ["bool[n]", "int[k]", ""], {"n": 2, "k": 9}),
    Case("gather", lambda x, i: jnp.take_along_axis(x, i, axis=1), ["n, 4", "int[n, k]"], K, outside, ulps=0),
    Case("gather", lambda x, i: jnp.take_along_axis(x, i, axis=0), ["4, m, k", "int[n, 1, k]"], K, inside, ulps=0),
    Case("gather", lambda x: jnp.take_along_axis(x, jnp.argsort(x, axis=0), axis=0), ["n, m"], M, ulps=0),
    Case("gather", jax.vmap(lambda x, i: x[i]), ["n, 4", "int[n, k]"], K, inside, ulps=0),
    Case("gather", jax.vmap(lambda x, i: x[:, i], in_axes=(2, 0), out_axes=1), ["m, 4, n", "int[n, k]"], K, inside, ulps=0),
    Case("gather", jax.vmap(jax.vmap(lambda x, i: x[i], (0, None)), (None, 0)), ["n, 4", "int[m, k]"], K, inside, ulps=0),
    Case("gather", jax.vmap(lambda x, i: lax.dynamic_slice(x, (i,), (2,))), ["n, 4", "int[n]"], {"n": 9}, outside, ulps=0),
    Case("gather", windows(CLIP), ["n + 1, m + 2", "int[k, 2]"], {"n": 3, "m": 2, "k": 12}, outside, ulps=0),
    Case("gather", windows("fill", fill_value=2.0), ["n + 1, m + 2", "int[k, 2]"], {"n": 3, "m": 2, "k": 12}, outside, ulps=0),
    Case("gather", windows("fill"), ["n + 5, m + 6", "int[0, 2]"], M, inside, ulps=0),
    Case("gather", batched_windows(CLIP), ["n, m + 1", "int[k, n, 1]"], K, outside, ulps=0),
    Case("gather", batched_windows("fill"), ["n, m + 1", "int[k, n, 1]"], K, outside, ulps=0),
]
WRITES = [
    Case("scatter", lambda x: x.at[1].set(0.5), ["n + 1, m"], M, ulps=0),
    Case("scatter", lambda x: x.at[1:, 0].set(jnp.arange(x.shape[0] - 1, dtype=x.dtype)), ["n + 1, m"], M, ulps=0),
    Case("scatter", lambda x: x.at[()].set(2), [""], ulps=0),
    Case("scatter-add", lambda x: x.at[()].add(2), [""], ulps=0),
    Case("scatter", at("set"), ["4, m", "int[k]", "k, m"], K, written(inside), ulps=0),
    Case("scatter", at("set"), ["4, m", "int[k]", "m"], K, written(outside), ulps=0),
    Case("scatter", writes("scatter", DROP, (1, 2), (), (0, 1)), ["n + 1, m + 2", "int[0, 2]", "0, 2, 3"], M, written(outside), ulps=0),
    Case("scatter", at("set", mode=CLIP), ["4, m", "int[k]", "k, m"], K, written(outside), ulps=0),
    Case("scatter", at_columns("set"), ["n, 4", "int[k]", "n, k"], K, written(outside), ulps=0),
    Case("scatter", lambda i, j, _: i.at[j].set(j), ["int[n]", "int[k]", ""], K),
    Case("scatter", lambda i, j, _: i.at[j].set(True), ["bool[n]", "int[k]", ""], K),
    Case("scatter", jax.vmap(at("set")), ["n, 4", "int[n, k]", "n, k"], K, written(outside), ulps=0),
    Case("scatter-add", at("add"), ["4, m", "int[k]", "k, m"], K, written(outside)),
    Case("scatter-add", at("add", mode=CLIP), ["4, m", "int[k]", ""], K, written(outside)),
    Case("scatter-add", at("add", mode="promise_in_bounds"), ["4, m", "int[k]", "k, m"], K, written(inside)),
    Case("scatter-add", at_columns("add"), ["n, 4", "int[k]", "n, k"], K, written(inside)),
    Case("scatter-add", lambda i, j, _: i.at[j].add(2), ["int[n]", "int[k]", ""], K),
    Case("scatter-add", lambda x, i: jax.ops.segment_sum(x, i, 3), ["n, m", "int[n]"], {"n": 9, "m": 2}, inside),
    Case("scatter-add", lambda i, x: jnp.bincount(i, length=4) * x[0], ["int[n]", "m"], M, lambda random, n, m: [random.integers(0, 5, n), np.ones(m)]),
    Case("scatter-add", jax.vmap(at("add"), in_axes=(1, 0, 0)), ["4, n", "int[n, k]", "n, k"], K, written(outside)),
    Case("scatter-sub", at("subtract"), ["4, m", "int[k]", "k, m"], K, written(outside)),
    Case("scatter-mul", at("multiply"), ["4, m", "int[k]", "k, m"], K, written(outside)),
    Case("scatter-min", at("min"), ["4, m", "int[k]", "k, m"], K, written(outside), ulps=0),
    Case("scatter-max", at("max", mode=CLIP), ["4, m", "int[k]", "k, m"], K, written(outside), ulps=0),
    Case("scatter-max", lambda x, i: jax.ops.segment_max(x, i, 5), ["n, m", "int[n]"], {"n": 9, "m": 2}, inside, ulps=0),
    *(Case(row, writes(operation, mode, (1, 2), (), (0, 1)), ["n + 1, m + 2", "int[k, 2]", "k, 2, 3"], {"n": 3, "m": 2, "k": 12}, written(outside)) for row, operation in (("scatter", "scatter"), ("scatter-add", "scatter_add"), ("scatter-mul", "scatter_mul")) for mode in (CLIP, DROP)),
    *(Case("scatter-add", writes("scatter_add", mode, (0,), (), (1,), (0,), (1,)), ["n, m + 1", "int[k, n, 1]", "2, k, n"], K, written(outside)) for mode in (CLIP, DROP)),
]
SLICES = [
    Case("dynamic_slice", lambda x, i: lax.dynamic_slice(x, (i, 0), (2, x.shape[1])), ["n + 1, m", "int[]"], M, inside, ulps=0),
    *(Case("dynamic_slice", lambda x, i, start=start: lax.dynamic_slice(x, (i + start, start), (2, 3)), ["n + 1, m + 2", "int[]"], {"n": 3, "m": 3}, inside, ulps=0) for start in (-99, -1, 1, 99)),
    Case("dynamic_slice", lambda x, i: lax.dynamic_slice_in_dim(x, i, 0, axis=1), ["n, m", "int[]"], M, inside, ulps=0),
    Case("dynamic_slice", lambda x, i: lax.dynamic_index_in_dim(x, i, keepdims=False), ["n, m", "int[]"], M, inside, ulps=0),
    *(Case("dynamic_update_slice", lambda x, i, y, start=start: lax.dynamic_update_slice(x, y, (i + start, start)), ["n + 1, m + 2", "int[]", "2, m"], M, written(inside), ulps=0) for start in (-99, -1, 0, 1, 99)),
    Case("dynamic_update_slice", lambda x, i, y: lax.dynamic_update_slice(x, y[:, :0], (i, i)), ["n, m", "int[]", "n, 2"], M, written(inside), ulps=0),
    Case("dynamic_update_slice", lambda i, x: lax.dynamic_update_slice(i, jnp.array([7]), (1,)), ["int[n]", ""], N),
]
GRADIENTS = [
    Case("scatter-add", cubes(lambda x, i: x[i]), ["4, m", "int[k]"], K, inside),
    Case("scatter-add", jax.grad(lambda x, i: x[i].sum()), ["4", "int[k]"], K, inside),
    Case("scatter-add", cubes(lambda x, i: x[:, i]), ["n, 4", "int[k, m]"], K, inside),
    Case("scatter-add", cubes(lambda x, i: jnp.take(x, i, axis=0)), ["4, m", "int[n, k]"], K, inside),
    Case("scatter-add", cubes(lambda x, i: x.at[i].get(mode="fill", fill_value=9)), ["4, m", "int[k]"], K, outside),
    Case("scatter-add", cubes(jax.vmap(lambda x, i: x[i])), ["n, 4", "int[n, k]"], K, inside),
    Case("scatter-add", cubes(batched_windows(CLIP)), ["n, m + 1", "int[k, n, 1]"], K, outside),
    Case("scatter-add", jax.grad(cross_entropy), ["n, 4", "int[n]"], {"n": 9}, inside),
    Case("scatter-add", jax.grad(lambda x, i, w: cross_entropy(jnp.tanh(x[i]) @ w, i)), ["4, m", "int[k]", "m, 4"], K, written(inside)),
    Case("scatter-add", cubes(lambda x: jnp.sort(x, axis=0) * jnp.arange(x.shape[1], dtype=x.dtype)), ["n, m"], M),
    Case("gather", jax.grad(lambda y, x, i: jnp.sum(x.at[i].set(y) ** 3)), ["3, m", "n + 4, m", "int[3]"], M, lambda random, y, x, i: [random.standard_normal(y), random.standard_normal(x), np.array([2, 0, 3])]),
    Case("gather", jax.grad(lambda y, x, i: jnp.sum(x.at[i].add(y) ** 3)), ["k, m", "4, m", "int[k]"], K, lambda random, y, x, i: [random.standard_normal(y), random.standard_normal(x), random.integers(-9, 9, i)]),
    Case("dynamic_update_slice", cubes(lambda x, i: lax.dynamic_slice(x, (i, 0), (2, x.shape[1]))), ["n + 1, m", "int[]"], M, inside),
    Case("dynamic_slice", jax.grad(lambda x, i, y: jnp.sum(lax.dynamic_update_slice(x, y, (i, i)) ** 3), argnums=(0, 2)), ["n + 1, m", "int[]", "2, 1"], M, written(inside)),
]
# fmt: on
CASES = [*SYMBOLIC, *LOOKUPS, *WRITES, *SLICES, *GRADIENTS]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_a_row_agrees_with_XLA(case: Case, dtype: str) -> None:
    case.check(dtype)


def test_writing_what_a_function_makes_of_an_entry_is_left_to_XLA() -> None:
    case = Case("scatter", lambda x, i: x.at[i].apply(jnp.sin), ["n", "int[k]"], {"n": 4, "k": 2})
    assert case.program().through_xla == ("scatter",)
    case.check("float64")


def test_a_window_at_a_fixed_place_is_written_as_a_slice() -> None:
    text = Case("gather", lambda x: (x[1:], x[:, :-1]), ["n + 1, m + 1"]).program().source
    assert "x0[1:].copy()" in text
    assert "x0[:, :m].copy()" in text
