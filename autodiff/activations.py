"""Activations g, elementwise, in the notes' convention; JAX derives g′ (S15, S26, S27).

At z = 0 the form decides which subgradient JAX returns: `where(z >= 0, z, 0)` gives the notes'
1, `jnp.maximum(z, 0)` would give 0.5 and `jax.nn.relu` 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from backproof.arguments import check_choice, check_number


def identity(Z: jax.Array) -> jax.Array:
    """g(z) = z: the linear output of regression (S25)."""
    return Z


def sigmoid(Z: jax.Array) -> jax.Array:
    """g(z) = 1 / (1 + e⁻ᶻ) (S15)."""
    return jax.nn.sigmoid(Z)


def tanh(Z: jax.Array) -> jax.Array:
    """g(z) = (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)."""
    return jnp.tanh(Z)


def relu(Z: jax.Array) -> jax.Array:
    """g(z) = max(0, z), with the subgradient 1 at 0."""
    return jnp.where(Z >= 0, Z, 0)


def leaky_relu(Z: jax.Array, slope: jax.typing.ArrayLike = 0.01) -> jax.Array:
    """g(z) = slope·z for z < 0, z for z ≥ 0; any finite slope (S21, S23)."""
    check_number("slope", slope)
    return jnp.where(Z >= 0, Z, jnp.asarray(slope, jnp.result_type(Z)) * Z)


ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "identity": identity,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "leaky_relu": leaky_relu,
}


def activation(name: str, slope: float = 0.01) -> Callable[[jax.Array], jax.Array]:
    """Return g by name; `slope` is leaky ReLU's and means nothing to the others.

    Raises ValueError for an unknown name, and for a slope that is NaN or infinite.
    """
    check_choice("activation", name, ACTIVATIONS)
    check_number("slope", slope)
    return partial(leaky_relu, slope=slope) if name == "leaky_relu" else ACTIVATIONS[name]
