"""Where gradient descent starts: the same five rules, drawn with JAX's own generator (S30–S40)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import jax
import jax.numpy as jnp

from backproof.arguments import check_initializer, check_whole


def initialize(
    name: str,
    sizes: Sequence[int],
    seed: int | jax.Array = 0,
    scale: float | None = None,
    dtype: str = "float64",
) -> dict[str, jax.Array]:
    """Return {W1, b1, …, WL, bL} for layers of `sizes` (n_x, n_1, …, n_y).

    The rules are zeros; constant (`scale`, 0.5); normal (standard normal × `scale`, 0.01);
    he (standard deviation √(2/n_before)); xavier (√(2/(n_before + n))); b is 0. `seed` is a whole
    number or a JAX key. The numbers are not those of the hand-derived wing, their law is.
    dtype "float64" needs `jax.enable_x64(True)`.
    """
    check_initializer(name, sizes, scale, dtype)
    if jax.dtypes.canonicalize_dtype(dtype) != dtype:
        raise TypeError(
            f"dtype={dtype!r} is off in JAX: put the call into `with jax.enable_x64(True):`, "
            "or pass dtype='float32'."
        )
    if not isinstance(seed, jax.Array):
        check_whole("seed", seed, least=0)
        seed = jax.random.key(seed)
    parameters = {}
    keys = jax.random.split(seed, len(sizes) - 1)
    for l, (n_before, n) in enumerate(pairwise(sizes), start=1):
        W = _weights(name, n, n_before, keys[l - 1], scale, dtype)
        parameters[f"W{l}"] = W  # (n_l, n_{l−1})
        parameters[f"b{l}"] = jnp.zeros((n, 1), dtype)  # (n_l, 1)
    return parameters


def _weights(
    name: str, n: int, n_before: int, key: jax.Array, scale: float | None, dtype: str
) -> jax.Array:
    if name == "zeros":
        return jnp.zeros((n, n_before), dtype)
    if name == "constant":
        return jnp.full((n, n_before), 0.5 if scale is None else scale, dtype)
    deviation = {
        "normal": 0.01 if scale is None else scale,
        "he": (2 / n_before) ** 0.5,
        "xavier": (2 / (n_before + n)) ** 0.5,
    }[name]
    return jax.random.normal(key, (n, n_before), dtype) * deviation
