"""Values for a shape: kinds of numbers, kinds of labels, memory layouts, all made from a seed.

Hypothesis draws the shape, the kinds and a seed; the arrays come from the seed, which is faster
than drawing them entry by entry, and prints as one line. Every number is representable in
float32, so that both precisions are given the same problem, and none is subnormal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backproof.compare.shapes import Shape

KINDS = ("unit", "integers", "tiny", "large", "zeros", "one_hot", "mixed")
MODERATE = ("unit", "integers", "tiny", "zeros", "one_hot")
FLOAT_LABELS = ("soft", "hard")
LABELS = (*FLOAT_LABELS, "bool", "uint8")
ORDERS = ("C", "F", "strided", "read_only")


@dataclass(frozen=True)
class Example:
    """One problem, in one line: enough to make its arrays again."""

    shape: Shape
    hidden: tuple[str, ...]
    slope: float
    dtype: str
    seed: int
    data: str = "unit"
    weights: str = "unit"
    labels: str = "soft"
    order: str = "C"

    def __str__(self) -> str:
        sides = ["n_x", *(f"n_{l}" for l in range(1, len(self.shape) - 2)), "n_y", "m"]
        shape = " ".join(f"{side}={n}" for side, n in zip(sides, self.shape, strict=True))
        hidden = f" hidden={','.join(self.hidden)}" if self.hidden else ""
        slope = f" slope={self.slope}" if self.slope != 0.01 else ""
        return (
            f"{shape}{hidden}{slope} {self.dtype} X={self.data} W={self.weights} "
            f"Y={self.labels} order={self.order} seed={self.seed}"
        )


class Problem(NamedTuple):
    """The arrays of one example: parameters, X (n_x, m) and Y (n_y, m)."""

    parameters: dict[str, NDArray[Any]]
    X: NDArray[Any]
    Y: NDArray[Any]


def variants(
    example: Example, kinds: tuple[str, ...], labels: tuple[str, ...]
) -> Iterator[Example]:
    """Yield the example once with each kind of data, and with ever other weights and labels."""
    for i, data in enumerate(kinds):
        turn = i + example.seed
        yield replace(
            example,
            data=data,
            weights=kinds[turn % len(kinds)],
            labels=labels[turn % len(labels)],
            order=ORDERS[(i + example.seed // len(ORDERS)) % len(ORDERS)],
        )


def problem(example: Example, *, logistic: bool = False, moderate: bool = False) -> Problem:
    """Make the arrays of `example`.

    `logistic`: the parameters are w (n_x, 1) and b (1, 1). `moderate`: the rows of every W are
    scaled to Σ|w| ≤ 1 and b to an eighth, so that no logit is much larger than the data.
    """
    *sizes, m = example.shape
    random = np.random.default_rng((example.seed, *example.shape))
    parameters: dict[str, NDArray[Any]] = {}
    for l, (n_before, n) in enumerate(pairwise(sizes), start=1):
        W = numbers(example.weights, (n, n_before), random)
        b = numbers(example.weights, (n, 1), random)
        if moderate:
            W /= 2 ** np.ceil(np.log2(np.maximum(1, np.abs(W).sum(axis=1, keepdims=True))))
            b /= 8
        parameters |= {f"W{l}": W, f"b{l}": b}
    if logistic:
        parameters = of_unit(parameters)
    X = numbers(example.data, (sizes[0], m), random)
    Y = labels(example.labels, (sizes[-1], m), random)
    if Y.dtype.kind == "f":
        Y = Y.astype(example.dtype)
    return Problem(
        {name: arranged(V.astype(example.dtype), example.order) for name, V in parameters.items()},
        arranged(X.astype(example.dtype), example.order),
        arranged(Y, example.order),
    )


def of_unit(parameters: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the parameters of one layer with one unit as logistic regression names them."""
    return {"w": parameters["W1"].T, "b": parameters["b1"]}


def numbers(kind: str, shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.float64]:
    """Make an array of one of the KINDS; every entry is a float32 number.

    unit: standard normal; integers: −3 … 3; tiny: unit × 2⁻²⁰; large: unit × 64, which saturates
    sigmoid and tanh; one_hot: one 1 in each column; mixed: unit × 2⁻⁸ … 2⁸, entry by entry.
    """
    if kind == "zeros":
        return np.zeros(shape)
    if kind == "integers":
        return random.integers(-3, 4, shape).astype(np.float64)
    if kind == "one_hot":
        return np.eye(shape[0])[:, random.integers(shape[0], size=shape[1])]
    unit = random.standard_normal(shape).astype(np.float32).astype(np.float64)
    power = random.integers(-8, 9, shape) if kind == "mixed" else 0
    return unit * {"unit": 1, "tiny": 2.0**-20, "large": 64, "mixed": 2.0**power}[kind]


def labels(kind: str, shape: tuple[int, int], random: np.random.Generator) -> NDArray[Any]:
    """Make labels of one of the LABELS, or "real" ones for regression.

    soft: strictly between 0 and 1; hard: 0.0 and 1.0; bool and uint8: 0 and 1 in that dtype.
    """
    if kind == "real":
        return numbers("unit", shape, random)
    if kind == "soft":
        return random.integers(1, 2**10, shape) / 2**10
    zeros_and_ones = random.integers(0, 2, shape)
    return zeros_and_ones.astype({"hard": "float64", "bool": "bool", "uint8": "uint8"}[kind])


def arranged(array: NDArray[Any], order: str) -> NDArray[Any]:
    """Return the same values in one of the memory ORDERS."""
    if order == "strided":
        wide = np.zeros((2 * array.shape[0], 3 * array.shape[1]), array.dtype)
        wide[::2, ::-3] = array
        return wide[::2, ::-3]
    array = np.array(array, order="F" if order == "F" else "C")
    array.flags.writeable = order != "read_only"
    return array
