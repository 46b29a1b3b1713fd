"""Planar data classification with one hidden layer, by the names of the course's assignment.

The functions and dictionaries that learners of the Deep Learning Specialization know, so that one
of their own can stand in the place of one here: `backproof check my_assignment.py --as planar`.
tanh in the hidden layer, a sigmoid output, cross-entropy (S32, S33):

parameters  W1 (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1)
cache       Z1, A1 (n_h, m), Z2, A2 (n_y, m)
grads       dW1, db1, dW2, db2, each of the shape of what it is the derivative for

X is (n_x, m), Y (n_y, m): floats in [0, 1], bool, or integers. Nothing that is passed in changes.

Errors: TypeError for a wrong type or dtype, ValueError for a wrong shape, value, key or name.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.arguments import (
    check_array,
    check_cache,
    check_keys,
    check_network,
    check_whole,
)
from backproof.manual import descent, initializers, losses, shallow
from backproof.manual.activations import Array

Arrays = dict[str, Array]


def layer_sizes(X: Array, Y: Array, n_h: int = 4) -> tuple[int, int, int]:
    """Return (n_x, n_h, n_y): the rows of X, the hidden units, the rows of Y."""
    check_whole("n_h", n_h, least=1)
    check_array("X", X, [("n_x", None), ("m", None)])
    check_array("Y", np.asarray(Y, X.dtype), [("n_y", None), ("m", X.shape[1])])
    return X.shape[0], n_h, Y.shape[0]


def initialize_parameters(n_x: int, n_h: int, n_y: int, seed: int = 2) -> Arrays:
    """Return W1, W2 of small normal numbers, and b1, b2 of zeros; the same for the same seed."""
    return initializers.initialize("normal", (n_x, n_h, n_y), seed)


def forward_propagation(X: Array, parameters: Arrays) -> tuple[Array, Arrays]:
    """Return A2 and the cache of Z1 = W1 X + b1, A1 = tanh Z1, Z2 = W2 A1 + b2, A2 = σ(Z2)."""
    cache = shallow.forward(parameters, X, "tanh", "sigmoid")
    return cache["A2"], cache


def compute_cost(A2: Array, Y: Array, parameters: Any = None) -> float:
    """J = −(1/m) Σ y log a + (1 − y) log(1 − a) as a Python float; 0·log 0 is 0.

    `parameters` is there because older editions of the assignment pass it; it is not looked at.
    """
    Y = losses.labels(Y, A2, probabilities=True)
    m = Y.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        of_one = np.where(Y == 0, 0, Y * np.log(A2))
        of_zero = np.where(Y == 1, 0, (1 - Y) * np.log(1 - A2))
    return float(-(of_one + of_zero).sum() / m)


def backward_propagation(parameters: Arrays, cache: Arrays, X: Array, Y: Array) -> Arrays:
    """The six backward equations; of the cache, A1 and A2 are all that they need."""
    check_network(parameters, X, layers=2)
    check_keys("cache", cache, ["A1", "A2"], also=None)
    W2, m = parameters["W2"], X.shape[1]
    A1, A2 = cache["A1"], cache["A2"]
    check_cache({"A1": A1, "A2": A2}, {"A1": (W2.shape[1], m), "A2": (W2.shape[0], m)}, X.dtype)
    Y = losses.labels(Y, A2, probabilities=True)
    dZ2 = A2 - Y  # (n_y, m)
    dW2 = dZ2 @ A1.T / m  # (n_y, n_h)
    db2 = dZ2.sum(axis=1, keepdims=True) / m  # (n_y, 1)
    dZ1 = (W2.T @ dZ2) * (1 - A1**2)  # (n_h, m)
    dW1 = dZ1 @ X.T / m  # (n_h, n_x)
    db1 = dZ1.sum(axis=1, keepdims=True) / m  # (n_h, 1)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


def update_parameters(parameters: Arrays, grads: Arrays, learning_rate: float = 1.2) -> Arrays:
    """Return W − α dW and b − α db as new arrays (S28)."""
    return descent.update(parameters, grads, learning_rate)


def nn_model(
    X: Array,
    Y: Array,
    n_h: int,
    num_iterations: int = 10000,
    print_cost: bool = False,
    seed: int = 2,
) -> Arrays:
    """Return the parameters after so many steps of gradient descent, with α = 1.2.

    With `print_cost`, the cost is printed at every thousandth step.
    """
    check_whole("num_iterations", num_iterations, least=0)
    parameters = initialize_parameters(*layer_sizes(X, Y, n_h), seed=seed)
    for i in range(num_iterations):
        A2, cache = forward_propagation(X, parameters)
        if print_cost and i % 1000 == 0:
            print(f"Cost after iteration {i}: {compute_cost(A2, Y):f}")
        grads = backward_propagation(parameters, cache, X, Y)
        parameters = update_parameters(parameters, grads)
    return parameters


def predict(parameters: Arrays, X: Array) -> NDArray[np.bool_]:
    """Return a > 0.5 for every output of every example (N3)."""
    A2, _ = forward_propagation(X, parameters)
    return descent.predict(A2)
