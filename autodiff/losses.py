"""Losses: the cost J alone, a scalar; JAX derives dA and dZ (S29, N1, N4, N5).

Z, A, Y are (n_y, m) and m is the number of examples: J = (1/m) Σ L over outputs and examples.
Labels Y may also be bool or integers: they are cast at the door (N2).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from backproof.arguments import LOSSES, check_choice, check_labels


def cross_entropy(Z: jax.Array, Y: jax.Array) -> jax.Array:
    """J = (1/m) Σ y softplus(−z) + (1 − y) softplus(z), from logits.

    Of the usual stable forms this is the one whose derivative is right at every z: those with
    max(z, 0) and |z| have corners at 0 that cancel in J and do not cancel in JAX's derivative.
    """
    Y = labels(Y, Z, probabilities=True)
    return jnp.sum(Y * jax.nn.softplus(-Z) + (1 - Y) * jax.nn.softplus(Z)) / Y.shape[1]


def naive_cross_entropy(A: jax.Array, Y: jax.Array) -> jax.Array:
    """J = −(1/m) Σ y log a + (1 − y) log(1 − a), from activations as the notes write it."""
    Y = labels(Y, A, probabilities=True)
    return -jnp.sum(Y * jnp.log(A) + (1 - Y) * jnp.log(1 - A)) / Y.shape[1]


def half_squared_error(A: jax.Array, Y: jax.Array) -> jax.Array:
    """J = (1/2m) Σ (a − y)² (N4)."""
    Y = labels(Y, A, probabilities=False)
    return jnp.sum((A - Y) ** 2) / (2 * Y.shape[1])


def cost(loss: str, Z: jax.Array, A: jax.Array, Y: jax.Array) -> jax.Array:
    """J by the loss's name, for an output layer with logits Z and activations A."""
    check_choice("loss", loss, LOSSES)
    if loss == "cross_entropy":
        return cross_entropy(Z, Y)
    return naive_cross_entropy(A, Y) if loss == "naive_cross_entropy" else half_squared_error(A, Y)


def labels(Y: jax.Array, A: jax.Array, *, probabilities: bool) -> jax.Array:
    """Return Y in A's dtype, after checking it against the output A."""
    check_labels(Y, A, probabilities=probabilities)
    return jnp.asarray(Y, A.dtype)
