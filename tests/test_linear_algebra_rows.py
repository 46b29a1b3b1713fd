"""Rows of `backproof.autodiff.primitives.linear_algebra`, and products, against XLA."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg as scipy_linalg
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


def product(contracting: Any, batch: Any = ((), ())) -> Callable[..., Any]:
    return with_gradients(lambda a, b: lax.dot_general(a, b, (contracting, batch)))


def of_integers(a: Any, b: Any, _: Any) -> Any:  # a program needs a float
    return a @ b


def well_conditioned(random: Any, *shapes: Any) -> list[Any]:
    """Return matrices near 4 times a permutation, so that pivots are not on the diagonal."""
    first, *others = shapes
    return [
        random.uniform(-1, 1, first) + 4 * np.roll(np.eye(first[-1]), 1, 0),
        *map(random.standard_normal, others),
    ]


def positive_definite(random: Any, shape: Any, *others: Any) -> list[Any]:
    x = random.standard_normal(shape)
    return [x @ np.swapaxes(x, -2, -1) + np.eye(shape[-1]), *map(random.standard_normal, others)]


def triangular(random: Any, shape: Any, *others: Any) -> list[Any]:
    """Return a matrix with large numbers on its diagonal, both halves filled, and others."""
    return [random.uniform(-1, 1, shape) + 4 * np.eye(shape[-1]), *map(random.standard_normal, others)]


def positive(random: Any, *shapes: Any) -> list[Any]:
    return [random.uniform(1, 2, shape) for shape in shapes]


def fixed(*operands: Any) -> Callable[..., Any]:
    return lambda random, *shapes: [np.asarray(x, float) for x in operands]


def solved_in_every_way(a: Any, b: Any, c: Any) -> Any:
    """Solve with b on the left and c on the right, by each half of a and of its transpose."""
    flags = [
        {"lower": lower, "transpose_a": transposed, "unit_diagonal": unit}
        for lower in (True, False)
        for transposed in (True, False)
        for unit in (True, False)
    ]
    solve = lax.linalg.triangular_solve
    left = [solve(a, b, left_side=True, **chosen) for chosen in flags]
    return left, [solve(a, c, left_side=False, **chosen) for chosen in flags]


def factorised(*matrices: Any) -> Any:
    return list(map(lax.linalg.lu, matrices))


def permuted(*matrices: Any) -> Any:
    return [lax.linalg.lu_pivots_to_permutation(lax.linalg.lu(a)[1], 6) for a in matrices]


def solved_by_cholesky(a: Any, b: Any) -> Any:
    return scipy_linalg.cho_solve(scipy_linalg.cho_factor(a, lower=True), b)


DOT, CHOLESKY, SOLVE, LU = "dot_general", "cholesky", "triangular_solve", "lu"
SIZES = {"n": 3, "m": 4, "k": 2}
SINGULAR = [[1, 2, 3], [2, 4, 6], [1, 0, 1]]
TIED = [[1, 2, 0], [-1, 1, 5], [1, -1, 2]]
# Products and cancellation of n terms, on both sides: roundings grow with n and the condition.
ROUNDED = 16
CASES = [
    Case(DOT, product(((0,), (0,))), ["n", "n"], SIZES),
    Case(DOT, product(((1,), (0,))), ["n, m", "m, k"], SIZES),
    Case(DOT, product(((0,), (0,))), ["m, n", "m, k"], SIZES),
    Case(DOT, product(((0,), (1,))), ["m, n", "k, m"], SIZES),
    Case(DOT, product(((1,), (0,))), ["n, m", "m"], SIZES),
    Case(DOT, product(((0,), (0,))), ["n", "n, m"], SIZES),
    Case(DOT, product(((0,), (1,))), ["n", "m, n"], SIZES),
    Case(DOT, product(((), ())), ["n", "m"], SIZES, ulps=8),
    Case(DOT, product(((), ())), ["", "n, m"], SIZES, ulps=8),
    Case(DOT, product(((2,), (1,)), ((0,), (0,))), ["k, n, m", "k, m, 5"], SIZES),
    Case(DOT, product(((0,), (2,)), ((2,), (1,))), ["m, n, k", "5, k, m"], SIZES),
    Case(DOT, product(((1, 2), (2, 0))), ["n, m, k", "k, 5, m"], SIZES),
    Case(DOT, product(((3,), (2,)), ((0, 1), (3, 0))), ["k, n, 2, m", "n, 3, m, k"], SIZES),
    Case(DOT, product(((), ()), ((0,), (0,))), ["n", "n"], SIZES),
    Case(DOT, product(((0, 1), (1, 0))), ["n, m", "m, n"], SIZES, positive),
    Case(DOT, product(((1,), (0,))), ["n, 1", "1, m"], SIZES),
    Case(DOT, product(((1,), (0,))), ["1, n", "n, 1"], SIZES),
    Case(DOT, product(((1,), (0,))), ["n, 0", "0, m"], SIZES),
    Case(DOT, product(((1,), (0,))), ["0, n", "n, m"], SIZES),
    Case(DOT, product(((2,), (1,)), ((0,), (0,))), ["0, n, m", "0, m, k"], SIZES),
    Case(DOT, lambda a, b: a @ b, ["2, 2", "2, 2"], values=fixed([[np.inf, 0], [np.nan, 1]], [[1, -1], [1, 0]])),
    Case(DOT, of_integers, ["int[n, m]", "int[m, k]", ""], SIZES),
    Case(DOT, of_integers, ["int[k, n, m]", "int[k, m, n]", ""], SIZES),
    Case(DOT, of_integers, ["int[n]", "int[n]", ""], SIZES),
    Case(DOT, with_gradients(lambda a: a @ a.T), ["n, m"], SIZES),
    Case(DOT, with_gradients(lambda a: a @ a), ["n, n"], SIZES, ulps=8),
    Case(DOT, with_gradients(lambda a: 0.5 * (a + a.T) @ (a - a.T)), ["n, n"], SIZES, ulps=8),
    Case(DOT, with_gradients(lambda a, b, c: jnp.einsum("ij,kjl,lmi->mk", a, b, c)), ["n, m", "k, m, 5", "5, 6, n"], SIZES, ulps=8),
    Case(DOT, with_gradients(lambda a, b: jnp.vecdot(a, b)), ["n, m", "n, m"], SIZES),
    Case(DOT, with_gradients(lambda a, x: x @ a @ x), ["n, n", "n"], SIZES, ulps=8),
    Case(DOT, with_gradients(lambda a: jnp.tril(a) @ jnp.triu(a, 1)), ["n, n"], SIZES, ulps=8),
    Case(CHOLESKY, lax.linalg.cholesky, ["n, n"], SIZES, positive_definite),
    Case(CHOLESKY, partial(lax.linalg.cholesky, symmetrize_input=False), ["k, n, n"], SIZES, positive_definite),
    Case(CHOLESKY, with_gradients(jnp.linalg.cholesky), ["n, n"], SIZES, positive_definite, ROUNDED),
    Case(CHOLESKY, with_gradients(partial(jnp.linalg.cholesky, upper=True)), ["k, 4, 4"], SIZES, positive_definite, ROUNDED),
    Case(CHOLESKY, with_gradients(solved_by_cholesky), ["2, 3, 3", "2, 3, 4"], {}, positive_definite, ROUNDED),
    Case(CHOLESKY, with_gradients(solved_by_cholesky), ["4, 4", "4"], {}, positive_definite, ROUNDED),
    Case(CHOLESKY, lax.linalg.cholesky, ["1, 1"], {}, fixed([[4]]), 0),
    Case(CHOLESKY, lax.linalg.cholesky, ["0, 0"]),
    Case(CHOLESKY, lax.linalg.cholesky, ["2, 2, 2"], {}, fixed([[[4, 0], [0, -1]], [[4, 2], [2, 2]]])),
    Case(CHOLESKY, lax.linalg.cholesky, ["2, 2"], {}, fixed([[4, 2], [2, 1]])),
    Case(CHOLESKY, lax.linalg.cholesky, ["2, 2"], {}, fixed([[4, np.nan], [np.nan, 1]])),
    Case(SOLVE, solved_in_every_way, ["n, n", "n, m", "m, n"], SIZES, triangular, 8),
    Case(SOLVE, with_gradients(solved_in_every_way), ["2, 3, 3", "2, 3, 3", "2, 3, 3"], {}, triangular, ROUNDED),
    Case(SOLVE, partial(lax.linalg.triangular_solve, left_side=True, conjugate_a=True), ["n, n", "n, 1"], SIZES, triangular),
    Case(SOLVE, solved_in_every_way, ["0, 0", "0, n", "n, 0"], SIZES),
    Case(SOLVE, solved_in_every_way, ["n, n", "n, 0", "0, n"], SIZES),
    Case(SOLVE, with_gradients(partial(scipy_linalg.solve_triangular, lower=True)), ["3, 3", "3"], {}, triangular, ROUNDED),
    Case(LU, factorised, ["n, n", "n, m", "m, n", "1, 1"], SIZES),
    Case(LU, factorised, ["k, 5, 5", "0, 3", "k, 3, 0"], SIZES, ulps=8),
    Case(LU, lax.linalg.lu, ["2, 3, 3"], {}, fixed([SINGULAR, TIED])),
    Case("lu_pivots_to_permutation", permuted, ["k, 6, 6", "6, 3"], SIZES),
    Case(LU, with_gradients(lambda x: lax.linalg.lu(x)[0]), ["3, 3"], {}, well_conditioned, ROUNDED),
    Case(LU, with_gradients(jnp.linalg.solve), ["4, 4", "4"], {}, well_conditioned, ROUNDED),
    Case(LU, with_gradients(jnp.linalg.solve), ["2, 4, 4", "2, 4, 3"], {}, well_conditioned, ROUNDED),
    Case(LU, with_gradients(jnp.linalg.inv), ["2, 3, 3"], {}, well_conditioned, ROUNDED),
    Case(LU, with_gradients(jnp.linalg.det), ["2, 4, 4"], {}, well_conditioned, ROUNDED),
    Case("mul", with_gradients(jnp.linalg.det), ["3, 3"], {}, well_conditioned, ROUNDED),
    Case(LU, jnp.linalg.det, ["4, 4"], {}, fixed(np.ones((4, 4)))),
    Case(LU, with_gradients(lambda x: jnp.linalg.slogdet(x)[1]), ["4, 4"], {}, well_conditioned, ROUNDED),
    Case(LU, jnp.linalg.slogdet, ["2, 3, 3"], {}, fixed([SINGULAR, TIED])),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_a_row_agrees_with_XLA(case: Case, dtype: str) -> None:
    case.check(dtype)


WIDE = np.finfo(np.longdouble)


@pytest.mark.skipif(WIDE.eps == np.finfo(float).eps, reason="longdouble is float64 here")
@pytest.mark.parametrize(
    ("function", "shapes", "values", "residual"),
    [
        (jnp.linalg.cholesky, ["5, 5"], positive_definite, lambda y, a: y @ y.T - a),
        (jnp.linalg.solve, ["5, 5", "5"], well_conditioned, lambda y, a, b: a @ y - b),
        (jnp.linalg.inv, ["5, 5"], well_conditioned, lambda y, a: a @ y - np.eye(5)),
        (solved_by_cholesky, ["5, 5", "5"], positive_definite, lambda y, a, b: a @ y - b),
    ],
    ids=["cholesky", "solve", "inv", "cho_solve"],
)
def test_what_is_solved_in_longdouble_has_its_precision(function: Any, shapes: Any, values: Any, residual: Any) -> None:
    case = Case("", function, shapes, {}, values)
    program = case.program()
    operands = case.operands(program, "longdouble")
    y = program.forward(**operands)[1]["y0"]
    assert y.dtype == np.longdouble
    assert np.max(np.abs(residual(y, *operands.values()))) < 200 * WIDE.eps


EIGENVALUES = Case("eigh", with_gradients(jnp.linalg.eigvalsh), ["4, 4"], {}, positive_definite, ROUNDED)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_primitive_without_a_row_runs_through_XLA(dtype: str) -> None:
    EIGENVALUES.check(dtype)


def test_it_is_listed_and_refuses_what_XLA_does_not_have() -> None:
    program = EIGENVALUES.program()
    assert program.through_xla == ("eigh",)
    with pytest.raises(TypeError, match="eigh has no NumPy form and runs through XLA"):
        program.forward(**EIGENVALUES.operands(program, "longdouble"))
