"""Any number of layers, an activation per layer, its gradient derived by JAX (S14, S22, N6).

parameters   W1 (n_1, n_x), b1 (n_1, 1), …, WL (n_y, n_{L−1}), bL (n_y, 1)
activations  one name per layer, the last is the output's
cache        Z1, A1, …, ZL, AL, each (n_l, m)
gradients    dZ1 … dZL and dA1 … dA{L−1} per example; dW1, db1, … of the cost J;
             dAL where the loss goes through it; dX (n_x, m), per example, on request

Errors: TypeError for a wrong type or dtype, ValueError for a wrong shape, value, key or name.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
from jax.ad_checkpoint import checkpoint_name

from backproof.arguments import check_activations, check_keys, check_loss, check_network
from backproof.autodiff import losses
from backproof.autodiff.activations import ACTIVATIONS, activation
from backproof.autodiff.derivatives import Values, network_gradients, to_jax


def forward(
    parameters: Values, X: jax.Array, activations: Sequence[str], slope: float = 0.01
) -> Values:
    """Z_l = W_l A_{l−1} + b_l, A_l = g_l(Z_l) for l = 1 … L; `slope` is leaky ReLU's."""
    check_activations(activations, ACTIVATIONS)
    check_network(parameters, X, layers=len(activations))
    parameters, A = to_jax((parameters, X))
    cache: dict[str, jax.Array] = {}
    for l, name in enumerate(activations, start=1):
        W, b = parameters[f"W{l}"], parameters[f"b{l}"]
        Z = checkpoint_name(W @ A + b, f"Z{l}")  # (n_l, m)
        A = checkpoint_name(activation(name, slope)(Z), f"A{l}")  # (n_l, m)
        cache |= {f"Z{l}": Z, f"A{l}": A}
    return cache


def cost(cache: Values, Y: jax.Array, loss: str = "cross_entropy") -> jax.Array:
    """J, the mean over the m examples of the loss summed over outputs (N5)."""
    L = len(cache) // 2 or 1
    check_keys("cache", cache, [f"Z{L}", f"A{L}"], also=None)
    return losses.cost(loss, cache[f"Z{L}"], cache[f"A{L}"], Y)


def gradients(
    parameters: Values,
    X: jax.Array,
    Y: jax.Array,
    activations: Sequence[str],
    loss: str = "cross_entropy",
    slope: float = 0.01,
    with_dX: bool = False,
) -> tuple[jax.Array, Values, Values]:
    """Return (J, cache, gradients): the forward pass above, differentiated by JAX."""
    check_activations(activations, ACTIVATIONS)
    check_network(parameters, X, layers=len(activations))
    check_loss(loss, activations[-1])

    def J(parameters: Values, X: jax.Array) -> jax.Array:
        return cost(forward(parameters, X, activations, slope), Y, loss)

    # From logits, J does not go through the last A: there is no dA to derive.
    omit = [f"dA{len(activations)}"] * (loss == "cross_entropy") + ["dX"] * (not with_dX)
    return network_gradients(J, parameters, X, omit)
