"""Learning curves: tanh against sigmoid, and ReLU against both.

The same data, sizes and steps; the activation differs, and ReLU starts from He (S16 to S19).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from backproof.demos.symmetry import data_of
from backproof.manual import deep, descent
from backproof.manual.initializers import initialize

NAMES = ("sigmoid", "tanh", "relu")
STEPS, RATE, SEEDS = 400, 0.3, 5
SIZES = (2, 8, 8, 8, 1)


def measure() -> dict[str, Any]:
    """Return the median cost over some starts, of each activation in three hidden layers."""
    X, Y = data_of()
    costs = {}
    for name in NAMES:
        runs = []
        for seed in range(SEEDS):
            start = initialize("he" if name == "relu" else "xavier", SIZES, seed=seed)
            layers = (name,) * (len(SIZES) - 2) + ("sigmoid",)
            of = partial(deep.gradients, X=X, Y=Y, activations=layers)
            runs.append(descent.gradient_descent(of, start, RATE, STEPS).costs)
        costs[name] = np.median(runs, axis=0)
    majority = float(Y.mean())
    guess = -(majority * np.log(majority) + (1 - majority) * np.log(1 - majority))
    return {"costs": costs, "guess": float(guess)}


def lesson(data: dict[str, Any]) -> str:
    """Zero-centred, and a slope that does not vanish."""
    ends = {name: float(costs[-1]) for name, costs in data["costs"].items()}
    return (
        f"In three hidden layers, {STEPS} steps bring the cost to {ends['tanh']:.2f} with tanh and "
        f"{ends['relu']:.2f} with ReLU; with sigmoid, whose slope is at most ¼, it is still "
        f"{ends['sigmoid']:.2f}, where guessing costs {data['guess']:.2f}."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """The three curves."""
    axis = figure.subplots()
    for (name, costs), colour in zip(
        data["costs"].items(), ("#D55E00", "#0072B2", "#009E73"), strict=True
    ):
        axis.plot(costs, color=colour, label=name)
    axis.axhline(data["guess"], color="#6b6b6b", ls=":", label="guessing the share of labels")
    axis.set(xlabel="step", ylabel=f"cost J, median of {SEEDS} starts", ylim=(0, None))
    axis.legend(frameon=False)
