"""The shallow network: one hidden layer, four forward and six backward equations (S32, S33).

parameters  W1 (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1)
cache       Z1, A1 (n_h, m), Z2, A2 (n_y, m)
gradients   dZ2 (n_y, m), dA1, dZ1 (n_h, m) per example; dW1, db1, dW2, db2 of the cost J;
            dA2 (n_y, m) where the loss goes through it; dX (n_x, m), per example, on request

Errors: TypeError for a wrong type or dtype, ValueError for a wrong shape, value, key or name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.arguments import check_cache, check_keys, check_loss, check_network
from backproof.manual import losses
from backproof.manual.activations import Array, activation


def forward(
    parameters: dict[str, Array],
    X: Array,
    hidden: str = "tanh",
    output: str = "sigmoid",
    slope: float = 0.01,
) -> dict[str, Array]:
    """The four forward equations; `slope` is leaky ReLU's."""
    check_network(parameters, X, layers=2)
    return _forward(parameters, X, hidden, output, slope)


def _forward(
    parameters: dict[str, Array], X: Array, hidden: str, output: str, slope: float
) -> dict[str, Array]:
    g1, _ = activation(hidden, slope)
    g2, _ = activation(output, slope)
    W1, b1, W2, b2 = parameters["W1"], parameters["b1"], parameters["W2"], parameters["b2"]
    Z1 = W1 @ X + b1  # (n_h, m)
    A1 = g1(Z1)  # (n_h, m)
    Z2 = W2 @ A1 + b2  # (n_y, m)
    A2 = g2(Z2)  # (n_y, m)
    return {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def cost(cache: dict[str, Array], Y: Array, loss: str = "cross_entropy") -> np.floating[Any]:
    """J, the mean over the m examples of the loss summed over outputs (N5)."""
    check_keys("cache", cache, ["Z2", "A2"], also=None)
    return losses.cost(loss, cache["Z2"], cache["A2"], Y)


def backward(
    parameters: dict[str, Array],
    cache: dict[str, Array],
    X: Array,
    Y: Array,
    hidden: str = "tanh",
    output: str = "sigmoid",
    loss: str = "cross_entropy",
    slope: float = 0.01,
    with_dX: bool = False,
) -> dict[str, Array]:
    """The six backward equations: dZ2 → dW2, db2 → dZ1 → dW1, db1.

    With loss="cross_entropy", da2 and dz2 are one step, dZ2 = A2 − Y. The other losses go
    through dA2, which lets any activation stand at the output of "half_squared_error".
    """
    check_network(parameters, X, layers=2)
    check_loss(loss, output)
    n_h, n_y, m = parameters["W1"].shape[0], parameters["W2"].shape[0], X.shape[1]
    check_cache(cache, {"Z1": (n_h, m), "A1": (n_h, m), "Z2": (n_y, m), "A2": (n_y, m)}, X.dtype)
    Y = losses.labels(Y, cache["A2"], probabilities=loss != "half_squared_error")
    return _backward(parameters, cache, X, Y, hidden, output, loss, slope, with_dX)


def _backward(
    parameters: dict[str, Array],
    cache: dict[str, Array],
    X: Array,
    Y: Array,
    hidden: str,
    output: str,
    loss: str,
    slope: float,
    with_dX: bool,
) -> dict[str, Array]:
    W1, W2, m = parameters["W1"], parameters["W2"], X.shape[1]
    Z1, A1, Z2, A2 = cache["Z1"], cache["A1"], cache["Z2"], cache["A2"]
    _, g1_prime = activation(hidden, slope)
    _, g2_prime = activation(output, slope)
    gradients: dict[str, Array] = {}
    if loss == "cross_entropy":
        dZ2 = A2 - Y  # (n_y, m)
    else:
        dA2 = losses.output_dA(loss, A2, Y)  # (n_y, m)
        dZ2 = dA2 * g2_prime(Z2, A2)  # (n_y, m)
        gradients["dA2"] = dA2
    dW2 = dZ2 @ A1.T / m  # (n_y, n_h)
    db2 = dZ2.sum(axis=1, keepdims=True) / m  # (n_y, 1)
    dA1 = W2.T @ dZ2  # (n_h, m)
    dZ1 = dA1 * g1_prime(Z1, A1)  # (n_h, m)
    dW1 = dZ1 @ X.T / m  # (n_h, n_x)
    db1 = dZ1.sum(axis=1, keepdims=True) / m  # (n_h, 1)
    gradients |= {"dZ2": dZ2, "dW2": dW2, "db2": db2, "dA1": dA1, "dZ1": dZ1}
    gradients |= {"dW1": dW1, "db1": db1}
    if with_dX:
        dX = W1.T @ dZ1  # (n_x, m), per example
        gradients["dX"] = dX
    return gradients


def gradients(
    parameters: dict[str, Array],
    X: Array,
    Y: Array,
    hidden: str = "tanh",
    output: str = "sigmoid",
    loss: str = "cross_entropy",
    slope: float = 0.01,
    with_dX: bool = False,
) -> tuple[np.floating[Any], dict[str, Array], dict[str, Array]]:
    """Forward, cost and backward in one call: (J, cache, gradients).

    >>> from backproof.manual.initializers import initialize
    >>> parameters = initialize("he", (2, 4, 1), seed=0)
    >>> J, cache, of_cost = gradients(parameters, np.eye(2), np.array([[0, 1]]), hidden="relu")
    >>> {name: gradient.shape for name, gradient in of_cost.items() if name[1] in "Wb"}
    {'dW2': (1, 4), 'db2': (1, 1), 'dW1': (4, 2), 'db1': (4, 1)}
    """
    check_network(parameters, X, layers=2)
    check_loss(loss, output)
    cache = _forward(parameters, X, hidden, output, slope)
    J = cost(cache, Y, loss)  # checks Y, which the backward pass then takes as floats
    Y = np.asarray(Y, X.dtype)
    return J, cache, _backward(parameters, cache, X, Y, hidden, output, loss, slope, with_dX)
