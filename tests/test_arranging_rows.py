"""Rows of `backproof.autodiff.primitives.arranging`, and of what the graph arranges, against XLA."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from rows import Case

N, M, K = {"n": 5}, {"n": 5, "m": 4}, {"n": 5, "m": 4, "k": 2}


def ties(random: np.random.Generator, *shapes: tuple[int, ...]) -> list[Any]:
    """Return a few values many times, both zeros, both infinities and NaN among them."""
    few = np.array([-1.5, -0.0, 0.0, 2.0, np.nan, np.inf, -np.inf])
    return [random.choice(few, shape) for shape in shapes]


def numbers_with_ties(random: np.random.Generator, *shapes: tuple[int, ...]) -> list[Any]:
    return [random.integers(-2, 3, shape) / 2 for shape in shapes]


def broadcast(shape: Any, axes: tuple[int, ...]) -> Any:
    return lambda x, y: lax.broadcast_in_dim(x, tuple(y.shape[i] for i in shape), axes)


def sum_of_squares(function: Any, **params: Any) -> Any:
    """Return the gradient of Σ y² / 2, y = function(x)."""
    return jax.grad(lambda x: jnp.sum(function(x, **params) ** 2) / 2)


def padded(value: Any, edges: Any) -> Any:
    return lambda x, *_: lax.pad(x, jnp.asarray(value, x.dtype), edges)


def signs(function: Any) -> Any:
    """Return 1 / y: a zero's sign becomes that of an infinity."""
    return lambda *x: 1 / function(*x)


# fmt: off
JOINED = [
    Case("concatenate", lambda x, y: jnp.concatenate([x, y, x]), ["n, m", "k, m"], K, ulps=0),
    Case("concatenate", lambda x, y: lax.concatenate([x, y], 2), ["2, n, 3", "2, n, 0"], N, ulps=0),
    Case("concatenate", lambda x, y, _: jnp.append(x, y), ["int[n]", "int[m]", ""], M),
    Case("concatenate", lambda x: jnp.roll(x, 2, axis=0), ["n, m"], M, ulps=0),
    Case("concatenate", jax.grad(lambda x, y: jnp.sum(jnp.concatenate([x, y]) ** 3)), ["n", "m"], M),
    Case("stack|concatenate", lambda x, y: jnp.stack([x, y], axis=1), ["n, m", "n, m"], M, ulps=0),
    Case("stack|concatenate", lambda x, y: jnp.stack([x, y]), ["", "bool[]"]),
    Case("unstack|slice|split", lambda x: jnp.unstack(x, axis=1)[1:], ["n, 3"], N, ulps=0),
    Case("tile|broadcast_in_dim", lambda x: jnp.tile(x, (2, 3)), ["n, m"], M, ulps=0),
    Case("tile|broadcast_in_dim", lambda x, y: jnp.tile(x, (y.shape[0], 1)), ["n, m", "k"], K, ulps=0),
    Case("split", lambda x: jnp.split(x, 2, axis=1), ["n, 2*m"], M, ulps=0),
    Case("split", lambda x: lax.split(x, (1, x.shape[0] - 3, 2)), ["n + 3, m"], M, ulps=0),
    Case("split", lambda x: lax.split(x, (0, 3), axis=-1), ["n, 3"], N, ulps=0),
]
PADDED = [
    Case("pad", lambda x: jnp.pad(x, ((1, 2), (0, 3))), ["n, m"], M, ulps=0),
    Case("pad", padded(7.0, ((0, 1, 0),)), ["n"], N, ulps=0),
    Case("pad", padded(-1.0, ((1, 2, 1), (0, 0, 3))), ["n, m"], M, ulps=0),
    Case("pad", padded(jnp.nan, ((-1, 2, 0), (3, -2, 1))), ["n + 1, m + 2"], M, ulps=0),
    Case("pad", padded(0.5, ((-7, 9, 0), (9, -7, 2))), ["n, 3"], N, ulps=0),
    Case("pad", padded(-0.0, ((2, 0, 3), (1, 1, 0))), ["0, n"], N, ulps=0),
    Case("pad", padded(-0.0, ((2, 0, 3), (1, 1, 0))), ["1, n"], N, ulps=0),
    Case("pad", padded(1, ((-1, 0, 1),)), ["int[n]", ""], N),
    Case("pad", padded(True, ((1, 0, 0),)), ["bool[n]", ""], N),
    Case("pad", padded(2.0, ()), [""], ulps=0),
    Case("pad", lambda x, y: lax.pad(x, y[0], ((y.shape[0], 1, 0), (0, 1 - x.shape[1], 0))), ["n, m", "k"], K, ulps=0),
    Case("pad", lambda x, y: lax.pad(x, y, ((2, 1, 1),)), ["n", ""], N, ulps=0),
    Case("pad", jax.grad(lambda x, y: jnp.sum(lax.pad(x, y, ((1, -1, 1),)) ** 3), argnums=(0, 1)), ["n", ""], N, ulps=64),  # Σ over all − Σ inside
    Case("pad", jax.grad(lambda x: jnp.sum(lax.slice(x, (1, 0), (5, 2), (2, 1)) ** 3)), ["5, 4"]),
]
CUT = [
    Case("slice", lambda x: x[:, 1:3], ["6, 5"], ulps=0),
    Case("slice", lambda x: lax.slice(x, (1, 0), (x.shape[0], x.shape[1] - 1), (2, 1)), ["n + 1, m + 1"], M, ulps=0),
    Case("slice", lambda x: lax.slice(x, (0, 2, 0), (2, 2, x.shape[2]), (1, 1, 3)), ["2, 3, n"], N, ulps=0),
    Case("slice", lambda x: lax.slice(x, (0,), x.shape), ["n"], N, ulps=0),
    Case("slice", lambda x: lax.slice(x, (), ()), [""], ulps=0),
    Case("gather", jax.grad(lambda x: jnp.sum(jnp.diff(x, axis=1) ** 2)), ["n, 6"], N),
    Case("rev", lambda x: x[:, ::-1], ["n, m"], M, ulps=0),
    Case("rev", lambda x: lax.rev(x, (0, 2)), ["n, m, k"], K, ulps=0),
    Case("rev", lambda x, _: lax.rev(x, ()), ["int[n]", ""], N),
    Case("rev", jax.grad(lambda x: jnp.sum(jnp.flip(x) ** 3)), ["n"], N),
]
COUNTED = [
    Case("iota", lambda x: jnp.arange(x.shape[0]), ["n"], N),
    Case("iota", lambda x: lax.iota(x.dtype, x.shape[0]), ["n"], N, ulps=0),
    Case("iota", lambda x: lax.broadcasted_iota(x.dtype, x.shape, 0), ["n, m, k"], K, ulps=0),
    Case("iota", lambda x: lax.broadcasted_iota(int, x.shape, 1), ["n, m, k"], K),
    Case("iota", lambda x: lax.broadcasted_iota("uint8", x.shape, 1), ["n, m"], M),
    Case("iota", lambda x: lax.broadcasted_iota("int32", (x.shape[0], 0, 2), 2), ["n"], N),
    Case("iota", lambda x: x @ jnp.eye(x.shape[1], x.shape[0], dtype=x.dtype), ["n, m"], M),
    Case("iota", lambda x: jnp.tril(x, -1) + 2 * jnp.triu(x), ["n, m"], M, ulps=0),
    Case("iota", lambda x: jnp.linspace(0, 1, 7, dtype=x.dtype) * x, [""]),
    Case("iota", lambda x, i: x * jax.nn.one_hot(i, 4, dtype=x.dtype), ["n, 4", "int[n]"], N, ulps=0),
]
SORTED = [
    Case("sort", lambda x: jnp.sort(x, axis=0), ["n, m"], M, ulps=0),
    Case("sort", lambda x: jnp.sort(x, axis=1, descending=True), ["n, m, 2"], M, ulps=0),
    Case("sort", signs(jnp.sort), ["n, 9"], N, values=ties, ulps=0),
    Case("sort", lambda x, _: jnp.sort(x, axis=0), ["int[n, 1]", ""], N),
    Case("sort", jnp.sort, ["n, 0"], N, ulps=0),
    Case("sort", lambda x, _: jnp.sort(x), ["bool[n]", ""], N),
    Case("sort", lambda x: jnp.argsort(x, axis=0), ["n, m"], {"n": 12, "m": 3}, values=ties),
    Case("sort", lambda x: jnp.argsort(x, axis=1, descending=True), ["n, m"], {"n": 3, "m": 12}, values=ties),
    Case("sort", lambda x, y: lax.sort((x, y), num_keys=2), ["n, m", "n, m"], {"n": 3, "m": 40}, values=ties, ulps=0),
    Case("sort", lambda x, y: lax.sort((x, y), dimension=0), ["int[n, m]", "n, m"], {"n": 40, "m": 2}, ulps=0),
    Case("sort", lambda x, y, z: lax.sort((x, y, z), dimension=1, num_keys=2), ["bool[2, n, 3]", "int[2, n, 3]", "2, n, 3"], {"n": 40}, ulps=0),
    Case("sort", lambda x: jnp.median(x, axis=0), ["n, m"], M),
    Case("sort", lambda x: jnp.quantile(x, 0.3), ["n"], N),
    Case("sort", sum_of_squares(jnp.sort, axis=0), ["n, m"], M, ulps=0),
    Case("sort", jax.grad(lambda x: jnp.sum(jnp.sort(x) * jnp.arange(4.0))), ["n, 4"], {"n": 30}, values=numbers_with_ties),
    Case("sort", jax.grad(lambda x: jnp.median(x)), ["n"], N),
    Case("top_k", lambda x: lax.top_k(x, 3), ["n, m + 2"], M, ulps=0),
    Case("top_k", lambda x: lax.top_k(x, 6), ["n, 6"], {"n": 40}, values=numbers_with_ties, ulps=0),
    Case("top_k", lambda x, _: lax.top_k(x, 2), ["int[7]", ""]),
    Case("top_k", lambda x: lax.top_k(x, 1), ["n, 5"], N, values=lambda random, shape: [np.array([[1, np.nan, 3, np.nan, np.inf]] * 5)], ulps=0),
    Case("top_k", jax.vmap(lambda x: lax.top_k(x, 2), 1, 1), ["n + 1, m"], M, ulps=0),
    Case("top_k", lambda x: lax.top_k(x, 0), ["n, m"], M, ulps=0),
    Case("top_k", jax.grad(lambda x: jnp.sum(lax.top_k(x, 2)[0] ** 2)), ["n, m + 2"], M, ulps=0),
]
SHAPED = [
    Case("reshape", lambda x: x.reshape(x.shape[0], -1), ["n, m, k"], K, ulps=0),
    Case("reshape", lambda x: x.reshape(2, -1, x.shape[1]), ["2*n, m"], M, ulps=0),
    Case("reshape", lambda x, _: jnp.ravel(x), ["int[n, m]", ""], M),
    Case("reshape", lambda x: x.reshape(1, 1), [""], ulps=0),
    Case("reshape", lambda x: x.T.reshape(-1).reshape(x.shape), ["n, m"], M, ulps=0),
    Case("expand_dims|broadcast_in_dim", lambda x: jnp.expand_dims(x, (0, 2)), ["n, m"], M, ulps=0),
    Case("reshape", lambda x: lax.reshape(x, (x.shape[1], x.shape[0]), dimensions=(1, 0)), ["n, m"], M, ulps=0),
    Case("reshape", jax.grad(lambda x: jnp.sum(jnp.prod(x, axis=1))), ["4, 3"]),
    Case("squeeze", lambda x: jnp.squeeze(x, (0, 2)), ["1, n, 1, m"], M, ulps=0),
    Case("squeeze", lambda x, _: jnp.squeeze(x), ["bool[1, 1]", ""]),
    Case("transpose", lambda x: jnp.transpose(x, (2, 0, 1)), ["n, m, k"], K, ulps=0),
    Case("transpose", lambda x: jnp.transpose(jnp.transpose(x, (2, 0, 1)), (1, 0, 2)), ["n, m, k"], K, ulps=0),
    Case("transpose", lambda x: jnp.swapaxes(x, 0, 2), ["n, 1, k"], K, ulps=0),
    Case("transpose", lambda x: x.T @ x, ["n, m"], M),
    Case("transpose", jax.grad(lambda x, y: jnp.sum(jnp.transpose(x, (1, 2, 0)) ** 2 * y)), ["n, m, k", "m, k, n"], K),
    Case("broadcast_in_dim", broadcast((0, 1), ()), ["", "n, m"], M, ulps=0),
    Case("broadcast_in_dim", broadcast((0, 1), (1,)), ["m", "n, m"], M, ulps=0),
    Case("broadcast_in_dim", broadcast((0, 1), (0,)), ["n", "n, m"], M, ulps=0),
    Case("broadcast_in_dim", broadcast((0, 1, 2), (0, 2)), ["n, k", "n, m, k"], K, ulps=0),
    Case("broadcast_in_dim", broadcast((0, 1, 2), (0, 1)), ["1, m", "n, m, k"], K, ulps=0),
    Case("broadcast_in_dim", broadcast((0, 1), (1,)), ["bool[n]", "m, n"], M),
    Case("broadcast_in_dim", lambda x: jnp.ones_like(x), ["n, m"], M, ulps=0),
]
# fmt: on
CASES = [*JOINED, *PADDED, *CUT, *COUNTED, *SORTED, *SHAPED]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_a_row_agrees_with_XLA(case: Case, dtype: str) -> None:
    case.check(dtype)


def test_parts_are_no_views_of_an_argument() -> None:
    x = np.arange(12.0).reshape(3, 4)
    for function in (lambda x: jnp.split(x, 2, axis=1), lambda x: jnp.unstack(x, axis=1)):
        _, parts = Case("split", function, ["n, 4"]).program().forward(x0=x)
        assert not any(np.shares_memory(part, x) for part in parts.values())
