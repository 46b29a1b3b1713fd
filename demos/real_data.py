"""Real data both ways: trajectories by hand and by autodiff, on top of one another.

Breast cancer, diabetes and digits, 200 steps from the same start, by NumPy and by XLA.
"""

from __future__ import annotations

from typing import Any

from backproof.compare.builtin import NETWORKS
from backproof.compare.dataset import load
from backproof.compare.training import train

SETS = {
    "breast-cancer": "shallow-tanh-sigmoid-cross_entropy",
    "digits": "shallow-tanh-sigmoid-cross_entropy",
    "diabetes": "shallow-tanh-identity-half_squared_error",
}


def measure() -> dict[str, Any]:
    """Return, for every set, costs by both sides, how far apart the parameters came, and scores."""
    found = {}
    for name, pair in SETS.items():
        report = train(NETWORKS[pair].pair(), load(name), seed=0)
        found[name] = {
            "agrees": report.agrees,
            "apart": report.difference,
            "scores": report.scores,
            "kind": "accuracy" if report.has_classes else "cost",
            "costs": report.costs,
        }
    return found


def lesson(data: dict[str, Any]) -> str:
    """Two derivations, one trajectory."""
    of = "; ".join(
        f"{name} {one['apart']:.2g} eps apart, {one['kind']} {one['scores'][0]:.3f} and "
        f"{one['scores'][1]:.3f}"
        for name, one in data.items()
    )
    return f"Two hundred steps by hand and by autodiff go the same way: {of}."


def draw(data: dict[str, Any], figure: Any) -> None:
    """Costs on top of one another."""
    axes = figure.subplots(1, len(data))
    axes[0].set_ylabel("cost J")
    for axis, (name, one) in zip(axes, data.items(), strict=True):
        by_hand, by_autodiff = zip(*one["costs"], strict=True)
        axis.plot(by_hand, color="#E69F00", lw=5, alpha=0.6, label="by hand")
        axis.plot(by_autodiff, color="#0072B2", lw=1.2, label="by autodiff")
        axis.set(title=f"{name}\n{one['apart']:.2g} eps apart", xlabel="step", ylim=(0, None))
        axis.legend(frameon=False, fontsize=8)
