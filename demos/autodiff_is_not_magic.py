"""Autodiff is not magic: the gradient of a cross-entropy along z, by four formulas and by hand.

One loss, written in ways that are equal on paper; JAX derives each, in float32.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backproof.manual.activations import sigmoid

Y = 0.0
CLIP = 1e-7


def naive(z: Any) -> Any:
    """−y log a − (1 − y) log(1 − a), a = σ(z)."""
    a = 1 / (1 + jnp.exp(-z))
    return -Y * jnp.log(a) - (1 - Y) * jnp.log(1 - a)


def clipped(z: Any) -> Any:
    """The same, with a clipped away from 0 and 1."""
    a = jnp.clip(1 / (1 + jnp.exp(-z)), CLIP, 1 - CLIP)
    return -Y * jnp.log(a) - (1 - Y) * jnp.log(1 - a)


def with_maximum(z: Any) -> Any:
    """max(z, 0) − z y + log(1 + e^−|z|)."""
    return jnp.maximum(z, 0) - z * Y + jnp.log1p(jnp.exp(-jnp.abs(z)))


def with_softplus(z: Any) -> Any:
    """y softplus(−z) + (1 − y) softplus(z)."""
    return Y * jax.nn.softplus(-z) + (1 - Y) * jax.nn.softplus(z)


FORMULAS = {
    "naive": naive,
    "clipped": clipped,
    "maximum": with_maximum,
    "softplus": with_softplus,
}


def measure() -> dict[str, Any]:
    """Return dL/dz by each formula and by hand, a − y, along z."""
    z = np.linspace(-110, 110, 441, dtype=np.float32)
    curves = {name: np.asarray(jax.vmap(jax.grad(of))(z)) for name, of in FORMULAS.items()}
    by_hand = sigmoid(z[None])[0] - np.float32(Y)
    truth = 1 / (1 + np.exp(-np.float64(z))) - Y
    at_zero = {name: float(curve[z == 0].item()) for name, curve in curves.items()}
    return {"z": z, "curves": curves, "hand": by_hand, "truth": truth, "at 0": at_zero}


def lesson(data: dict[str, Any]) -> str:
    """Each formula has a derivative of its own in rounding, and one a wrong point."""
    z, curves = data["z"], data["curves"]
    lost = float(z[(z > 0) & ~np.isfinite(curves["naive"])].min())
    far = float(z[(z < 0) & ~np.isfinite(curves["naive"])].max())
    low = float(z[(z < 0) & ~np.isfinite(curves["clipped"])].max())
    flat = float(z[(z > 0) & (curves["clipped"] == 0)].min())
    return (
        "Autodiff derives the formula that it is given: of one loss it gives no finite number from "
        f"z = {lost:g} on and up to z = {far:g} (naive), 0 from z = {flat:g} on and none up to "
        f"z = {low:g} (clipped), and {data['at 0']['maximum']:g} in place of 0.5 at z = 0 "
        "(maximum); a − y by hand is right everywhere, as softplus is."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """All curves, one below the other."""
    axes = figure.subplots(len(FORMULAS), 1, sharex=True)
    for axis, (name, curve) in zip(axes, data["curves"].items(), strict=True):
        axis.plot(data["z"], data["hand"], color="#e4a000", lw=5, alpha=0.5, label="a − y, by hand")
        axis.plot(data["z"], curve, color="#0072B2", lw=1.5, label=f"autodiff of {name}")
        nan = ~np.isfinite(curve)
        if np.any(nan):
            axis.fill_between(
                data["z"], -0.1, 1.1, where=nan, color="#D55E00", alpha=0.3, label="NaN"
            )
        off = (data["z"] == 0) & (np.abs(curve - data["hand"]) > 0.01)
        axis.plot(data["z"][off], curve[off], "o", color="#D55E00")
        axis.set(ylim=(-0.1, 1.1), ylabel="dL/dz")
        axis.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(0.18, 0.55))
    axes[-1].set_xlabel("z, with y = 0")
