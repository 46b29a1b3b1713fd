"""Gradient descent, prediction and accuracy (S28, N3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backproof.arguments import (
    check_gradients,
    check_labels,
    check_number,
    check_whole,
)
from backproof.manual.activations import Array

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Descent(NamedTuple):
    """Where gradient descent arrived, and the cost before each of its steps."""

    parameters: dict[str, Array]
    costs: list[float]


def update(
    parameters: dict[str, Array], gradients: dict[str, Array], learning_rate: float
) -> dict[str, Array]:
    """W := W − α dW, b := b − α db for every layer, as new arrays (S28).

    `gradients` needs dV, of the shape and dtype of V, for every parameter V; it may hold more.
    """
    check_number("learning_rate", learning_rate, positive=True)
    check_gradients(parameters, gradients)
    return {
        name: V - float(learning_rate) * gradients[f"d{name}"] for name, V in parameters.items()
    }


def gradient_descent(
    gradients: Callable[[dict[str, Array]], tuple[Any, Any, dict[str, Array]]],
    parameters: dict[str, Array],
    learning_rate: float,
    steps: int,
) -> Descent:
    """Take `steps` steps of gradient descent from `parameters`, which stay as they are.

    `gradients` maps parameters to (J, cache, gradients), as the networks here do:

    >>> from functools import partial
    >>> from backproof.manual import logistic
    >>> X, Y = np.array([[-1.0, 1.0]]), np.array([[0, 1]])
    >>> start = {"w": np.zeros((1, 1)), "b": np.zeros((1, 1))}
    >>> end, costs = gradient_descent(partial(logistic.gradients, X=X, Y=Y), start, 0.5, 100)
    >>> [round(float(cost), 3) for cost in (costs[0], costs[-1])]
    [0.693, 0.021]
    """
    check_number("learning_rate", learning_rate, positive=True)
    check_whole("steps", steps, least=0)
    costs = []
    for _ in range(steps):
        J, _, of_cost = gradients(parameters)
        costs.append(float(J))
        parameters = update(parameters, of_cost, learning_rate)
    return Descent(parameters, costs)


def predict(A: Array) -> NDArray[np.bool_]:
    """Return a > 0.5: the predicted class of each output of each example (N3)."""
    return A > 0.5


def accuracy(A: Array, Y: Array) -> float:
    """Return the share of examples whose class is right, in [0, 1].

    One output: the class is a > 0.5. Several (n_y, m): it is the row of the largest output.
    Raises TypeError or ValueError when A and Y are not arrays of one shape.
    """
    check_labels(Y, A, probabilities=False)
    if A.shape[0] == 1:
        return float(np.mean(predict(A) == predict(Y)))
    return float(np.mean(np.argmax(A, axis=0) == np.argmax(Y, axis=0)))
