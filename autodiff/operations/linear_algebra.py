"""Factorizations of matrices and triangular systems, in the last two axes, in any precision.

NumPy's own go through LAPACK, which has no `longdouble`. Here every step is one column or one row
of the result, computed from those before it for all matrices of a batch at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def cholesky(x: Any) -> Any:
    """Return the lower L with L Lᵀ = x, reading only the lower half of x; NaN if there is none."""
    L = np.zeros_like(x)
    fails = np.zeros((*x.shape[:-2], 1, 1), bool)
    for j in range(x.shape[-1]):
        column = x[..., j:, j, None] - L[..., j:, :j] @ L[..., j, :j, None]
        fails = fails | (column[..., :1, :] <= 0)
        root = np.sqrt(column[..., :1, :])
        L[..., j, j] = root[..., 0, 0]
        L[..., j + 1 :, j] = (column[..., 1:, :] / root)[..., 0]
    return np.where(fails, np.tril(np.full_like(x, np.nan)), L)


def triangular_solve(a: Any, b: Any, lower: bool, unit_diagonal: bool) -> Any:
    """Return x with a x = b, reading only one half of a: forward or back substitution.

    With `unit_diagonal`, the diagonal of a counts as ones.
    """
    x, n = b[..., :0, :], a.shape[-1]
    for i in range(n) if lower else reversed(range(n)):
        solved = slice(0, i) if lower else slice(i + 1, n)
        row = b[..., i : i + 1, :] - a[..., i : i + 1, solved] @ x
        if not unit_diagonal:
            row = row / a[..., i : i + 1, i : i + 1]
        x = np.concatenate([x, row] if lower else [row, x], axis=-2)
    return x


def exchanged(size: int, first: int, second: Any) -> Any:
    """Return 0, 1, …, size − 1 with `first` and `second` exchanged, for every `second`."""
    order = np.arange(size, dtype=np.int32)
    second = second[..., None]
    return np.where(order == first, second, np.where(order == second, first, order))


def lu_pivots_to_permutation(pivots: Any, size: int) -> Any:
    """Return the order of rows after row k is exchanged with row pivots[k], for k = 0, 1, …."""
    order = np.broadcast_to(np.arange(size, dtype=np.int32), (*pivots.shape[:-1], size))
    for k in range(pivots.shape[-1]):
        order = np.take_along_axis(order, exchanged(size, k, pivots[..., k]), -1)
    return order


def lu(x: Any) -> tuple[Any, Any, Any]:
    """Return L and U in one matrix, pivots and permutation, with x[permutation] = L U.

    L has ones on its diagonal, which are left out. Row k is exchanged with row pivots[k], which
    has the largest entry in column k; a column of zeros stays as it is.
    """
    *batch, m, n = x.shape
    pivots = np.zeros((*batch, min(m, n)), np.int32)
    for k in range(min(m, n)):
        pivots[..., k] = k + np.argmax(np.abs(x[..., k:, k]), axis=-1)
        x = np.take_along_axis(x, exchanged(m, k, pivots[..., k])[..., None], -2)
        pivot = x[..., k, k, None]
        x[..., k + 1 :, k] = x[..., k + 1 :, k] / np.where(pivot == 0, 1, pivot)
        products = x[..., k + 1 :, k, None] * x[..., k, None, k + 1 :]
        x[..., k + 1 :, k + 1 :] = x[..., k + 1 :, k + 1 :] - products
    return x, pivots, lu_pivots_to_permutation(pivots, m)
