"""What a result of the wrong shape probably is: transposed, not summed, summed over another axis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.compare.trial import Trial


def probably(trial: Trial, name: str, shape: tuple[int, ...]) -> str:
    """Say what a hand-derived result of another shape than `shape` probably is, or ""."""
    hand = trial.hand[name]
    J, values, gradients = trial.pair.reference.program(**trial.arguments)
    right = {"J": J, **values, **gradients}
    for words, guess in _guesses(trial, name, right):
        if guess.shape == hand.shape and _close(hand, guess):
            return f": {words}"
    if hand.size == np.prod(shape) and hand.ndim < len(shape):
        return ": an axis of length 1 is lost; keepdims=True keeps it"
    if hand.shape == shape[::-1]:
        return ": transposed?"
    return ""


def _guesses(trial: Trial, name: str, right: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what may have been returned instead, in words and as an array."""
    array = np.asarray(right[name])
    yield "it is transposed", array.T
    for axis, side in enumerate(array.shape):
        if side == 1:
            yield "the axis of length 1 is lost; keepdims=True keeps it", array.squeeze(axis)
    yield "an axis of length 1 is lost; keepdims=True keeps it", array.squeeze()
    for other, whole in right.items():
        whole = np.asarray(whole)
        if not other.startswith("d") or whole.ndim != array.ndim or other == name:
            continue
        axes = tuple(a for a in range(whole.ndim) if array.shape[a] == 1 != whole.shape[a])
        if not axes:
            continue
        total = whole.sum(axis=axes, keepdims=True)
        factor = _factor(array, total)
        if factor is None:
            continue
        yield f"it is {other}, not summed over axis {axes[0]}", factor * whole
        for axis in range(whole.ndim):
            if (axis,) != axes:
                wrong = f"summed over axis {axis}, not over axis {axes[0]}"
                yield wrong, factor * whole.sum(axis=axis, keepdims=True)
                yield f"{wrong}, and without keepdims", factor * whole.sum(axis=axis)
        yield "summed over all axes", factor * whole.sum()
        yield "summed over all axes", factor * whole.sum(keepdims=True)


def _factor(array: Any, total: Any) -> float | None:
    """Return the number by which a sum became the gradient, such as 1/m; None if it did not."""
    if total.shape != array.shape or not np.any(total):
        return None
    factor = float(np.vdot(array, total) / np.vdot(total, total))
    return factor if _close(array, factor * total) else None


def _close(one: Any, other: Any) -> bool:
    size = np.max(np.abs(other), initial=0)
    return bool(size > 0 and np.max(np.abs(one - other), initial=0) <= 1e-4 * size)
