"""Losses: the cost J, its derivative dA, and the fused dZ (S29, S34, N1, N4, N5).

J = (1/m) Σ L: the sum runs over outputs and examples, m is the number of examples. dA and dZ are
per example (no 1/m). Shapes: Z, A, Y (n_y, m); J a scalar; all of one float dtype. Labels Y may
also be bool or integers: they are cast at the door, since unsigned integers wrap (N2).

The functions called cross_entropy work on the logits Z and are exact to rounding for every z.
Those called naive_cross_entropy are the same loss as the notes write it, from A = σ(Z): they
divide by a and 1 − a, and lose digits, then all meaning, as a rounds to 0 or 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.arguments import LOSSES, check_choice, check_labels
from backproof.manual.activations import Array


def cost(loss: str, Z: Array, A: Array, Y: Array) -> np.floating[Any]:
    """J by the loss's name, for an output layer with logits Z and activations A."""
    check_choice("loss", loss, LOSSES)
    if loss == "cross_entropy":
        return cross_entropy(Z, Y)
    return naive_cross_entropy(A, Y) if loss == "naive_cross_entropy" else half_squared_error(A, Y)


def output_dA(loss: str, A: Array, Y: Array) -> Array:
    """dA by the loss's name, for an output layer with activations A."""
    check_choice("loss", loss, LOSSES[1:])
    naive = loss == "naive_cross_entropy"
    return naive_cross_entropy_dA(A, Y) if naive else half_squared_error_dA(A, Y)


def cross_entropy(Z: Array, Y: Array) -> np.floating[Any]:
    """J = (1/m) Σ max(z, 0) − z y + log(1 + e^(−|z|)), which is −y log a − (1 − y) log(1 − a)."""
    Y = labels(Y, Z, probabilities=True)
    m = Y.shape[1]
    return (np.maximum(Z, 0) - Z * Y + np.log1p(np.exp(-np.abs(Z)))).sum() / m


def cross_entropy_dA(Z: Array, Y: Array) -> Array:
    """dA = −y (1 + e⁻ᶻ) + (1 − y)(1 + eᶻ): −y/a + (1 − y)/(1 − a) with a = σ(z) put in.

    A weight of 0 drops its term, so dA is −1 at y = 1, however large z is; otherwise it grows
    as e^|z| does, up to inf.
    """
    Y = labels(Y, Z, probabilities=True)
    with np.errstate(over="ignore", invalid="ignore"):
        of_one = np.where(Y == 0, 0, Y * (1 + np.exp(-Z)))
        of_zero = np.where(Y == 1, 0, (1 - Y) * (1 + np.exp(Z)))
    return of_zero - of_one


def cross_entropy_dZ(A: Array, Y: Array) -> Array:
    """dZ = a − y, for a sigmoid output."""
    return A - labels(Y, A, probabilities=True)


def naive_cross_entropy(A: Array, Y: Array) -> np.floating[Any]:
    """J = −(1/m) Σ y log a + (1 − y) log(1 − a) (N1)."""
    Y = labels(Y, A, probabilities=True)
    m = Y.shape[1]
    return -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m


def naive_cross_entropy_dA(A: Array, Y: Array) -> Array:
    """dA = −y/a + (1 − y)/(1 − a) (S34; the notes' extra factor y is a slip)."""
    Y = labels(Y, A, probabilities=True)
    return -Y / A + (1 - Y) / (1 - A)


def naive_cross_entropy_dZ(A: Array, Y: Array) -> Array:
    """dZ = dA · a (1 − a) = a − y, for a sigmoid output: the division cancels on paper."""
    return A - labels(Y, A, probabilities=True)


def half_squared_error(A: Array, Y: Array) -> np.floating[Any]:
    """J = (1/2m) Σ (a − y)² (N4)."""
    Y = labels(Y, A, probabilities=False)
    m = Y.shape[1]
    return np.sum((A - Y) ** 2) / (2 * m)


def half_squared_error_dA(A: Array, Y: Array) -> Array:
    """dA = a − y."""
    Y = labels(Y, A, probabilities=False)
    return A - Y


def half_squared_error_dZ(A: Array, Y: Array) -> Array:
    """dZ = a − y, for a linear output."""
    return A - labels(Y, A, probabilities=False)


def labels(Y: Array, A: Array, *, probabilities: bool) -> Array:
    """Return Y in A's dtype, after checking it against the output A."""
    check_labels(Y, A, probabilities=probabilities)
    return np.asarray(Y, A.dtype)
