"""Gradient descent on JAX's gradients, prediction and accuracy (S28, N3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from backproof.arguments import (
    check_gradients,
    check_labels,
    check_number,
    check_whole,
)
from backproof.autodiff.derivatives import Values


class Descent(NamedTuple):
    """Where gradient descent arrived, and the cost before each of its steps."""

    parameters: Values
    costs: list[float]


def update(parameters: Values, gradients: Values, learning_rate: float) -> Values:
    """W := W − α dW, b := b − α db for every layer (S28).

    `gradients` needs dV, of the shape and dtype of V, for every parameter V; it may hold more.
    """
    check_number("learning_rate", learning_rate, positive=True)
    check_gradients(parameters, gradients)
    return {
        name: V - float(learning_rate) * gradients[f"d{name}"] for name, V in parameters.items()
    }


def gradient_descent(
    gradients: Callable[[Values], tuple[Any, Any, Values]],
    parameters: Values,
    learning_rate: float,
    steps: int,
) -> Descent:
    """Take `steps` steps of gradient descent from `parameters`, which stay as they are.

    `gradients` maps parameters to (J, cache, gradients), as the networks here do; it is compiled
    once.
    """
    check_number("learning_rate", learning_rate, positive=True)
    check_whole("steps", steps, least=0)

    @jax.jit
    def step(parameters: Values) -> tuple[Values, Any]:
        J, _, of_cost = gradients(parameters)
        return update(parameters, of_cost, learning_rate), J

    costs = []
    for _ in range(steps):
        parameters, J = step(parameters)
        costs.append(float(J))
    return Descent(parameters, costs)


def predict(A: jax.Array) -> jax.Array:
    """Return a > 0.5: the predicted class of each output of each example (N3)."""
    return A > 0.5


def accuracy(A: jax.Array, Y: jax.Array) -> float:
    """Return the share of examples whose class is right, in [0, 1].

    One output: the class is a > 0.5. Several (n_y, m): it is the row of the largest output.
    Raises TypeError or ValueError when A and Y are not arrays of one shape.
    """
    check_labels(Y, A, probabilities=False)
    if A.shape[0] == 1:
        return float(jnp.mean(predict(A) == predict(Y)))
    return float(jnp.mean(jnp.argmax(A, axis=0) == jnp.argmax(Y, axis=0)))
