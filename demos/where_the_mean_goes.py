"""Where 1/m goes: dZ and dA are per example, dW and db belong to the cost.

What autodiff gives for the cost J, divided by what the notes call by the same name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof import manual
from backproof.autodiff.derive import derive
from backproof.compare.builtin import Network, network_shapes
from backproof.manual.initializers import initialize

EXAMPLES = (1, 2, 3, 5, 8, 13)
NAMES = ("dZ2", "dA1", "dZ1", "dW2", "db2", "dW1", "db1")


def measure() -> dict[str, Any]:
    """Return, for every m, autodiff's derivative of J as a multiple of the notes' gradient."""
    network = Network("shallow", "shallow", ("tanh",))
    program = derive(network.cost, network_shapes(2), wrt=["parameters"])
    random = np.random.default_rng(0)
    ratios: dict[str, list[float]] = {name: [] for name in NAMES}
    for m in EXAMPLES:
        parameters = initialize("xavier", (3, 4, 2), seed=random)
        X, Y = random.standard_normal((3, m)), random.random((2, m))
        by_hand = manual.shallow.gradients(parameters, X, Y)[2]
        of_cost = program(parameters=parameters, X=X, Y=Y)[2]
        for name in NAMES:
            ratios[name].append(float(np.median(of_cost[name] / by_hand[name])))
    return {"m": list(EXAMPLES), "ratios": ratios}


def lesson(data: dict[str, Any]) -> str:
    """1/m enters once."""
    m, ratios = data["m"][-1], data["ratios"]
    return (
        f"1/m enters once, into dW and db: with m = {m}, autodiff's derivative of J by Z1 is "
        f"{ratios['dZ1'][-1]:.4f} = 1/{m} of dZ1; by W1 it is {ratios['dW1'][-1]:.4f} of dW1."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """Two curves: 1/m, and 1."""
    axis = figure.subplots()
    groups = {"dZ2, dA1, dZ1: per example": NAMES[:3], "dW2, db2, dW1, db1: of J": NAMES[3:]}
    for (label, names), marker, colour in zip(
        groups.items(), "os", ("#D55E00", "#0072B2"), strict=True
    ):
        for name in names:
            axis.plot(data["m"], data["ratios"][name], marker, color=colour, ms=7, alpha=0.6)
        last = data["ratios"][names[0]][-1]
        axis.annotate(
            label,
            (data["m"][-1], last),
            xytext=(-6, 16),
            textcoords="offset points",
            ha="right",
            color=colour,
        )
    m = np.linspace(1, data["m"][-1], 200)
    axis.plot(m, 1 / m, color="#D55E00", lw=1)
    axis.axhline(1, color="#0072B2", lw=1)
    axis.set(
        xlabel="m, the number of examples",
        ylim=(0, 1.15),
        ylabel="autodiff's derivative of J ÷ the notes' gradient",
    )
