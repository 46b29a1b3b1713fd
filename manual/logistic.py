"""Logistic regression: one unit, z = wᵀx + b, a = σ(z) (S1, S2, S9, S34).

Two derivations side by side: the loop over examples as one writes it first, and the vectorised
form that replaces it (S12). Both return the same keys:

parameters  w (n_x, 1), b (1, 1)
cache       Z, A (1, m)
gradients   dZ (1, m) per example; dw (n_x, 1), db (1, 1) of the cost J;
            dA (1, m) with loss="naive_cross_entropy", which goes through da; dX on request

Errors: TypeError for a wrong type or dtype, ValueError for a wrong shape, value, key or name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.arguments import LOSSES, check_cache, check_choice, check_keys, check_logistic
from backproof.manual import losses
from backproof.manual.activations import Array, sigmoid, sigmoid_prime

UNIT_LOSSES = LOSSES[:2]


def forward(parameters: dict[str, Array], X: Array) -> dict[str, Array]:
    """Z = wᵀX + b, A = σ(Z), all examples at once."""
    check_logistic(parameters, X)
    w, b = parameters["w"], parameters["b"]
    Z = w.T @ X + b  # (1, m)
    A = sigmoid(Z)  # (1, m)
    return {"Z": Z, "A": A}


def forward_loop(parameters: dict[str, Array], X: Array) -> dict[str, Array]:
    """z⁽ʲ⁾ = wᵀx⁽ʲ⁾ + b, a⁽ʲ⁾ = σ(z⁽ʲ⁾), one example after another."""
    check_logistic(parameters, X)
    w, b = parameters["w"], parameters["b"]
    m = X.shape[1]
    Z, A = np.empty((1, m), X.dtype), np.empty((1, m), X.dtype)
    for j in range(m):
        x = X[:, [j]]  # (n_x, 1)
        z = w.T @ x + b  # (1, 1)
        Z[:, [j]] = z
        A[:, [j]] = sigmoid(z)
    return {"Z": Z, "A": A}


def cost(cache: dict[str, Array], Y: Array, loss: str = "cross_entropy") -> np.floating[Any]:
    """J = −(1/m) Σ y log a + (1 − y) log(1 − a) (N1)."""
    check_choice("loss", loss, UNIT_LOSSES)
    check_keys("cache", cache, ["Z", "A"], also=None)
    return losses.cost(loss, cache["Z"], cache["A"], Y)


def backward(
    parameters: dict[str, Array],
    cache: dict[str, Array],
    X: Array,
    Y: Array,
    loss: str = "cross_entropy",
    with_dX: bool = False,
) -> dict[str, Array]:
    """da → dz → dw, db, all examples at once (S34)."""
    Y = _checked(parameters, cache, X, Y, loss)
    w, m = parameters["w"], X.shape[1]
    Z, A = cache["Z"], cache["A"]
    gradients: dict[str, Array] = {}
    if loss == "cross_entropy":  # da and dz in one step
        dZ = A - Y  # (1, m)
    else:
        dA = -Y / A + (1 - Y) / (1 - A)  # (1, m)
        dZ = dA * sigmoid_prime(Z, A)  # (1, m)
        gradients["dA"] = dA
    dw = X @ dZ.T / m  # (n_x, 1)
    db = dZ.sum(axis=1, keepdims=True) / m  # (1, 1)
    gradients |= {"dZ": dZ, "dw": dw, "db": db}
    if with_dX:
        dX = w @ dZ  # (n_x, m), per example
        gradients["dX"] = dX
    return gradients


def backward_loop(
    parameters: dict[str, Array],
    cache: dict[str, Array],
    X: Array,
    Y: Array,
    loss: str = "cross_entropy",
    with_dX: bool = False,
) -> dict[str, Array]:
    """da⁽ʲ⁾ → dz⁽ʲ⁾, then dw and db add up over the examples and are divided by m."""
    Y = _checked(parameters, cache, X, Y, loss)
    w = parameters["w"]
    m = X.shape[1]
    dA, dZ, dX = np.empty_like(cache["A"]), np.empty_like(cache["A"]), np.empty_like(X)
    dw, db = np.zeros_like(w), np.zeros_like(parameters["b"])
    for j in range(m):
        x, y = X[:, [j]], Y[:, [j]]  # (n_x, 1), (1, 1)
        z, a = cache["Z"][:, [j]], cache["A"][:, [j]]  # (1, 1)
        if loss == "cross_entropy":
            dz = a - y  # (1, 1)
        else:
            da = -y / a + (1 - y) / (1 - a)  # (1, 1)
            dz = da * sigmoid_prime(z, a)  # (1, 1)
            dA[:, [j]] = da
        dZ[:, [j]] = dz
        dX[:, [j]] = w * dz  # (n_x, 1)
        dw += x * dz  # (n_x, 1)
        db += dz  # (1, 1)
    dw = dw / m
    db = db / m
    gradients = {"dZ": dZ, "dw": dw, "db": db}
    if loss != "cross_entropy":
        gradients["dA"] = dA
    if with_dX:
        gradients["dX"] = dX
    return gradients


def gradients(
    parameters: dict[str, Array],
    X: Array,
    Y: Array,
    loss: str = "cross_entropy",
    with_dX: bool = False,
) -> tuple[np.floating[Any], dict[str, Array], dict[str, Array]]:
    """Forward, cost and backward in one call: (J, cache, gradients).

    >>> import numpy as np
    >>> w, b = np.array([[1.0]]), np.array([[0.0]])
    >>> J, cache, of_cost = gradients({"w": w, "b": b}, np.array([[0.0]]), np.array([[1.0]]))
    >>> cache["A"].item(), of_cost["dZ"].item(), of_cost["db"].item()
    (0.5, -0.5, -0.5)
    """
    cache = forward(parameters, X)
    return cost(cache, Y, loss), cache, backward(parameters, cache, X, Y, loss, with_dX)


def gradients_loop(
    parameters: dict[str, Array],
    X: Array,
    Y: Array,
    loss: str = "cross_entropy",
    with_dX: bool = False,
) -> tuple[np.floating[Any], dict[str, Array], dict[str, Array]]:
    """The same as `gradients`, by the loops."""
    cache = forward_loop(parameters, X)
    return cost(cache, Y, loss), cache, backward_loop(parameters, cache, X, Y, loss, with_dX)


def _checked(
    parameters: dict[str, Array], cache: dict[str, Array], X: Array, Y: Array, loss: str
) -> Array:
    """Check the arguments of a backward pass; return Y in the working dtype."""
    check_choice("loss", loss, UNIT_LOSSES)
    check_logistic(parameters, X)
    shape = (1, X.shape[1])
    check_cache(cache, {"Z": shape, "A": shape}, X.dtype)
    return losses.labels(Y, cache["A"], probabilities=True)
