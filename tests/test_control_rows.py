"""Rows of `backproof.autodiff.primitives.control` against XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from rows import Case

from backproof.autodiff.derive import derive

SIZES = {"n": 3, "m": 4, "t": 5}


def total(xs: jax.Array) -> Any:
    """Return the running sums, and what is larger than the sum before it, and where."""
    start = jnp.zeros(xs.shape[1:], xs.dtype)

    def step(carry: Any, x: Any) -> Any:
        count, before = carry
        return (count + 1, before + x), (before, x > before, count)

    return lax.scan(step, (0, start), xs)


def recurrent(W: jax.Array, U: jax.Array, X: jax.Array) -> Any:
    """Return the states of h ← tanh(W h + U x)."""
    start = jnp.zeros(W.shape[:1], W.dtype)
    return lax.scan(lambda h, x: 2 * (jnp.tanh(W @ h + U @ x),), start, X)[1]


def gated(W: jax.Array, U: jax.Array, X: jax.Array) -> Any:
    """Return the last state of a recurrence with one gate, from the last input to the first."""

    def step(h: Any, x: Any) -> Any:
        z = jax.nn.sigmoid(U @ x)
        return (1 - z) * h + z * jnp.tanh(W @ (z * h) + U @ x), None

    return lax.scan(step, jnp.zeros(W.shape[:1], W.dtype), X, reverse=True)[0]


def nested(x: jax.Array, y: jax.Array) -> Any:
    """Return a scan over a scan that uses the outer one's entry and a constant of both."""

    def outer(c: Any, row: Any) -> Any:
        inner = lax.scan(lambda d, e: (jnp.sin(d + e) * y[0], d * e), c, row)
        return inner[0], inner[1]

    return lax.scan(outer, y[1], x)


def newton(x: jax.Array) -> Any:
    """Return the square roots, by iterations until they do not change, and how many."""

    def body(state: Any) -> Any:
        i, _, root = state
        new = (root + x / root) / 2
        return i + 1, jnp.max(jnp.abs(new - root)) > 1e-3, new

    return lax.while_loop(lambda state: state[1] & (state[0] < 50), body, (0, True, x))


def positive(random: Any, *shapes: Any) -> list[Any]:
    """Return operands above 0."""
    return [random.uniform(0.5, 3, shape) for shape in shapes]


def gradient(function: Callable[..., Any], place: int) -> Callable[..., Any]:
    """Return the gradient through a function with respect to one operand."""

    def of(*operands: Any) -> Any:
        value, pull = jax.vjp(function, *operands)
        return pull(jax.tree.map(jnp.tanh, value))[place]

    return of


# XLA's float32 tanh is off by several roundings, and a recurrence adds them up.
CASES = [
    Case("empty2", jax.grad(lambda x: lax.cond(x[0] > 0, lambda x: jnp.sum(jnp.sin(x)), lambda x: jnp.sum(x * x), x)), ["n"], {"n": 4}),
    Case("scan", total, ["t, n"], SIZES),
    Case("scan", total, ["t"], SIZES),
    Case("scan", total, ["0, n"], {"n": 2}, ulps=0),
    Case("scan", total, ["t, 0"], SIZES, ulps=0),
    Case("scan", total, ["6, 2"]),
    Case("scan", lambda x: lax.scan(lambda c, x: (c * x, c), jnp.ones((), x.dtype), x, reverse=True), ["t"], SIZES),
    Case("scan", lambda x: lax.scan(lambda c, _: (c / 2, c), x, None, length=3), ["n"], SIZES, ulps=0),
    Case("scan", lambda x, y: lax.scan(lambda c, xy: (c + xy[0] @ xy[1], None), x[0, 0], (x, y))[0], ["t, n", "t, n"], SIZES),
    Case("scan", lambda x: lax.scan(lambda c, x: (x, c), False, x > 0), ["t"], SIZES),
    Case("scan", lambda x: lax.scan(lambda c, x: (c + 1, (True, 3, jnp.int32(4), 0.5 * x)), 0, x), ["t"], SIZES),
    Case("scan", lambda x: lax.scan(lambda c, x: (7, c), 1, x), ["t"], SIZES, ulps=0),
    Case("scan", lambda i, x: (x, lax.scan(lambda c, i: (c + i, c.astype(jnp.int32)), jnp.sum(i), i, reverse=True)), ["int[t]", "n"], SIZES),
    Case("scan", lambda x: lax.scan(lambda c, x: ((c[1], c[0] + x), x.shape[0] * c[0]), (x[0], x[1]), x), ["t, n"], SIZES),
    Case("scan", lambda x: lax.scan(lambda c, x: (c + x, x), x[0], x)[1], ["t, n"], SIZES, ulps=0),
    Case("scan", recurrent, ["n, n", "n, m", "t, m"], SIZES, ulps=16),
    Case("scan", gradient(recurrent, 2), ["n, n", "n, m", "t, m"], SIZES, ulps=64),
    Case("scan", gradient(gated, 0), ["n, n", "n, m", "t, m"], SIZES, ulps=64),
    Case("scan", gradient(gated, 1), ["n, n", "n, m", "t, m"], {"n": 2, "m": 1, "t": 1}),
    Case("scan", gradient(lambda x: lax.scan(lambda c, x: (c * x, c * x), jnp.ones((), x.dtype), x)[1], 0), ["t"], SIZES, ulps=8),
    Case("scan", nested, ["t, n", "2"], SIZES, ulps=16),
    Case("scan", gradient(nested, 1), ["t, n", "2"], SIZES, ulps=64),
    Case("scan", jax.vmap(recurrent, (None, None, 0)), ["n, n", "n, m", "2, t, m"], SIZES, ulps=16),
    Case("scan", jax.grad(lambda x: jnp.sum(jax.checkpoint(lambda x: lax.scan(lambda c, x: 2 * (jnp.sin(c * x),), x[0], x)[1])(x))), ["5"], ulps=8),
    Case("scan", lambda x: lax.fori_loop(0, 5, lambda i, c: jnp.sin(c) + i, x), ["n"], SIZES),
    Case("scan", jax.grad(lambda x: jnp.sum(lax.fori_loop(0, 5, lambda i, c: jnp.sin(c) + i, x))), ["n"], SIZES, ulps=8),
    Case("while", lambda x: lax.fori_loop(0, x.shape[0], lambda i, c: c / 2 + i * x, x), ["n"], SIZES),
    Case("while", lambda k, x: lax.fori_loop(1, k[0], lambda i, c: c * x, x), ["int[1]", "n"], SIZES, lambda *_: [np.array([4]), np.array([0.5, -2, 3])]),
    Case("while", lambda k, x: lax.fori_loop(1, k[0], lambda i, c: c * x, x), ["int[1]", "n"], SIZES, lambda *_: [np.array([-4]), np.array([0.5, -2, 3])], 0),
    Case("while", newton, ["n"], SIZES, positive),
    Case("while", lambda x: lax.while_loop(lambda c: c[0] < c[1], lambda c: (c[0] + 1, c[1], c[2] * x), (0, 3, x)), ["n"], SIZES),
    Case("while", lambda x: lax.while_loop(lambda c: c[0], lambda c: (False, c[1] + 1), (True, x)), ["n"], SIZES),
    Case("while", lambda x: lax.while_loop(lambda c: jnp.logical_not(c[0]), lambda c: (c[1], jnp.logical_not(c[0]), 3, x), (False, True, 2, -x)), ["n"], SIZES),
    Case("while", jax.vmap(lambda x: lax.while_loop(lambda c: c < 3, lambda c: 2 * c, x)), ["n"], SIZES, positive, 0),
    Case("while", jax.vmap(lambda x: lax.while_loop(lambda c: c[0] @ c[0] < 30, lambda c: (2 * c[0], c[1] + 1), (x, 0))), ["n, m"], SIZES, positive),
    Case("cond", lambda x, y: lax.cond(x[0] > 0, lambda x, y: x @ y, lambda x, y: x - 1, x, y), ["n", "n, n"], SIZES),
    Case("cond", lambda x, y: lax.cond(x[0] < 0, lambda x, y: x @ y, lambda x, y: x - 1, x, y), ["n", "n, n"], SIZES),
    *(Case("cond", lambda i, x: lax.switch(i[0], [lambda x: (x, 1), lambda x: (-x, 2), lambda x: (x * x, 3)], x), ["int[1]", "n"], SIZES, lambda random, *_, i=i: [np.array([i]), random.normal(size=3)], 0) for i in (-2, 0, 1, 2, 5)),
    Case("cond", lambda x: lax.cond(x[0] > 0, lambda: (x, jnp.int32(1), True), lambda: (2 * x, jnp.int32(2), False)), ["n"], SIZES, ulps=0),
    *(Case("cond", gradient(lambda x, y: lax.cond(jnp.sum(x) > 0, lambda x, y: jnp.sin(x) * y, lambda x, y: x + 0 * y, x, y), place), ["n", "n"], SIZES) for place in (0, 1)),
    Case("cond", lambda x: lax.scan(lambda c, x: (lax.cond(x > 0, lambda: c * x, lambda: c - x), c), x[0], x), ["t"], SIZES),
    Case("cond", gradient(lambda x: lax.scan(lambda c, x: (lax.cond(x > 0, lambda: c * x, lambda: c - x), c), x[0], x), 0), ["t"], SIZES, ulps=64),
    Case("cond", lambda x: lax.cond(x[0] > 0, lambda: total(x), lambda: total(-x)), ["t"], SIZES),
    Case("cond", lambda x: lax.cond(jnp.asarray(x.shape[0]) > 2, lambda: x, lambda: -x), ["n"], SIZES, ulps=0),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_a_row_agrees_with_XLA(case: Case, dtype: str) -> None:
    case.check(dtype)


def test_a_loop_runs_in_any_precision_and_number_type() -> None:
    """The complex step, the bound of the error and extended precision pass through loops."""

    def loss(W: jax.Array, U: jax.Array, X: jax.Array) -> jax.Array:
        return jnp.sum(jnp.square(gated(W, U, X))) + jnp.sum(nested(X, W[0, :2])[1])

    program = derive(loss, {"W": "n, n", "U": "n, m", "X": "t, m"})
    random = np.random.default_rng(0)
    arguments = {
        "W": random.normal(size=(3, 3)),
        "U": random.normal(size=(3, 4)),
        "X": random.normal(size=(5, 4)),
    }
    J, _, gradients = program(**arguments)
    wide, _, _ = program(**{name: x.astype(np.longdouble) for name, x in arguments.items()})
    assert wide.dtype == np.longdouble
    bounded, _, _ = program.bounded(**arguments)
    assert abs(wide - J) <= bounded.error <= 1e-10
    for name, x in arguments.items():
        direction = random.normal(size=x.shape)
        stepped, _ = program.forward(**{**arguments, name: x + 1e-100j * direction})
        slope = np.sum(gradients[f"d{name}"] * direction)
        assert abs(np.imag(stepped) / 1e-100 - slope) <= 1e-12 * abs(slope)


def test_a_result_is_not_an_argument() -> None:
    x, k = np.ones(3), np.array(0)
    for loop in (
        lambda k, x: lax.fori_loop(0, k, lambda i, c: c * x, x),
        lambda k, x: lax.scan(lambda c, i: (c * i, None), x, x[:0])[0],
    ):
        case = Case("", loop, ["int[]", "n"])
        assert not np.shares_memory(case.program().forward(x0=k, x1=x)[1]["y0"], x)
