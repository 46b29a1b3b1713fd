"""Mistakes of derivatives: of an activation's, of a loss's, of a Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import numpy as np

from backproof.compare.line import MOST, Line, Wrong, fitted, rounding, units
from backproof.compare.values import Array


def slope_missing(line: Line) -> Wrong:
    """The derivative of the activation is missing: the upstream gradient is handed on as it is."""
    for name in line.successors:
        yield name, line.arrays[name]


def slope_twice(line: Line) -> Wrong:
    """The derivative of the activation is multiplied twice."""
    for name in line.successors:
        yield name, line.right * _slope(line, name)


def slope_assigned(line: Line) -> Wrong:
    """Where the slope is not 1, it is assigned in place of the upstream gradient times it."""
    for name in line.successors:
        slope = _slope(line, name)
        multiplied = np.abs(slope - 1) < 1e-9
        if np.any(multiplied):  # else the upstream gradient is ignored, which has its own row
            yield name, np.where(multiplied, line.right, slope)


def slope_of_another(line: Line) -> Wrong:
    """The derivative of another activation, or the right formula fed with the wrong value."""
    for name in line.successors:
        if not _is_elementwise(line, name):
            continue
        for value, words, slope in _slopes(line):
            if value != name:
                yield words, line.arrays[name] * slope


def slope_added(line: Line) -> Wrong:
    """An activation's derivative that has cancelled on paper is multiplied all the same."""
    Z = line.arrays.get(line.name[1:])
    if Z is None or Z.shape != line.right.shape:
        return
    with np.errstate(all="ignore"):
        squashed = {"1 − {}²": np.tanh(Z), "{}(1 − {})": 1 / (1 + np.exp(-Z))}
    for name, V in line.alike(line.right.shape, values=True):
        slopes = zip(squashed.items(), (1 - V**2, V * (1 - V)), strict=True)
        for (words, A), slope in slopes:
            if np.max(np.abs(V - A), initial=0) <= rounding(line.trial, A):
                yield words.format(name, name), line.right * slope


def mask_of_upstream(line: Line) -> Wrong:
    """ReLU's mask is taken from the upstream gradient, and not from what ReLU was given."""
    for name in line.successors:
        dA = line.arrays[name]
        yield name, dA * (dA > 0)


def diagonal_only(line: Line) -> Wrong:
    """Only the diagonal of the Jacobian: each output is taken to depend on its own input alone."""
    for name in line.successors:
        dS = line.arrays[name]
        if 1 < dS.size <= MOST:
            rows = np.array([line.given({name: e}).ravel() for e in units(dS)])
            if np.any(rows[~np.eye(dS.size, dtype=bool)]):
                yield name, dS * rows.diagonal().reshape(dS.shape)


def sum_missing(line: Line) -> Wrong:
    """Softmax's inputs compete: S ∗ (dS − Σ S ∗ dS), of which the sum is left out."""
    for name in line.successors:
        dS = line.arrays[name]
        for value, S in line.alike(dS.shape, values=True):
            for axis in range(dS.ndim):
                with_sum = S * (dS - (S * dS).sum(axis=axis, keepdims=True))
                if np.any(with_sum) and line.is_right(with_sum):
                    yield f"−{value} Σ {value} ∗ {name}", S * dS


def label_squared(line: Line) -> Wrong:
    """−(y/a)·y in place of −y/a: the same for labels 0 and 1, as y² = y."""
    for name, scale, A, Y, inner in _cross_entropies(line):
        yield name, scale * inner * (-(Y**2) / A + (1 - Y) / (1 - A))


def label_sign(line: Line) -> Wrong:
    """−(y/a + (1 − y)/(1 − a)): the derivative of log(1 − a) has lost its own minus."""
    for name, scale, A, Y, inner in _cross_entropies(line):
        yield name, -scale * inner * (Y / A + (1 - Y) / (1 - A))


def other_activation(line: Line) -> Wrong:
    """Another function of the same input."""
    if line.name not in line.trial.quantities.marks:
        return
    functions: dict[str, Callable[[Any], Any]] = {
        "tanh": np.tanh,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "ReLU": lambda z: np.maximum(z, 0),
        "identity": lambda z: z,
        "sin": np.sin,
    }
    for name in line.reads:
        for words, g in functions.items():
            if line.arrays[name].shape == line.right.shape:
                with np.errstate(all="ignore"):
                    yield f"{words} of {name}", g(line.arrays[name].astype(np.float64))


def _is_elementwise(line: Line, name: str) -> bool:
    """Whether an entry of the line depends on the same entry of a successor only."""
    e = np.zeros_like(line.arrays[name])
    e.flat[0] = 1
    return not np.any(line.given({name: e}).flat[1:])


def _slope(line: Line, name: str) -> Array:
    """Return the derivative between this line and a successor, entry by entry."""
    dA = line.arrays[name]
    with np.errstate(all="ignore"):
        return np.where(dA != 0, line.right / dA, 0)


def _slopes(line: Line) -> Iterator[tuple[str, str, Array]]:
    """Yield derivatives of activations as people write them, from every value of this shape."""
    for name, V in line.alike(line.right.shape, values=True):
        yield name, f"1 − {name}²", 1 - V**2
        yield name, f"1 − {name}", 1 - V
        yield name, f"{name}(1 − {name})", V * (1 - V)
        yield name, f"[{name} > 0]", (V > 0).astype(V.dtype)
        yield name, f"[{name} ≥ 0]", (V >= 0).astype(V.dtype)
        yield name, name, V


def _cross_entropies(line: Line) -> Iterator[tuple[str, float, Array, Array, Array | float]]:
    """Yield (words, scale, a, y, da/dz or 1) where the line is that of a cross-entropy."""
    if not line.name.startswith("d"):
        return
    values = [
        (name, V)
        for name, V in line.alike(line.right.shape, values=True)
        if np.all((V >= 0) & (V <= 1))
    ]
    for (a, A), (y, Y) in permutations(values, 2):
        with np.errstate(all="ignore"):
            for inner in (1.0, A * (1 - A)):
                right = inner * (-Y / A + (1 - Y) / (1 - A))
                if np.all(np.isfinite(right)) and np.any(right):
                    scale = fitted(line.right, right)
                    if line.is_right(scale * right):
                        yield f"a = {a}, y = {y}", scale, A, Y, inner
