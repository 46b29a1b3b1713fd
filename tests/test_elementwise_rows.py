"""Rows of `backproof.autodiff.primitives.elementwise` against XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from rows import Case

NAN, INF = np.nan, np.inf
NUMBERS = [-3.5, -2.5, -1.0, -0.25, -0.0, 0.0, 0.25, 1.0, 2.0, 2.5, 7.0]
EVERY = [*NUMBERS, NAN, INF, -INF]
WITHIN_1 = [-1.0, -0.9375, -0.25, -0.0, 0.0, 1e-5, 0.5, 0.9375, 1.0, 2.0, NAN]
ASCENDING = [-INF, -2.5, -0.0, 0.0, 0.25, 7.0, INF, NAN]
BITS = [0, 1, -1, 7, -7, 6, 2**31, -(2**31), 2**63 - 1, -(2**63)]
SMALL = [0, 1, -1, 7, -7, 2**31 - 1, -(2**31)]
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
SHIFTS = [0, 1, 2, 31, 32, 63, 64, 100, -1, 3]


def at(row: str, function: Callable[..., Any], *operands: Any, ulps: float = 4) -> Case:
    """Return the case of vectors with these entries, of symbolic length."""
    arrays = [np.asarray(operand) for operand in operands]
    length = len(arrays[0])
    if not any(array.dtype.kind == "f" for array in arrays):  # a program needs a float
        arrays.append(np.zeros(length))
        return at(row, lambda *xs: function(*xs[:-1]), *arrays, ulps=ulps)
    names = {"f": "n", "i": "int[n]", "b": "bool[n]"}
    shapes = [names[array.dtype.kind] for array in arrays]
    return Case(row, function, shapes, {"n": length}, lambda *_: arrays, ulps)


def pairs(row: str, function: Callable[..., Any], numbers: Any, ulps: float = 0) -> Case:
    """Return the case of all pairs of these numbers."""
    left, right = np.repeat(numbers, len(numbers)), np.tile(numbers, len(numbers))
    return at(row, function, left, right, ulps=ulps)


def narrow(function: Callable[..., Any], dtype: Any) -> Callable[..., Any]:
    """Return the function of integers of another dtype."""
    return lambda *xs: function(*(x.astype(dtype) for x in xs))


def with_gradient(function: Callable[..., Any], place: int = 0) -> Callable[..., Any]:
    """Return the function together with a gradient through it, that of one operand."""

    def both(*xs: Any) -> Any:
        value, pull = jax.vjp(function, *xs)
        return value, pull(jnp.tanh(value))[place]

    return both


def shifts(x: Any, places: Any) -> list[Any]:
    """Return x with its bits shifted in every way."""
    return [
        getattr(lax, f"shift_{way}")(x, places)
        for way in ("left", "right_arithmetic", "right_logical")
    ]


EXACT = [
    *(pairs(row, getattr(lax, row), EVERY) for row in ("add", "sub", "mul", "div", "rem", "max", "min", "nextafter")),
    pairs("rem", jnp.remainder, EVERY),
    pairs("max", lambda x, y: 1 / lax.max(x, y), [-INF, -1.0, 1.0]),
    *(pairs(row, getattr(lax, row), values) for row in COMPARISONS for values in (EVERY, BITS, [False, True])),
    Case("add_any", jax.grad(lambda x: jnp.sum(jnp.sin(x) * x)), ["n"], {"n": 5}),
    Case("dim_as_value", lambda x: x * x.shape[0], ["n"], {"n": 5}, ulps=0),
    *(Case(row, lambda x, side=side: jnp.searchsorted(jnp.asarray(ASCENDING, x.dtype), x, side), ["n"], {"n": len(EVERY)}, lambda *_: [np.array(EVERY)], 0) for row, side in (("le_to", "left"), ("lt_to", "right"))),
    at("neg", lambda x: 1 / -x, EVERY),
    at("sign", lax.sign, EVERY),
    at("abs", lambda x: 1 / lax.abs(x), EVERY),
    at("floor", lambda x: 1 / lax.floor(x), EVERY),
    at("ceil", lambda x: 1 / lax.ceil(x), EVERY),
    at("round", lambda x: 1 / lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), [*EVERY, 0.49999997, 8388609.0]),
    at("round", lambda x: 1 / lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO), [*EVERY, 0.49999997, 8388609.0]),
    at("is_finite", lax.is_finite, EVERY),
    at("square", lax.square, EVERY),
    at("sqrt", lambda x: 1 / lax.sqrt(x), [0.0, -0.0, 4.0, INF, NAN, -1.0]),
    at("clamp", lambda x: lax.clamp(x.dtype.type(-1), x, x.dtype.type(2)), EVERY),
    at("clamp", lambda x, a: lax.clamp(a, x, a + 1), EVERY, np.linspace(-2, 2, len(EVERY))),
    at("clamp", lambda x: lax.clamp(x.dtype.type(3), x, x.dtype.type(1)), EVERY),
    at("clamp", lambda x: lax.clamp(0, x, 5), BITS),
    Case("clamp", lambda x, a, b: lax.clamp(a, x, b), ["n, m", "", ""], {"n": 3, "m": 4}, lambda random, shape, *_: [random.normal(size=shape), np.float64(-0.5), np.float64(0.5)], 0),
    *(pairs(row, function, BITS) for row, function in (("add", lax.add), ("mul", lax.mul), ("max", lax.max), ("div", lax.div), ("rem", lax.rem))),
    *(pairs(row, narrow(function, jnp.int32), SMALL) for row, function in (("sub", lax.sub), ("min", lax.min), ("div", lax.div), ("rem", lax.rem))),
    *(pairs(row, narrow(function, jnp.uint8), [0, 1, 7, 200, 255]) for row, function in (("div", lax.div), ("rem", lax.rem))),
    *(pairs("rem", function, [-7, -2, -1, 1, 2, 7]) for function in (jnp.floor_divide, jnp.mod)),
    *(pairs(row, getattr(jnp, f"bitwise_{row}"), values) for row in ("and", "or", "xor") for values in (BITS, [False, True])),
    *(at("not", jnp.invert, values) for values in (BITS, [False, True])),
    at("not", lambda x: jnp.logical_not(x > 1), EVERY),
    Case("not", lambda x: jnp.where(jnp.logical_not(jnp.asarray(x.shape[0]) > 2), x, -x), ["n"], {"n": 3}, ulps=0),
    *(at(row, narrow(shifts, dtype), np.repeat([5, -5, 77], len(SHIFTS)), SHIFTS * 3) for row, dtype in (("shift_left", jnp.int64), ("shift_right_arithmetic", jnp.int32), ("shift_right_logical", jnp.uint8))),
    at("shift_right_logical", lambda x: lax.shift_right_logical(x, 3), BITS),
    *(at(row, narrow(getattr(lax, row), dtype), BITS) for row in ("population_count", "clz") for dtype in (jnp.int64, jnp.int32, jnp.uint8)),
    *(at(row, function, BITS) for row, function in (("abs", lax.abs), ("sign", lax.sign), ("neg", lax.neg), ("square", lax.square))),
    at("select_n", lax.select, np.arange(len(EVERY)) % 3 > 0, EVERY, EVERY[::-1]),
    at("select_n", lambda x: jnp.where(x > 1, x.dtype.type(1.5), x.dtype.type(0.25)), EVERY),
    at("select_n", lambda x: jnp.where(x > 1, 3, x.shape[0]), EVERY),
    at("select_n", lambda i, x: lax.select_n(i.astype(jnp.int32), x, -x, 2 * x, 3 * x), [0, 1, 2, 3, -1, 4, 2], NUMBERS[:7]),
    at("select_n", lambda i, x: lax.select_n(i.astype(jnp.int32), x, jnp.full(x.shape, 0.5, x.dtype)), [0, 1, 1], NUMBERS[:3]),
    Case("select_n", lambda p, x, y: lax.select_n(jnp.all(p), x, y), ["bool[n]", "n, m", "n, m"], {"n": 2, "m": 3}, ulps=0),
    *(at("convert_element_type", lambda x, to=to: x.astype(to), EVERY) for to in (jnp.bool_, jnp.uint8, jnp.int32, jnp.int64)),
    *(at("convert_element_type", lambda x, to=to: x.astype(to), [1e10, -1e10, 2.9, -2.9, -1e20, 1e20]) for to in (jnp.int32, jnp.int64)),
    *(at("convert_element_type", lambda x, to=to: x.astype(to), BITS) for to in (jnp.bool_, jnp.uint8, jnp.int32)),
    *(at("convert_element_type", lambda x, to=to: x.astype(to), [False, True]) for to in (jnp.int32, jnp.int64)),
    at("convert_element_type", lambda x, i, p: x * i + p, NUMBERS, np.arange(len(NUMBERS)), np.arange(len(NUMBERS)) > 4, ulps=1),
    at("copy", jnp.copy, EVERY),
    Case("mul", lambda x, y: x * y, ["", "n, m"], {"n": 2, "m": 3}, ulps=0),
    Case("add", lambda x, y: x[None, :] + y[:, None], ["n", "m"], {"n": 2, "m": 3}, ulps=0),
    Case("max", lambda x, y: jnp.maximum(x, y), ["n, 1", "1, m"], {"n": 2, "m": 3}, ulps=0),
    Case("sub", lambda x, y: x - y, ["0, n", "n"], {"n": 2}, ulps=0),
    Case("mul", lambda x: 2 * jnp.zeros_like(x) + 3 * jnp.ones((), x.dtype), ["n"], {"n": 2}, ulps=0),
]  # fmt: skip

# XLA's own approximations take most of these; NumPy's functions are right to about 1 ulp.
ROUNDED = [
    pairs("pow", lax.pow, [-INF, -2.5, -2.0, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, INF, NAN], ulps=1),
    at("pow", lambda x: lax.pow(x, x.dtype.type(2.5)), [0.0, 0.5, 2.0, 7.0, -1.0]),
    at("pow", lambda x: 0.5**x, NUMBERS),
    at("pow", lambda x, i: lax.pow(x, i), NUMBERS, np.arange(len(NUMBERS)) - 4),
    at("pow", lambda x, i: lax.pow(x, i.astype(jnp.int32)), NUMBERS, np.arange(len(NUMBERS)) - 4),
    at("pow", lambda x: lax.pow(x, jnp.full(x.shape, 3)), NUMBERS),
    *(at("integer_pow", lambda x, y=y: lax.integer_pow(x, y), EVERY) for y in (-4, -2, -1, 3, 4, 5)),
    *(at("integer_pow", lambda x, y=y: lax.integer_pow(x, y), [-7, -1, 0, 1, 3], ulps=0) for y in (3, 4)),
    at("exp", lax.exp, [-90.0, *NUMBERS, NAN, INF, -INF]),
    at("exp2", lax.exp2, [-90.0, *NUMBERS, NAN, INF, -INF]),
    at("expm1", lax.expm1, [*EVERY, 1e-6]),
    at("expm1", lax.expm1, [1e-6, -1e-6, 3e-7]),
    at("log", lax.log, [0.0, 1e-30, 0.5, 1.0, 7.0, INF, NAN, -1.0]),
    at("log1p", lax.log1p, [-1.0, -0.5, 0.0, 1e-6, 7.0, INF, NAN, -2.0]),
    at("log1p", lax.log1p, [1e-6, -1e-6, 3e-7]),
    at("rsqrt", lax.rsqrt, [0.0, -0.0, 0.3, 2.0, 7.0, INF, NAN, -1.0]),
    at("cbrt", lax.cbrt, EVERY),
    at("logistic", lax.logistic, [*EVERY, -80.0, 80.0, -17.0]),
    at("logistic", lax.logistic, [-80.0, -81.0, -82.0], ulps=100),  # XLA's e^z in float32
    *(at(row, getattr(lax, row), EVERY) for row in ("tanh", "sinh", "cosh", "asinh", "atan")),
    *(at(row, getattr(lax, row), NUMBERS) for row in ("sin", "cos", "tan")),
    *(at(row, getattr(lax, row), WITHIN_1) for row in ("asin", "acos", "atanh")),
    at("acosh", lax.acosh, [1.0, 1.5, 2.0, 70.0, INF, NAN, 0.5]),
    pairs("atan2", lax.atan2, EVERY, ulps=2),
    pairs("atan2", lambda y, x: 1 / lax.atan2(y, x), [-0.0, 0.0, -1.0, 1.0], ulps=2),
    at("erf", lax.erf, EVERY),
    at("erfc", lax.erfc, EVERY),
    at("erf_inv", lax.erf_inv, [-1.0, -0.9375, -0.25, 0.0, 0.5, 0.9375, 1.0, 1.5, -1.5, NAN]),
    at("lgamma", lax.lgamma, [*EVERY, 1e-5, 30.0, -7.25]),
    at("digamma", lax.digamma, [*EVERY, 1e-2, 30.0, -7.25]),
]  # fmt: skip


def composed(row: str, function: Callable[..., Any], ulps: float = 8) -> Case:
    """Return the case of a function of a matrix and its gradient."""
    return Case(row, with_gradient(function), ["n, m"], {"n": 4, "m": 5}, ulps=ulps)


COMPOSED = [
    *(composed("max", function) for function in (lambda x: jnp.maximum(x, 0), jax.nn.relu)),
    composed("select_n", lambda x: jax.nn.leaky_relu(x, 0.1)),
    composed("expm1", jax.nn.elu),
    *(composed("logistic", function) for function in (jax.nn.silu, jax.nn.sigmoid)),
    composed("tanh", lambda x: jax.nn.gelu(x, approximate=True)),
    composed("erfc", lambda x: jax.nn.gelu(x, approximate=False)),
    *(composed("log1p", function) for function in (jax.nn.softplus, jax.nn.log_sigmoid)),
    *(composed("exp", function) for function in (jax.nn.softmax, jax.nn.log_softmax)),
    composed("exp", lambda x: jax.nn.logsumexp(x, axis=0)),
    composed("min", lambda x: jnp.clip(x, -0.5, 0.5)),
    composed("abs", lambda x: jnp.sum(jnp.abs(x), axis=1)),
    composed("sqrt", lambda x: jnp.linalg.norm(x)),
    composed("sqrt", lambda x: jnp.linalg.norm(x, axis=1)),
    composed("select_n", lambda x: jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1)), 0)),
    composed("select_n", lambda x: jnp.where(jnp.isnan(x) | (x == 0), 0, jnp.log(jnp.abs(x)))),
    composed("select_n", jnp.nan_to_num),
    composed("pow", lambda x: jnp.abs(x) ** 2.5),
    composed("pow", lambda x: jnp.abs(x) ** jnp.abs(x)),
    composed("integer_pow", lambda x: x**3 - x**-2),
    composed("rem", lambda x: jnp.remainder(x, 0.75)),
    composed("erf", jax.scipy.special.erf),
    composed("erf_inv", lambda x: lax.erf_inv(jnp.tanh(x)), ulps=64),
    composed("lgamma", lambda x: lax.lgamma(jnp.square(x) + 0.5)),
    composed("cbrt", jnp.cbrt),
    composed("rsqrt", lambda x: lax.rsqrt(jnp.square(x) + 1)),
    composed("exp2", jnp.exp2),
    composed("tan", lambda x: jnp.tan(x / 2), ulps=16),
    composed("asinh", jnp.arcsinh),
    composed("atan2", lambda x: jnp.arctan2(x, jnp.exp(x))),
    *(Case("atan2", with_gradient(jnp.arctan2, place), ["n, 1", "1, m"], {"n": 3, "m": 4}, ulps=8) for place in (0, 1)),
    *(Case("mul", with_gradient(lambda x, y: x * y, place), ["n, 1", "m"], {"n": 3, "m": 4}, ulps=8) for place in (0, 1)),
    Case("logistic", with_gradient(jax.nn.glu), ["n, 2*m"], {"n": 3, "m": 4}, ulps=8),
]  # fmt: skip


CASES = EXACT + ROUNDED + COMPOSED


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_a_row_agrees_with_XLA(case: Case, dtype: str) -> None:
    case.check(dtype)
