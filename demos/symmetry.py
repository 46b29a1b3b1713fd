"""Symmetry: hidden units that start alike stay alike.

Five starts of the same network on the same data, labels unbalanced (S30, S37 to S39).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from backproof.manual import descent, shallow
from backproof.manual.initializers import initialize

STEPS, RATE, UNITS = 1500, 1.0, 4


def data_of(seed: int = 0) -> tuple[Any, Any]:
    """Points around a circle; one in five is inside, and has label 1."""
    random = np.random.default_rng(seed)
    angle, inside = random.uniform(0, 2 * np.pi, 240), random.random(240) < 0.2
    radius = np.where(inside, 0.6 * random.random(240), 1 + 0.4 * random.random(240))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)]), inside[None].astype(float)


def starts() -> dict[str, Any]:
    """Return parameters by the name of their start."""
    sizes = (2, UNITS, 1)
    positive = initialize("zeros", sizes)
    random = np.random.default_rng(0)
    positive |= {name: random.random(positive[name].shape) for name in ("W1", "W2")}
    return {
        "zeros": initialize("zeros", sizes),
        "constant 0.5": initialize("constant", sizes, scale=0.5),
        "rand, all positive": positive,
        "randn × 0.01": initialize("normal", sizes, seed=0),
        "Xavier": initialize("xavier", sizes, seed=0),
    }


def measure() -> dict[str, Any]:
    """Return, for every start, how many hidden units differ at the end, costs and accuracy."""
    X, Y = data_of()
    found = {}
    for name, start in starts().items():
        end = descent.gradient_descent(partial(shallow.gradients, X=X, Y=Y), start, RATE, STEPS)
        units = np.hstack([end.parameters["W1"], end.parameters["b1"]])
        A2 = shallow.forward(end.parameters, X)["A2"]
        found[name] = {
            "different": len(np.unique(units.round(9), axis=0)),
            "costs": end.costs,
            "accuracy": descent.accuracy(A2, Y),
        }
    return {"starts": found, "majority": float(1 - Y.mean())}


def lesson(data: dict[str, Any]) -> str:
    """Units must differ."""
    starts = data["starts"]
    return (
        f"Units that start alike stay alike: from zeros and from a constant, {UNITS} hidden units "
        f"are {starts['zeros']['different']} and {starts['constant 0.5']['different']} after "
        f"{STEPS} steps ({starts['constant 0.5']['accuracy']:.0%}, where saying 0 always gives "
        f"{data['majority']:.0%}); from small normal numbers they are "
        f"{starts['randn × 0.01']['different']}, and reach "
        f"{starts['randn × 0.01']['accuracy']:.0%}."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """The cost from every start."""
    axis = figure.subplots()
    colours = ("#6b6b6b", "#D55E00", "#AA4499", "#0072B2", "#009E73")
    for (name, run), colour in zip(data["starts"].items(), colours, strict=True):
        units = "1 distinct unit" if run["different"] == 1 else f"{run['different']} distinct units"
        label = f"{name}: {units}, {run['accuracy']:.0%}"
        axis.plot(run["costs"], color=colour, label=label)
    axis.set(xlabel="step", ylabel="cost J", ylim=(0, None))
    axis.legend(frameon=False, fontsize=8)
