"""Six equations: every gradient of the shallow network, by hand and by autodiff.

dZ2, dW2, db2, dZ1, dW1, db1 (S33), each as a picture by hand, by autodiff, and their difference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.compare.builtin import Network
from backproof.compare.walk import walk

NAMES = ("dZ2", "dW2", "db2", "dZ1", "dW1", "db1")


def measure() -> dict[str, Any]:
    """Return each gradient by hand and by autodiff, and the most used of what rounding allows."""
    network = Network("shallow", "shallow", ("tanh",))
    pair = network.pair()
    example = pair.example("n_x=3,n_1=4,n_y=2,m=5,seed=1")
    arguments = pair.arguments(example)
    hand, by_autodiff = pair.hand(**arguments), pair.reference.program(**arguments)[2]
    steps = [s for s in walk(pair, example, network).steps if s.finding.quantity in NAMES]
    return {
        "hand": {name: np.asarray(hand[name]) for name in NAMES},
        "autodiff": {name: np.asarray(by_autodiff[name]) for name in NAMES},
        "equations": {s.finding.quantity: s.equation for s in steps},
        "used": max(s.finding.used for s in steps),
        "verdicts": [s.finding.verdict for s in steps],
    }


def lesson(data: dict[str, Any]) -> str:
    """All six agree."""
    return (
        "Six equations, written from the chain rule, give what autodiff gives: "
        f"no entry is further off than {data['used']:.0%} of what "
        "rounding allows."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """One column for every equation: by hand, by autodiff, the difference."""
    axes = figure.subplots(3, len(NAMES), squeeze=False)
    for j, name in enumerate(NAMES):
        one, other = data["hand"][name], data["autodiff"][name]
        largest = max(abs(one).max(), abs(other).max())
        rows = (("by hand", one), ("autodiff", other), ("difference", one - other))
        for i, (label, array) in enumerate(rows):
            axis = axes[i][j]
            axis.imshow(array, cmap="RdBu_r", vmin=-largest, vmax=largest)
            axis.set_xticks([])
            axis.set_yticks([])
            if i == 0:
                axis.set_title(f"{name} {array.shape}", fontsize=9)
            if j == 0:
                axis.set_ylabel(label)
    equations = [f"{name} = {data['equations'][name]}" for name in NAMES]
    figure.supxlabel(
        "\n".join("     ".join(equations[i : i + 2]) for i in (0, 2, 4)),
        fontsize=8,
        family="monospace",
    )
