"""Initial scale: a large W saturates tanh, a small one hardly moves.

W1 = scale × normal numbers: tanh's slope at the start, and what 200 steps do (S19, S40).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from backproof.demos.symmetry import data_of
from backproof.manual import descent, shallow
from backproof.manual.activations import tanh_prime
from backproof.manual.initializers import initialize

SCALES = (0.01, 0.1, 1.0, 10.0, 100.0)
STEPS, RATE = 200, 0.5


def measure() -> dict[str, Any]:
    """Return, for every scale, the mean of tanh′ at the start, and the costs."""
    X, Y = data_of()
    slopes, costs = [], []
    for scale in SCALES:
        start = initialize("normal", (2, 8, 1), seed=2, scale=scale)
        start["W2"] = initialize("xavier", (2, 8, 1), seed=2)["W2"]  # only the hidden layer differs
        cache = shallow.forward(start, X)
        slopes.append(float(tanh_prime(cache["Z1"], cache["A1"]).mean()))
        end = descent.gradient_descent(partial(shallow.gradients, X=X, Y=Y), start, RATE, STEPS)
        costs.append(end.costs)
    return {"scales": list(SCALES), "slopes": slopes, "costs": costs}


def lesson(data: dict[str, Any]) -> str:
    """The slope gets small, not large."""
    slopes, ends = data["slopes"], [costs[-1] for costs in data["costs"]]
    return (
        f"Where W is large the slope is small: tanh′ is {slopes[2]:.2f} on average at scale 1 and "
        f"{slopes[-1]:.3f} at scale 100; {STEPS} steps bring the cost to {ends[2]:.2f} and to "
        f"{ends[-1]:.2f}. Small is slow as well: {ends[0]:.2f} at scale {SCALES[0]:g}."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """Slopes at the start, and the costs."""
    left, right = figure.subplots(1, 2)
    colours = ("#56B4E9", "#0072B2", "#009E73", "#E69F00", "#D55E00")
    left.bar(range(len(SCALES)), data["slopes"], color=colours)
    left.set(ylabel="mean of tanh′(Z1) at the start", xlabel="scale of W1")
    left.set_xticks(range(len(SCALES)), [f"{scale:g}" for scale in data["scales"]])
    for scale, costs, colour in zip(data["scales"], data["costs"], colours, strict=True):
        dashes = "--" if scale == SCALES[1] else "-"  # it lies on the one before
        right.plot(costs, dashes, color=colour, label=f"scale {scale:g}")
    right.set(xlabel="step", ylabel="cost J", ylim=(0, None))
    right.legend(frameon=False, fontsize=8)
