"""Planar data: a flower, and what hidden layers of several sizes make of it.

Petals of two classes alternate around the origin; the network is that of `manual.planar`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.manual import planar
from backproof.manual.descent import accuracy

HIDDEN = (1, 2, 4, 20)
POINTS, PETALS, ITERATIONS = 400, 6, 3000
EXTENT = 1.15


def flower(points: int = POINTS, seed: int = 0) -> tuple[Any, Any]:
    """Return X (2, points) on petals around the origin, and Y (1, points): 0 and 1 in turns."""
    random = np.random.default_rng(seed)
    petal = np.arange(points) % PETALS
    across = random.uniform(-1, 1, points)  # the petal, from edge to edge
    angle = (petal + 0.5 + 0.42 * across) * 2 * np.pi / PETALS
    radius = np.cos(across * np.pi / 2) * random.uniform(0.25, 1, points)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)]), petal[None] % 2


def measure() -> dict[str, Any]:
    """Return the data, and for every size of the hidden layer the accuracy and the regions."""
    X, Y = flower()
    side = np.linspace(-EXTENT, EXTENT, 120)
    plane = np.stack([axis.ravel() for axis in np.meshgrid(side, side)])
    found = {}
    for n_h in HIDDEN:
        parameters = planar.nn_model(X, Y, n_h, ITERATIONS)
        A2, _ = planar.forward_propagation(X, parameters)
        regions = planar.predict(parameters, plane).reshape(len(side), -1)
        found[n_h] = {"accuracy": accuracy(A2, Y.astype(float)), "regions": regions}
    return {"X": X, "Y": Y, "hidden": found}


def lesson(data: dict[str, Any]) -> str:
    """Units cut the plane."""
    found = {n_h: one["accuracy"] for n_h, one in data["hidden"].items()}
    of = ", ".join(f"{n_h}: {share:.0%}" for n_h, share in found.items())
    return (
        "One line does not part a flower's petals, several do; right after "
        f"{ITERATIONS} steps, by the number of hidden units: {of}."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """The plane, coloured by what each network says."""
    for axis, (n_h, one) in zip(
        figure.subplots(2, len(HIDDEN) // 2).flat, data["hidden"].items(), strict=True
    ):
        axis.imshow(
            one["regions"],
            origin="lower",
            extent=(-EXTENT, EXTENT) * 2,
            cmap="coolwarm",
            alpha=0.35,
        )
        colours = np.where(data["Y"][0] == 1, "#b2182b", "#2166ac")
        axis.scatter(*data["X"], c=colours, s=9, lw=0)
        units = "1 unit" if n_h == 1 else f"{n_h} units"
        axis.set(title=f"{units}: {one['accuracy']:.0%}", xticks=[], yticks=[])
