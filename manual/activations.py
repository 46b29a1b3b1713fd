"""Activations g and their derivatives g′, elementwise, for arrays of any shape (S15, S26).

A derivative takes Z and A = g(Z), because the backward pass has both at hand: sigmoid′ and tanh′
are cheapest from A, ReLU′ needs Z. Float32 in, float32 out; float64 in, float64 out.

>>> import numpy as np
>>> Z = np.array([[-2.0, 0.0, 2.0]])
>>> g, g_prime = activation("relu")
>>> g(Z), g_prime(Z, g(Z))
(array([[0., 0., 2.]]), array([[0., 1., 1.]]))
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from backproof.arguments import check_choice, check_number

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[np.floating[Any]]"


class Activation(NamedTuple):
    """g: Z → A, and its derivative prime: (Z, A) → g′(Z)."""

    g: Callable[[Array], Array]
    prime: Callable[[Array, Array], Array]


def identity(Z: Array) -> Array:
    """g(z) = z: the linear output of regression (S25)."""
    return Z


def identity_prime(Z: Array, A: Array) -> Array:
    """g′(z) = 1."""
    return np.ones_like(Z)


def sigmoid(Z: Array) -> Array:
    """g(z) = 1 / (1 + e⁻ᶻ), times e^min(z, 0) above and below: nothing overflows (S15, N7)."""
    return np.exp(np.minimum(Z, 0)) / (1 + np.exp(-np.abs(Z)))


def sigmoid_prime(Z: Array, A: Array) -> Array:
    """g′(z) = a (1 − a), at most 1/4 (at z = 0)."""
    return A * (1 - A)


def tanh(Z: Array) -> Array:
    """g(z) = (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)."""
    return np.tanh(Z)


def tanh_prime(Z: Array, A: Array) -> Array:
    """g′(z) = 1 − a²."""
    return 1 - A**2


def relu(Z: Array) -> Array:
    """g(z) = max(0, z)."""
    return np.maximum(0, Z)


def relu_prime(Z: Array, A: Array) -> Array:
    """g′(z) = 0 for z < 0, 1 for z ≥ 0: at 0 the notes choose the subgradient 1 (S27)."""
    return (Z >= 0).astype(Z.dtype)


def leaky_relu(Z: Array, slope: float = 0.01) -> Array:
    """g(z) = slope·z for z < 0, z for z ≥ 0; any finite slope, also above 1 (S21, S23)."""
    check_number("slope", slope)
    return np.where(Z >= 0, Z, float(slope) * Z)


def leaky_relu_prime(Z: Array, A: Array, slope: float = 0.01) -> Array:
    """g′(z) = slope for z < 0, 1 for z ≥ 0."""
    check_number("slope", slope)
    return np.where(Z >= 0, 1, float(slope)).astype(np.result_type(Z, np.float32))


ACTIVATIONS = {
    "identity": Activation(identity, identity_prime),
    "sigmoid": Activation(sigmoid, sigmoid_prime),
    "tanh": Activation(tanh, tanh_prime),
    "relu": Activation(relu, relu_prime),
    "leaky_relu": Activation(leaky_relu, leaky_relu_prime),
}


def activation(name: str, slope: float = 0.01) -> Activation:
    """Return g and g′ by name; `slope` is leaky ReLU's and means nothing to the others.

    Raises ValueError for an unknown name, and for a slope that is NaN or infinite.
    """
    check_choice("activation", name, ACTIVATIONS)
    check_number("slope", slope)
    if name == "leaky_relu":
        return Activation(partial(leaky_relu, slope=slope), partial(leaky_relu_prime, slope=slope))
    return ACTIVATIONS[name]
