"""Logistic regression: one unit, z = wᵀx + b, a = σ(z), its gradient derived by JAX (S1, S34).

parameters  w (n_x, 1), b (1, 1)
cache       Z, A (1, m)
gradients   dZ (1, m) per example; dw (n_x, 1), db (1, 1) of the cost J;
            dA (1, m) with loss="naive_cross_entropy", which goes through da; dX on request

Errors: TypeError for a wrong type or dtype, ValueError for a wrong shape, value, key or name.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.ad_checkpoint import checkpoint_name

from backproof.arguments import LOSSES, check_choice, check_keys, check_logistic
from backproof.autodiff import losses
from backproof.autodiff.activations import sigmoid
from backproof.autodiff.derivatives import Values, network_gradients, to_jax

UNIT_LOSSES = LOSSES[:2]


def forward(parameters: Values, X: jax.Array) -> Values:
    """Z = wᵀX + b, A = σ(Z), all examples at once."""
    check_logistic(parameters, X)
    parameters, X = to_jax((parameters, X))
    Z = checkpoint_name(parameters["w"].T @ X + parameters["b"], "Z")  # (1, m)
    A = checkpoint_name(sigmoid(Z), "A")  # (1, m)
    return {"Z": Z, "A": A}


def forward_loop(parameters: Values, X: jax.Array) -> Values:
    """z⁽ʲ⁾ = wᵀx⁽ʲ⁾ + b, a⁽ʲ⁾ = σ(z⁽ʲ⁾), written for one example and mapped over all."""
    check_logistic(parameters, X)
    parameters, X = to_jax((parameters, X))
    w, b = parameters["w"][:, 0], parameters["b"][0, 0]
    z = jax.vmap(lambda x: jnp.vdot(w, x) + b, in_axes=1)(X)  # (m,)
    Z = checkpoint_name(z[None, :], "Z")  # (1, m)
    A = checkpoint_name(sigmoid(Z), "A")  # (1, m)
    return {"Z": Z, "A": A}


def cost(cache: Values, Y: jax.Array, loss: str = "cross_entropy") -> jax.Array:
    """J = −(1/m) Σ y log a + (1 − y) log(1 − a) (N1)."""
    check_choice("loss", loss, UNIT_LOSSES)
    check_keys("cache", cache, ["Z", "A"], also=None)
    return losses.cost(loss, cache["Z"], cache["A"], Y)


def gradients(
    parameters: Values,
    X: jax.Array,
    Y: jax.Array,
    loss: str = "cross_entropy",
    with_dX: bool = False,
) -> tuple[jax.Array, Values, Values]:
    """Return (J, cache, gradients): the forward pass above, differentiated by JAX."""
    return _gradients(forward, parameters, X, Y, loss, with_dX)


def gradients_loop(
    parameters: Values,
    X: jax.Array,
    Y: jax.Array,
    loss: str = "cross_entropy",
    with_dX: bool = False,
) -> tuple[jax.Array, Values, Values]:
    """The same as `gradients`, through `forward_loop`."""
    return _gradients(forward_loop, parameters, X, Y, loss, with_dX)


def _gradients(
    forward: Callable[[Values, jax.Array], Values],
    parameters: Values,
    X: jax.Array,
    Y: jax.Array,
    loss: str,
    with_dX: bool,
) -> tuple[jax.Array, Values, Values]:
    check_logistic(parameters, X)

    def J(parameters: Values, X: jax.Array) -> jax.Array:
        return cost(forward(parameters, X), Y, loss)

    # From logits, J does not go through A: there is no dA to derive.
    omit = ["dA"] * (loss == "cross_entropy") + ["dX"] * (not with_dX)
    return network_gradients(J, parameters, X, omit)
