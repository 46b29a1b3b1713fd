"""Linear layers: without a non-linearity, any depth is logistic regression.

W3 (W2 (W1 x + b1) + b2) + b3 is one affine map, W′ x + b′ (S24); parameters side by side.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from backproof.manual import deep, descent, logistic
from backproof.manual.initializers import initialize

STEPS, RATE = 4000, 0.5


def measure() -> dict[str, Any]:
    """Return W′ and b′ of a trained linear network beside w and b of logistic regression."""
    random = np.random.default_rng(1)
    X = random.standard_normal((3, 150))
    wanted = np.array([[1.0, -2.0, 0.5]])
    Y = (wanted @ X + 0.3 + random.standard_normal((1, 150)) > 0).astype(float)
    layers = ("identity", "identity", "sigmoid")
    start = initialize("xavier", (3, 4, 3, 1), seed=0)
    of_deep = partial(deep.gradients, X=X, Y=Y, activations=layers)
    p = descent.gradient_descent(of_deep, start, RATE, STEPS).parameters
    W = p["W3"] @ p["W2"] @ p["W1"]
    b = p["W3"] @ (p["W2"] @ p["b1"] + p["b2"]) + p["b3"]
    unit: dict[str, Any] = {"w": np.zeros((3, 1)), "b": np.zeros((1, 1))}
    of_unit = partial(logistic.gradients, X=X, Y=Y)
    q = descent.gradient_descent(of_unit, unit, RATE, STEPS).parameters
    A3 = deep.forward(p, X, layers)["A3"]
    collapsed = logistic.forward({"w": W.T, "b": b}, X)["A"]
    return {
        "deep": [*W.ravel().tolist(), b.item()],
        "logistic": [*q["w"].ravel().tolist(), q["b"].item()],
        "same function": float(np.abs(A3 - collapsed).max()),
        "parameters": sum(V.size for V in p.values()),
    }


def lesson(data: dict[str, Any]) -> str:
    """Three layers, one affine map."""
    apart = max(abs(a - b) for a, b in zip(data["deep"], data["logistic"], strict=True))
    return (
        f"Without a non-linearity three layers with {data['parameters']} parameters are one affine "
        f"map: W′x + b′ gives their output to {data['same function']:.0e}, and after training W′ "
        f"and b′ are those of logistic regression to {apart:.0e}."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """The four numbers of each, side by side."""
    axis = figure.subplots()
    places, names = np.arange(4), ("w₁", "w₂", "w₃", "b")
    axis.bar(places - 0.2, data["deep"], 0.38, color="#0072B2", label="W3 W2 W1 and b′")
    axis.bar(places + 0.2, data["logistic"], 0.38, color="#E69F00", label="logistic regression")
    for x, values in ((places - 0.2, data["deep"]), (places + 0.2, data["logistic"])):
        for place, value in zip(x, values, strict=True):
            axis.annotate(
                f"{value:.3f}",
                (place, value),
                xytext=(0, 2 if value > 0 else -2),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                va="bottom" if value > 0 else "top",
            )
    axis.axhline(0, color="black", lw=0.8)
    axis.set_xticks(places, names)
    axis.margins(y=0.12)
    axis.legend(frameon=False)
