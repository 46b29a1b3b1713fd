"""relu′(0), three answers: 0, ½ and 1 are all chosen, and all stand.

The notes take 1; of JAX's three ways to write ReLU each gives another (S26, S27).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backproof.compare import Pair, judge
from backproof.manual.activations import relu, relu_prime

WAYS = {
    "where(z ≥ 0, z, 0)": lambda z: jnp.where(z >= 0, z, 0.0),
    "maximum(z, 0)": lambda z: jnp.maximum(z, 0.0),
    "jax.nn.relu(z)": jax.nn.relu,
}


def measure() -> dict[str, Any]:
    """Return g′(0) by hand and by each way, and the verdict on 1 against each."""
    zero = np.zeros((1, 1))
    found, verdicts = {}, {}
    for words, g in WAYS.items():
        found[words] = float(jax.grad(g)(0.0))
        pair = Pair(lambda Z: relu_prime(Z, relu(Z)), lambda Z, g=g: jnp.sum(g(Z)), {"Z": "n, m"})
        finding = judge(pair, Z=zero).of("dZ")
        verdicts[words] = finding.verdict
    hand = float(relu_prime(zero, relu(zero)).item())
    return {"hand": hand, "ways": found, "verdicts": verdicts}


def lesson(data: dict[str, Any]) -> str:
    """A choice, and no mistake."""
    ways = ", ".join(f"{words} gives {value:g}" for words, value in data["ways"].items())
    return (
        f"At 0 the derivative of ReLU is a choice between 0 and 1: by hand it is {data['hand']:g}, "
        f"{ways}; what differs is a kink, and nobody is wrong."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """ReLU with its slopes at 0."""
    axis = figure.subplots()
    z = np.linspace(-1, 1, 201)
    axis.plot(z, np.maximum(z, 0), color="black", lw=2)
    for (words, slope), colour in zip(
        data["ways"].items(), ("#0072B2", "#009E73", "#D55E00"), strict=True
    ):
        axis.plot(z, slope * z, "--", color=colour, lw=1.5, label=f"{words}: slope {slope:g}")
    axis.axhline(0, color="#e4e4e4", zorder=0)
    axis.axvline(0, color="#e4e4e4", zorder=0)
    axis.set(xlabel="z", ylabel="relu(z), and lines with its slope at 0", ylim=(-0.6, 1))
    axis.legend(frameon=False, loc="upper left")
