"""The activation zoo: g and g′, and how far NumPy and XLA are apart.

sigmoid, tanh, ReLU, leaky ReLU (S15 to S17, S26), in float32, in units in the last place.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backproof import autodiff, manual

NAMES = ("sigmoid", "tanh", "relu", "leaky_relu")
SLOPE = 0.1


def measure() -> dict[str, Any]:
    """Return g and g′ along z, and the largest distance of NumPy and XLA in ulp."""
    z = np.linspace(-5, 5, 401, dtype=np.float32)[None]
    found = {}
    for name in NAMES:
        g, g_prime = manual.activations.activation(name, SLOPE)
        A = g(z)
        by_xla = jax.jit(autodiff.activations.activation(name, SLOPE))
        other = np.asarray(by_xla(z))
        slopes = np.asarray(jax.vmap(jax.grad(by_xla))(jnp.asarray(z[0])))
        by_hand = g_prime(z, A)[0]
        found[name] = {
            "g": A[0],
            "g_prime": by_hand,
            "ulp": float((np.abs(A - other) / np.spacing(np.abs(other))).max()),
            "slope ulp": float(
                (np.abs(g_prime(z, A)[0] - slopes) / np.spacing(np.abs(slopes))).max()
            ),
        }
    return {"z": z[0], "activations": found}


def lesson(data: dict[str, Any]) -> str:
    """Elementary functions are not the same everywhere."""
    found = data["activations"]
    of = ", ".join(f"{name} {found[name]['ulp']:.0f}" for name in NAMES)
    return (
        "NumPy and XLA do not compute the same tanh: their values are up to so many ulp apart: "
        f"{of}; g′ from A, as one derives it, is up to "
        f"{found['sigmoid']['slope ulp']:.0f} ulp from autodiff's for sigmoid."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """A panel for every activation."""
    for axis, (name, one) in zip(
        figure.subplots(2, 2, sharex=True).flat, data["activations"].items(), strict=True
    ):
        axis.plot(data["z"], one["g"], color="#0072B2", label="g")
        axis.plot(data["z"], one["g_prime"], color="#D55E00", label="g′")
        axis.axhline(0, color="#e4e4e4", zorder=0)
        axis.set(title=f"{name}: NumPy and XLA {one['ulp']:.0f} ulp apart", ylim=(-1.2, 2))
        axis.legend(frameon=False, fontsize=8)
