"""Primitives that factorize matrices and solve triangular systems."""

from __future__ import annotations

from backproof.autodiff.dimensions import python_text
from backproof.autodiff.primitives.equation import Equation, Row


def _triangular_solve(equation: Equation) -> str:
    """Bring the system to the form a x = b: x a = b is aᵀ xᵀ = bᵀ."""
    params = equation.params
    a, b = "{0}", "{1}"
    if params["conjugate_a"] and equation.inputs[0].kind == "c":
        a = f"np.conj({a})"
    left, lower, unit = params["left_side"], params["lower"], params["unit_diagonal"]
    if params["transpose_a"] == left:
        a, lower = f"np.swapaxes({a}, -2, -1)", not lower
    if left:
        return f"triangular_solve({a}, {b}, {lower}, {unit})"
    b = f"np.swapaxes({b}, -2, -1)"
    return f"np.swapaxes(triangular_solve({a}, {b}, {lower}, {unit}), -2, -1)"


def _permutation(equation: Equation) -> str:
    size = python_text(equation.params["permutation_size"])
    return f"lu_pivots_to_permutation({{0}}, {size})"


LINEAR_ALGEBRA: dict[str, Row] = {
    "cholesky": "cholesky({0})",
    "triangular_solve": _triangular_solve,
    "lu": "lu({0})",
    "lu_pivots_to_permutation": _permutation,
}
