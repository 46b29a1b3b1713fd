"""Spot the bug: a wrong gradient that trains as well as the right one.

The activation's derivative is left out of dZ1. Heatmaps show where, training does not.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from backproof.compare.builtin import Network
from backproof.compare.search import search
from backproof.manual import descent, shallow
from backproof.manual.initializers import initialize

STEPS, RATE = 300, 0.5


def forgetful(parameters: Any, X: Any, Y: Any) -> tuple[Any, Any, Any]:
    """The shallow network's pass without tanh's derivative in dZ1."""
    J, cache, d = shallow.gradients(parameters, X, Y)
    dZ1, m = d["dA1"], X.shape[1]
    wrong = {"dZ1": dZ1, "dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m}
    return J, cache, d | wrong


def measure() -> dict[str, Any]:
    """Return both dW1, what is said of the wrong one, and both trainings."""
    random = np.random.default_rng(3)
    X = random.standard_normal((2, 200))
    Y = (X[:1] + X[1:] > 0).astype(float)
    start = initialize("xavier", (2, 4, 1), seed=1)
    right, wrong = (of(start, X, Y)[2]["dW1"] for of in (shallow.gradients, forgetful))

    def hand(parameters: Any, X: Any, Y: Any) -> Any:
        J, cache, d = forgetful(parameters, X, np.asarray(Y, X.dtype))
        return {"J": J, **cache, **d}

    pair = replace(Network("forgetful", "shallow", ("tanh",)).pair(hand), wrt="parameters")
    story = search(pair).story
    assert story is not None
    runs = {}
    for name, of in (("right", shallow.gradients), ("wrong", forgetful)):
        end = descent.gradient_descent(partial(of, X=X, Y=Y), start, RATE, STEPS)
        A2 = shallow.forward(end.parameters, X)["A2"]
        runs[name] = {"costs": end.costs, "accuracy": descent.accuracy(A2, Y)}
    return {
        "right": right,
        "wrong": wrong,
        "line": story.first.quantity,
        "why": story.why,
        "runs": runs,
    }


def lesson(data: dict[str, Any]) -> str:
    """Accuracy is no proof."""
    right, wrong = (data["runs"][name]["accuracy"] for name in ("right", "wrong"))
    return (
        f"Accuracy is no proof of a gradient: the wrong one trains to {wrong:.1%}, the right one "
        f"to {right:.1%}; held against autodiff, {data['line']} is wrong: {data['why']}."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """dW1 right, wrong and their ratio; below, the two trainings."""
    grid = figure.add_gridspec(2, 3, height_ratios=(1, 1.4))
    ratio = data["wrong"] / data["right"]
    shown = (("dW1, right", data["right"]), ("dW1, wrong", data["wrong"]), ("wrong ÷ right", ratio))
    largest = max(abs(data["right"]).max(), abs(data["wrong"]).max())
    for j, (title, array) in enumerate(shown):
        axis = figure.add_subplot(grid[0, j])
        limit = largest if j < 2 else abs(ratio).max()
        axis.imshow(array, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
        for place, value in np.ndenumerate(array):
            colour = "white" if abs(value) > 0.6 * limit else "black"
            text = {"ha": "center", "va": "center", "fontsize": 8, "color": colour}
            axis.text(place[1], place[0], f"{value:.2g}", **text)
        axis.set(title=title, xticks=[], yticks=[])
    axis = figure.add_subplot(grid[1, :])
    for name, colour in (("right", "#0072B2"), ("wrong", "#D55E00")):
        run = data["runs"][name]
        label = f"{name}: accuracy {run['accuracy']:.1%}"
        axis.plot(run["costs"], color=colour, label=label)
    axis.set(xlabel="step", ylabel="cost J", ylim=(0, None))
    axis.legend(frameon=False)
