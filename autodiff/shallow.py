"""The shallow network: one hidden layer, four forward equations; JAX derives the rest (S32, S33).

parameters  W1 (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1)
cache       Z1, A1 (n_h, m), Z2, A2 (n_y, m)
gradients   dZ2 (n_y, m), dA1, dZ1 (n_h, m) per example; dW1, db1, dW2, db2 of the cost J;
            dA2 (n_y, m) where the loss goes through it; dX (n_x, m), per example, on request

Errors: TypeError for a wrong type or dtype, ValueError for a wrong shape, value, key or name.
"""

from __future__ import annotations

import jax
from jax.ad_checkpoint import checkpoint_name

from backproof.arguments import check_keys, check_loss, check_network
from backproof.autodiff import losses
from backproof.autodiff.activations import activation
from backproof.autodiff.derivatives import Values, network_gradients, to_jax


def forward(
    parameters: Values,
    X: jax.Array,
    hidden: str = "tanh",
    output: str = "sigmoid",
    slope: float = 0.01,
) -> Values:
    """The four forward equations; `slope` is leaky ReLU's."""
    check_network(parameters, X, layers=2)
    parameters, X = to_jax((parameters, X))
    g1, g2 = activation(hidden, slope), activation(output, slope)
    W1, b1, W2, b2 = parameters["W1"], parameters["b1"], parameters["W2"], parameters["b2"]
    Z1 = checkpoint_name(W1 @ X + b1, "Z1")  # (n_h, m)
    A1 = checkpoint_name(g1(Z1), "A1")  # (n_h, m)
    Z2 = checkpoint_name(W2 @ A1 + b2, "Z2")  # (n_y, m)
    A2 = checkpoint_name(g2(Z2), "A2")  # (n_y, m)
    return {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def cost(cache: Values, Y: jax.Array, loss: str = "cross_entropy") -> jax.Array:
    """J, the mean over the m examples of the loss summed over outputs (N5)."""
    check_keys("cache", cache, ["Z2", "A2"], also=None)
    return losses.cost(loss, cache["Z2"], cache["A2"], Y)


def gradients(
    parameters: Values,
    X: jax.Array,
    Y: jax.Array,
    hidden: str = "tanh",
    output: str = "sigmoid",
    loss: str = "cross_entropy",
    slope: float = 0.01,
    with_dX: bool = False,
) -> tuple[jax.Array, Values, Values]:
    """Return (J, cache, gradients): the forward pass above, differentiated by JAX.

    >>> from backproof.autodiff.initializers import initialize
    >>> parameters = initialize("he", (2, 4, 1), seed=0, dtype="float32")
    >>> X, Y = jax.numpy.eye(2), jax.numpy.array([[0, 1]])
    >>> J, cache, of_cost = gradients(parameters, X, Y, hidden="relu")
    >>> of_cost["dW1"].shape, of_cost["dZ1"].shape
    ((4, 2), (4, 2))
    """
    check_network(parameters, X, layers=2)
    check_loss(loss, output)

    def J(parameters: Values, X: jax.Array) -> jax.Array:
        return cost(forward(parameters, X, hidden, output, slope), Y, loss)

    # From logits, J does not go through A2: there is no dA2 to derive.
    omit = ["dA2"] * (loss == "cross_entropy") + ["dX"] * (not with_dX)
    return network_gradients(J, parameters, X, omit)
