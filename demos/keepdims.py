"""keepdims: (4, 1) − (4,) is a square.

A sum without keepdims is a rank-1 array; NumPy broadcasts it along the other axis (S31).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.manual import descent

UNITS = 4


def measure() -> dict[str, Any]:
    """Return b − α db with and without keepdims, and what our update says to the latter."""
    random = np.random.default_rng(0)
    dZ, b, m = random.standard_normal((UNITS, 6)), random.standard_normal((UNITS, 1)), 6
    kept, lost = dZ.sum(axis=1, keepdims=True) / m, dZ.sum(axis=1) / m
    said = ""
    try:
        descent.update({"b1": b}, {"db1": lost}, 0.1)
    except ValueError as error:
        said = str(error)
    return {"b": b, "kept": b - 0.1 * kept, "lost": b - 0.1 * lost, "said": said}


def lesson(data: dict[str, Any]) -> str:
    """A bias becomes a matrix."""
    return (
        f"Without keepdims a bias of shape {data['b'].shape} becomes a matrix of shape "
        f"{data['lost'].shape} in one step of descent, without an error; only its diagonal is what "
        f"was meant. Our update refuses: {data['said'].partition(';')[0]}."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """b, and b after a step, with and without keepdims."""
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 4))
    largest = max(abs(data["lost"]).max(), abs(data["b"]).max())
    titles = {"b": "b", "kept": "b − α db", "lost": "the same without keepdims"}
    for axis, (name, title) in zip(axes, titles.items(), strict=True):
        array = data[name]
        axis.imshow(array, cmap="RdBu_r", vmin=-largest, vmax=largest, alpha=0.8)
        for place, value in np.ndenumerate(array):
            right = name != "lost" or place[0] == place[1]
            axis.text(
                place[1],
                place[0],
                f"{value:.3f}",
                ha="center",
                va="center",
                fontsize=8,
                fontweight="bold" if right else "normal",
                color="white" if abs(value) > 0.6 * largest else "black",
            )
        axis.set(title=f"{title}\n{array.shape}", xticks=[], yticks=[])
