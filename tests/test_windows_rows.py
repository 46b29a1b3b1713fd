"""Rows of `backproof.autodiff.primitives.windows` against XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from rows import Case


def with_gradients(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, and the gradients of half the sum of its squares by every operand."""

    def run(*operands: Any) -> Any:
        result, pull_back = jax.vjp(function, *operands)
        return result, *pull_back(result)

    return run


def convolved(*arguments: Any, **named: Any) -> Callable[..., Any]:
    return with_gradients(lambda x, k: lax.conv_general_dilated(x, k, *arguments, **named))


def pooled(initial: float, operation: Any, *arguments: Any, **named: Any) -> Callable[..., Any]:
    return with_gradients(lambda x: lax.reduce_window(x, initial, operation, *arguments, **named))


def average(x: Any, size: int) -> Any:
    total, count = (lax.reduce_window(y, 0.0, lax.add, (size,), (1,), "SAME") for y in (x, jnp.ones_like(x)))
    return total / count


def largest(x: Any, *arguments: Any) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, *arguments)


def place_of_largest(x: Any) -> Any:
    def better(old: Any, new: Any) -> Any:
        return tuple(jnp.where(old[0] >= new[0], a, b) for a, b in zip(old, new, strict=True))

    places = lax.broadcasted_iota(int, x.shape, 1)
    return lax.reduce_window((x, places), (x.dtype.type(-jnp.inf), -1), better, (1, 3), (1, 2), "VALID")


def weighted(x: Any, *arguments: Any) -> Any:
    y = largest(x, *arguments)
    return jnp.sum(jnp.arange(1, 1 + y.size, dtype=x.dtype) * y)


def hessian_times(function: Callable[..., Any]) -> Callable[..., Any]:
    gradient = jax.grad(lambda x: jnp.sum(function(x) ** 2))
    return lambda x, v: jax.jvp(gradient, (x,), (v,))


def fixed(*operands: Any) -> Callable[..., Any]:
    return lambda random, *shapes: [np.asarray(x, float) for x in operands]


def in_small_steps(random: Any, *shapes: Any) -> list[Any]:
    """Many equal entries."""
    return [random.integers(-1, 2, shape).astype(float) for shape in shapes]


def of_integers(row: str, function: Callable[..., Any], shapes: list[str], sizes: dict[str, int]) -> Case:
    """Return a case without a float among its operands; a program needs one."""
    return Case(row, lambda *xs: function(*xs[:-1]), [*shapes, "1"], sizes)


CONV, SUM, MAX = "conv_general_dilated", "reduce_window_sum", "reduce_window_max"
SCATTER, GATHER = "select_and_scatter_add", "select_and_gather_add"
SIZES = {"n": 2, "m": 3, "h": 5}
NAN, INF = np.nan, np.inf
# A gradient by a kernel sums some hundred products: roundings grow like the root of their number.
CASES = [
    Case(CONV, convolved((), []), ["n, 3", "4, 3"], {"n": 5}),
    Case(CONV, convolved((1,), "VALID"), ["n, 2, h + 2", "m, 2, 3"], SIZES),
    Case(CONV, convolved((1,), "SAME"), ["n, 2, h + 2", "m, 2, 4"], SIZES),
    Case(CONV, convolved((3,), [(2, 1)]), ["n, 2, 8", "m, 2, 3"], SIZES),
    Case(CONV, convolved((1,), [(-1, -2)]), ["n, 2, 9", "m, 2, 3"], SIZES),
    Case(CONV, convolved((2,), [(-2, 4)]), ["n, 2, 9", "m, 2, 3"], SIZES),
    Case(CONV, convolved((1,), [(0, 0)], lhs_dilation=(3,)), ["n, 2, 5", "m, 2, 3"], SIZES),
    Case(CONV, convolved((2,), [(-1, 1)], lhs_dilation=(2,), rhs_dilation=(3,)), ["n, 2, 9", "m, 2, 3"], SIZES),
    Case(CONV, convolved((2, 3), [(1, 0), (-1, 2)], rhs_dilation=(2, 1)), ["n, 3, 9, 8", "m, 3, 3, 2"], SIZES, ulps=8),
    Case(CONV, convolved((1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")), ["n, 6, 5, 3", "3, 3, 3, m"], SIZES, ulps=8),
    Case(CONV, convolved((2, 1), "VALID", dimension_numbers=("CNHW", "IWHO", "HWCN")), ["3, n, 6, 5", "3, 2, 3, m"], SIZES, ulps=8),
    Case(CONV, convolved((1, 2, 1), "SAME"), ["n, 2, 4, 5, 3", "m, 2, 2, 3, 2"], SIZES, ulps=8),
    Case(CONV, convolved((1,), "VALID"), ["1, 1, 4", "1, 1, 4"]),
    Case(CONV, lambda x, k: lax.conv_general_dilated(x, k, (1,), "VALID"), ["n, 2, m", "3, 2, 3"], {"n": 2, "m": 9}),
    Case(CONV, lambda x, k: lax.conv_general_dilated(x, k, (2,), [(1, 1)]), ["n, 2, m", "3, 2, 3"], {"n": 2, "m": 9}),
    Case(CONV, lambda x, k: lax.conv_general_dilated(x, k, (1,), "VALID"), ["2, 3, 4", "5, 3, 6"]),
    Case(CONV, lambda x, k: lax.conv_general_dilated(x, k, (1,), "VALID"), ["0, 3, 4", "5, 3, 2"]),
    Case(CONV, lambda x, k: lax.conv_general_dilated(x, k, (1,), "VALID"), ["2, 0, 4", "5, 0, 2"]),
    Case(CONV, lambda x, k: lax.conv_general_dilated(x, k, (2,), "SAME", feature_group_count=3), ["n, 6, 7", "9, 2, 3"], SIZES),
    Case(CONV, lambda x, k: lax.conv_general_dilated(x, k, (1,), "SAME", batch_group_count=3), ["6, n, 7", "9, n, 3"], SIZES),
    of_integers(CONV, lambda x, k: lax.conv_general_dilated(x, k, (1,), "SAME"), ["int[n, 2, 5]", "int[m, 2, 3]"], SIZES),
    of_integers(CONV, lambda x, k: lax.conv_general_dilated(x.astype(jnp.int8), k.astype(jnp.int8), (1,), "SAME", preferred_element_type=jnp.int32), ["int[n, 9, 5]", "int[m, 9, 3]"], SIZES),
    Case(CONV, lambda x, k: jnp.convolve(x, k, "same"), ["7", "3"]),
    Case(CONV, lambda x, k: lax.conv_transpose(x, k, (2,), "SAME"), ["n, 5, 2", "3, 2, m"], SIZES),
    Case(SUM, pooled(0.0, lax.add, (1, 2, 3), (1, 2, 1), "VALID"), ["n, 2*h, h + 2"], SIZES),
    Case(SUM, pooled(0.0, lax.add, (2, 3), (2, 1), "SAME"), ["5, 7"]),
    Case(SUM, pooled(0.0, lax.add, (2, 3), (2, 1), [(0, 3), (2, 1)], base_dilation=(2, 1), window_dilation=(1, 2)), ["5, 7"]),
    Case(SUM, pooled(0.0, lax.add, (2,), (1,), [(-1, 2)]), ["5"]),
    Case(SUM, with_gradients(lambda x: average(x, 3)), ["7"]),
    Case(SUM, lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 2), (1, 3), "VALID"), ["n, m"], {"n": 2, "m": 9}),
    Case(SUM, lambda x: lax.reduce_window(x, 0.0, lax.add, (3,), (1,), "VALID"), ["2"]),
    Case(SUM, lambda x: lax.reduce_window(x, 0.0, lax.add, (2,), (1,), [(2, 1)]), ["0"]),
    Case(SUM, lambda x: lax.reduce_window(x, 0.0, lax.add, (), (), []), [""]),
    of_integers(SUM, lambda x: lax.reduce_window(x.astype(jnp.int32), np.int32(0), lax.add, (2,), (1,), "SAME"), ["int[n]"], {"n": 4}),
    Case(MAX, pooled(-jnp.inf, lax.max, (2,), (2,), "VALID"), ["h + 2"], SIZES, ulps=0),
    Case(MAX, lambda x: largest(x, (1, 2, 3), (1, 1, 2), "SAME"), ["n, 5, 6"], SIZES, ulps=0),
    Case(MAX, lambda x: largest(x, (2,), (1,), "VALID"), ["6"], values=fixed([NAN, 1, -INF, -INF, 0.0, -0.0]), ulps=0),
    of_integers(MAX, lambda x: lax.reduce_window(x, jnp.iinfo(int).min, lax.max, (2,), (1,), "SAME"), ["int[n]"], {"n": 4}),
    of_integers(MAX, lambda x: lax.reduce_window(x, False, lax.max, (2,), (1,), "SAME"), ["bool[n]"], {"n": 4}),
    Case("reduce_window_min", pooled(jnp.inf, lax.min, (2, 2), (1, 2), "SAME"), ["5, 6"]),
    Case("reduce_window_min", lambda x: lax.reduce_window(x, jnp.inf, lax.min, (2,), (1,), "VALID", window_dilation=(2,)), ["n"], {"n": 6}, ulps=0),
    of_integers("reduce_window_min", lambda x: lax.reduce_window(x, jnp.iinfo(int).max, lax.min, (2,), (1,), "SAME"), ["int[n]"], {"n": 4}),
    Case("reduce_window", lambda x: lax.reduce_window(x, x.dtype.type(1), lax.mul, (2, 3), (2, 1), "SAME"), ["5, 7"]),
    Case("reduce_window", lambda x: lax.reduce_window(x, x.dtype.type(3), lax.add, (2,), (2,), "VALID", window_dilation=(3,)), ["n"], {"n": 9}),
    of_integers("reduce_window", lambda x: lax.reduce_window(x, False, lax.bitwise_or, (2,), (1,), "SAME"), ["bool[n]"], {"n": 5}),
    of_integers("reduce_window", lambda x: lax.reduce_window(x, -1, lax.bitwise_and, (2,), (1,), "VALID"), ["int[n]"], {"n": 5}),
    Case("reduce_window", place_of_largest, ["n, 8"], {"n": 2}, ulps=0),
    # One entry is the largest of several windows, and several entries of one are the largest.
    Case(SCATTER, pooled(-jnp.inf, lax.max, (3,), (1,), "VALID"), ["7"], values=fixed([1, 1, 1, 2, 2, 0, 0]), ulps=0),
    Case(SCATTER, pooled(-jnp.inf, lax.max, (2, 3), (1, 2), "SAME"), ["6, 7"], values=in_small_steps, ulps=0),
    Case(SCATTER, pooled(-jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), [(0, 0), (1, 1), (0, 1), (0, 0)]), ["n, 6, 5, m"], SIZES),
    Case(SCATTER, pooled(jnp.inf, lax.min, (3,), (2,), "SAME"), ["8"], values=in_small_steps, ulps=0),
    Case(SCATTER, jax.grad(lambda x: weighted(x, (3,), (1,), [(1, 1)])), ["4"], values=fixed([-INF] * 4), ulps=0),
    *(
        Case(SCATTER, jax.grad(lambda x: weighted(x, (3,), (1,), "SAME")), ["5"], values=fixed(x), ulps=0)
        for x in ([NAN, 1, 2, 0, 0], [1, NAN, NAN, 3, 3], [0, 0, 1, 2, NAN], [INF, INF, -INF, 0.0, -0.0])
    ),
    Case(GATHER, hessian_times(lambda x: largest(x, (2, 3), (2, 1), "VALID")), ["5, 7", "5, 7"]),
    Case(GATHER, lambda x, v: jax.jvp(lambda x: largest(x, (3,), (2,), "SAME"), (x,), (v,)), ["8", "8"], values=in_small_steps, ulps=0),
    Case(GATHER, lambda x, v: jax.jvp(lambda x: largest(x, (2,), (1,), "VALID"), (x,), (v,)), ["6", "6"], values=fixed([-INF, -INF, 0, 0, NAN, 1], range(1, 7)), ulps=0),
    Case(GATHER, lambda x, v: jax.jvp(lambda x: lax.reduce_window(x, jnp.inf, lax.min, (2,), (1,), [(1, 0)], base_dilation=(2,), window_dilation=(3,)), (x,), (v,)), ["n", "n"], {"n": 6}, ulps=0),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_a_row_agrees_with_XLA(case: Case, dtype: str) -> None:
    case.check(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", ["feature_group_count", "batch_group_count"])
def test_gradients_of_groups_agree_with_XLA(count: str, dtype: str) -> None:
    shapes = ["3, 4, 9", "6, 2, 3"] if count == "feature_group_count" else ["4, 3, 9", "6, 3, 3"]
    Case(CONV, convolved((2,), "SAME", **{count: 2}), shapes, ulps=8).check(dtype)
