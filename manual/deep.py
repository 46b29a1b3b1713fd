"""Any number of layers, an activation per layer (S4–S8, S14, S22, N6).

parameters   W1 (n_1, n_x), b1 (n_1, 1), …, WL (n_y, n_{L−1}), bL (n_y, 1)
activations  one name per layer, the last is the output's
cache        Z1, A1, …, ZL, AL, each (n_l, m)
gradients    dZ1 … dZL and dA1 … dA{L−1} per example; dW1, db1, … of the cost J;
             dAL where the loss goes through it; dX (n_x, m), per example, on request

Layers are counted without the input: A0 = X, and one layer is logistic regression (S3, S6).
Errors: TypeError for a wrong type or dtype, ValueError for a wrong shape, value, key or name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backproof.arguments import (
    check_activations,
    check_cache,
    check_keys,
    check_loss,
    check_network,
)
from backproof.manual import losses
from backproof.manual.activations import ACTIVATIONS, Array, activation


def forward(
    parameters: dict[str, Array], X: Array, activations: Sequence[str], slope: float = 0.01
) -> dict[str, Array]:
    """Z_l = W_l A_{l−1} + b_l, A_l = g_l(Z_l) for l = 1 … L; `slope` is leaky ReLU's."""
    check_activations(activations, ACTIVATIONS)
    check_network(parameters, X, layers=len(activations))
    return _forward(parameters, X, activations, slope)


def _forward(
    parameters: dict[str, Array], X: Array, activations: Sequence[str], slope: float
) -> dict[str, Array]:
    cache: dict[str, Array] = {}
    A = X
    for l, name in enumerate(activations, start=1):
        g, _ = activation(name, slope)
        W, b = parameters[f"W{l}"], parameters[f"b{l}"]
        Z = W @ A + b  # (n_l, m)
        A = g(Z)  # (n_l, m)
        cache |= {f"Z{l}": Z, f"A{l}": A}
    return cache


def cost(cache: dict[str, Array], Y: Array, loss: str = "cross_entropy") -> np.floating[Any]:
    """J, the mean over the m examples of the loss summed over outputs (N5)."""
    L = len(cache) // 2 or 1
    check_keys("cache", cache, [f"Z{L}", f"A{L}"], also=None)
    return losses.cost(loss, cache[f"Z{L}"], cache[f"A{L}"], Y)


def backward(
    parameters: dict[str, Array],
    cache: dict[str, Array],
    X: Array,
    Y: Array,
    activations: Sequence[str],
    loss: str = "cross_entropy",
    slope: float = 0.01,
    with_dX: bool = False,
) -> dict[str, Array]:
    """dZ_L, then dW_l, db_l, dA_{l−1}, dZ_{l−1} for l = L … 1."""
    check_activations(activations, ACTIVATIONS)
    L = len(activations)
    check_network(parameters, X, layers=L)
    check_loss(loss, activations[-1])
    m = X.shape[1]
    units = [parameters[f"b{l}"].shape[0] for l in range(1, L + 1)]
    check_cache(cache, {f"{V}{l + 1}": (units[l], m) for l in range(L) for V in "ZA"}, X.dtype)
    Y = losses.labels(Y, cache[f"A{L}"], probabilities=loss != "half_squared_error")
    return _backward(parameters, cache, X, Y, activations, loss, slope, with_dX)


def _backward(
    parameters: dict[str, Array],
    cache: dict[str, Array],
    X: Array,
    Y: Array,
    activations: Sequence[str],
    loss: str,
    slope: float,
    with_dX: bool,
) -> dict[str, Array]:
    L, m = len(activations), X.shape[1]
    gradients: dict[str, Array] = {}
    for l in range(L, 0, -1):
        Z, A = cache[f"Z{l}"], cache[f"A{l}"]  # (n_l, m)
        A_before = cache[f"A{l - 1}"] if l > 1 else X  # (n_{l−1}, m)
        _, g_prime = activation(activations[l - 1], slope)
        if l == L and loss == "cross_entropy":
            dZ = A - Y  # (n_y, m)
        else:
            if l == L:
                dA = losses.output_dA(loss, A, Y)  # (n_y, m)
            else:
                W_after = parameters[f"W{l + 1}"]
                dA = W_after.T @ dZ  # (n_l, m)
            dZ = dA * g_prime(Z, A)  # (n_l, m)
            gradients[f"dA{l}"] = dA
        dW = dZ @ A_before.T / m  # (n_l, n_{l−1})
        db = dZ.sum(axis=1, keepdims=True) / m  # (n_l, 1)
        gradients |= {f"dZ{l}": dZ, f"dW{l}": dW, f"db{l}": db}
    if with_dX:
        W1 = parameters["W1"]
        dX = W1.T @ dZ  # (n_x, m), per example
        gradients["dX"] = dX
    return gradients


def gradients(
    parameters: dict[str, Array],
    X: Array,
    Y: Array,
    activations: Sequence[str],
    loss: str = "cross_entropy",
    slope: float = 0.01,
    with_dX: bool = False,
) -> tuple[np.floating[Any], dict[str, Array], dict[str, Array]]:
    """Forward, cost and backward in one call: (J, cache, gradients).

    >>> from backproof.manual.initializers import initialize
    >>> parameters = initialize("xavier", (3, 5, 4, 2), seed=0)
    >>> X, Y = np.ones((3, 7)), np.zeros((2, 7), dtype=bool)
    >>> J, cache, of_cost = gradients(parameters, X, Y, ("relu", "tanh", "sigmoid"))
    >>> of_cost["dW2"].shape, of_cost["dZ2"].shape
    ((4, 5), (4, 7))
    """
    check_activations(activations, ACTIVATIONS)
    check_network(parameters, X, layers=len(activations))
    check_loss(loss, activations[-1])
    cache = _forward(parameters, X, activations, slope)
    J = cost(cache, Y, loss)  # checks Y, which the backward pass then takes as floats
    Y = np.asarray(Y, X.dtype)
    return J, cache, _backward(parameters, cache, X, Y, activations, loss, slope, with_dX)
