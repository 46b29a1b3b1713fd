"""Rows of `backproof.autodiff.primitives.reductions` against XLA."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from rows import Case

from backproof.autodiff.operations.arranging import cumulative_logsumexp

N, M, K = {"n": 5}, {"n": 5, "m": 4}, {"n": 5, "m": 4, "k": 2}
INFINITE = np.array([[1, np.inf, -np.inf], [-np.inf, -np.inf, -np.inf], [2, np.nan, 3]])


def ties(random: np.random.Generator, *shapes: tuple[int, ...]) -> list[Any]:
    """Return a few values many times, both infinities and NaN among them."""
    few = np.array([-1.5, 0.0, 2.0, 2.5, np.nan, np.inf, -np.inf])
    return [random.choice(few, shape) for shape in shapes]


def infinite(random: np.random.Generator, *shapes: tuple[int, ...]) -> list[Any]:
    return [INFINITE for _ in shapes]


def far_apart(random: np.random.Generator, *shapes: tuple[int, ...]) -> list[Any]:
    return [random.standard_normal(shape) * 300 for shape in shapes]


def reduced(name: str, axes: tuple[int, ...]) -> Any:
    """Return a reduction of JAX's own, of the first operand."""
    return lambda x, *_: getattr(lax, name)(x, axes)


# fmt: off
REDUCED = [
    Case("reduce_sum", lambda x: jnp.sum(x, axis=1), ["n, m"], {"n": 3, "m": 4}),
    Case("reduce_sum", lambda x: jnp.sum(x, axis=(0, 2), keepdims=True), ["n, m, k"], {"n": 3, "m": 4, "k": 2}),
    Case("reduce_sum", jnp.sum, ["0, 3"]),
    Case("reduce_sum", lambda x, _: jnp.sum(x, axis=0, dtype="int32"), ["int[n, m]", ""], M),
    Case("reduce_sum", lambda x: jnp.mean(x, axis=(0, 1)), ["n, m, k"], K),
    Case("reduce_sum", lambda x: jnp.var(x, axis=0), ["n, m"], M, ulps=8),
    Case("reduce_max", lambda x: jnp.max(x, axis=0), ["n, 1"], {"n": 3}, ulps=0),
    Case("reduce_max", lambda x: jnp.max(x, axis=(0, 2)), ["n, m, k"], K, values=ties, ulps=0),
    Case("reduce_max", lambda x, _: jnp.max(x), ["int[n, m]", ""], M),
    Case("reduce_max", jax.grad(lambda x: jnp.sum(jnp.max(x, axis=0))), ["n, 40"], N, values=lambda random, shape: [random.integers(0, 3, shape) / 2]),
    Case("reduce_min", lambda x: jnp.min(x), ["n, m"], {"n": 3, "m": 2}, ulps=0),
    Case("reduce_min", lambda x: jnp.min(x, axis=1), ["n, m"], M, values=ties, ulps=0),
    Case("reduce_min", jax.grad(lambda x: jnp.sum(jnp.min(x, axis=1) ** 2)), ["n, m"], M),
    Case("reduce_prod", lambda x: jnp.prod(x, axis=-1), ["n, m"], {"n": 3, "m": 5}),
    Case("reduce_and", lambda x: jnp.all(x > 0, axis=0), ["n, m"], {"n": 2, "m": 5}),
    Case("reduce_and", reduced("reduce_and", (0,)), ["int[n, m]", ""], M),
    Case("reduce_or", lambda x: jnp.any(x > 0, axis=0), ["n, m"], {"n": 2, "m": 5}),
    Case("reduce_or", reduced("reduce_or", (0, 1)), ["int[n, m]", ""], M),
    Case("reduce_xor", reduced("reduce_xor", (1,)), ["int[n, m]", ""], M),
    Case("reduce_xor", reduced("reduce_xor", (0, 2)), ["bool[n, m, k]", ""], K),
]
EXTREMES = [
    Case("argmax", lambda x: jnp.argmax(x, axis=0), ["n, m"], M),
    Case("argmax", lambda x: jnp.argmax(x), ["n, m"], M),
    Case("argmax", lambda x: jnp.argmax(x, axis=1), ["n, m"], {"n": 30, "m": 9}, values=ties),
    Case("argmax", lambda x: lax.argmax(x, 1, "int32"), ["n, m, 1"], M),
    Case("argmax", lambda x, _: jnp.argmax(x, axis=0), ["bool[n, m]", ""], M),
    Case("argmin", lambda x: jnp.argmin(x, axis=-1, keepdims=True), ["n, m"], M),
    Case("argmin", lambda x: jnp.argmin(x, axis=0), ["n, m"], {"n": 9, "m": 30}, values=ties),
    Case("argmin", lambda x: lax.argmin(x, 0, "uint8"), ["n"], N),
    Case("argmin", lambda x, _: jnp.argmin(x), ["int[n, 1]", ""], N),
]
RUNNING = [
    Case("cumsum", lambda x: jnp.cumsum(x, axis=0), ["n, m"], M),
    Case("cumsum", lambda x: lax.cumsum(x, 1, reverse=True), ["n, m, k"], K),
    Case("cumsum", lambda x: jnp.cumsum(x), ["n, m"], M, ulps=8),
    Case("cumsum", lambda x: lax.cumsum(x, 1), ["n, 0"], N, ulps=0),
    Case("cumsum", lambda x, _: jnp.cumsum(x, dtype="int32"), ["int[n]", ""], N),
    Case("cumsum", jax.grad(lambda x: jnp.sum(jnp.cumsum(x, axis=0) ** 2)), ["n, m"], M, ulps=8),
    Case("cumsum", jax.grad(lambda x: jnp.sum(lax.cumsum(x, 1, reverse=True) ** 3)), ["n, m"], M, ulps=8),
    Case("cumprod", lambda x: jnp.cumprod(x, axis=1), ["n, m"], M),
    Case("cumprod", lambda x: lax.cumprod(x, 0, reverse=True), ["n, m"], M),
    Case("cumprod", lambda x: jax.value_and_grad(lambda x: jnp.sum(jnp.cumprod(x, axis=1)))(x), ["n, 6"], N, ulps=8),
    Case("cummax", lambda x: lax.cummax(x, 0), ["n, m"], M, ulps=0),
    Case("cummax", lambda x: lax.cummax(x, 1, reverse=True), ["n, m"], {"n": 20, "m": 7}, values=ties, ulps=0),
    Case("cummin", lambda x: lax.cummin(x, 1), ["n, m"], {"n": 20, "m": 7}, values=ties, ulps=0),
    Case("cummin", lambda x, _: lax.cummin(x, 0, reverse=True), ["int[n]", ""], N),
    Case("cumlogsumexp", lambda x: lax.cumlogsumexp(x, 0), ["n, m"], {"n": 13, "m": 2}),
    Case("cumlogsumexp", lambda x: lax.cumlogsumexp(x, 1, reverse=True), ["n, m"], M, values=far_apart),
    Case("cumlogsumexp", lambda x: lax.cumlogsumexp(x, 1), ["3, 3"], values=infinite),
    Case("cumlogsumexp", lambda x: lax.cumlogsumexp(x, 1, reverse=True), ["3, 3"], values=infinite),
    Case("cumlogsumexp", lambda x: lax.cumlogsumexp(x, 0), ["1"], ulps=0),
]
# JAX derives these along an axis of a known size only, by slices, pads and sums.
DERIVED_IN_STEPS = [
    Case("pad", jax.grad(lambda x: jnp.sum(jnp.prod(x, axis=0))), ["4, 3"], ulps=8),
    Case("pad", jax.grad(lambda x: jnp.sum(jnp.cumprod(x, axis=1))), ["n, 6"], N, ulps=8),
    Case("pad", jax.grad(lambda x: jnp.sum(lax.cummax(x, 1) ** 2)), ["n, 4"], N),
    Case("pad", jax.grad(lambda x: jnp.sum(lax.cummin(x, 1, reverse=True) ** 2)), ["n, 4"], N),
    Case("pad", jax.grad(lambda x: jnp.sum(lax.cumlogsumexp(x, 1) ** 2)), ["n, 5"], N, ulps=8),
]
COMPOSED = [
    Case("reduce_max", lambda x: jax.nn.logsumexp(x, axis=0), ["n, m"], M),
    Case("reduce_max", lambda x: jax.nn.logsumexp(x, axis=1), ["3, 3"], values=infinite),
    Case("reduce_max", lambda x: jax.nn.logsumexp(x), ["n, m"], M, values=far_apart),
    Case("reduce_max", lambda x, b: jax.nn.logsumexp(x, axis=1, b=b, keepdims=True), ["n, m", "m"], M, values=lambda random, *shapes: [random.random(shape) for shape in shapes]),
    Case("reduce_max", lambda x: jax.nn.softmax(x, axis=0), ["n, m"], M),
    Case("reduce_max", lambda x: jax.nn.softmax(x, axis=-1), ["n, m, k"], K, values=far_apart),
    Case("reduce_max", lambda x: jax.nn.log_softmax(x), ["n, m"], M, values=far_apart),
    Case("reduce_max", jax.grad(lambda x: jax.nn.logsumexp(x)), ["n, m"], M),
    Case("reduce_max", jax.grad(lambda x: jnp.sum(jax.nn.softmax(x, axis=0) ** 2)), ["n, m"], M, ulps=8),
    Case("reduce_max", jax.grad(lambda x: jnp.sum(jax.nn.log_softmax(x)[:, 0])), ["n, m"], M),
]
# fmt: on
CASES = [*REDUCED, *EXTREMES, *RUNNING, *DERIVED_IN_STEPS, *COMPOSED]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_a_row_agrees_with_XLA(case: Case, dtype: str) -> None:
    case.check(dtype)


@pytest.mark.parametrize("dtype", ["longdouble", "complex128"])
def test_running_sums_of_exponentials_in_other_numbers(dtype: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 11)).astype(dtype)
    x = x + 1j * x[::-1] if x.dtype.kind == "c" else x
    y = cumulative_logsumexp(x, 1)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(
        np.exp(y), np.cumsum(np.exp(x), axis=1), rtol=20 * np.finfo(x.dtype).eps
    )
