"""What a result of the wrong shape is: transposed, not summed, summed over another axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from backproof.autodiff.result import by_name
from backproof.compare.line import fitted
from backproof.compare.trial import Trial

CLOSE = 1e-4  # of the largest entry


def probably(name: str, evidence: Sequence[Trial]) -> str:
    """Say what a result of the wrong shape is, on every problem, or ""."""
    common: list[str] | None = None
    for trial in evidence:
        hand = trial.hand[name]
        if not np.any(hand):
            continue  # zeros may be anything
        right = by_name(trial.pair.reference.program(**trial.arguments))
        fitting = [
            words
            for words, guess in _guesses(name, right, hand.shape, trial.sizes)
            if guess.shape == hand.shape and _close(hand, guess)
        ]
        common = fitting if common is None else [words for words in common if words in fitting]
    return common[0] if common else ""


def by_shape(hand: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Say what the shapes alone tell: a lost axis of length 1."""
    if 0 < len(hand) < len(shape) and _long(hand) == _long(shape):
        return "; an axis of length 1 is lost, which keepdims=True keeps"
    return ""


def _long(shape: tuple[int, ...]) -> list[int]:
    return [n for n in shape if n > 1]


def _guesses(
    name: str, right: dict[str, Any], shape: tuple[int, ...], sizes: Mapping[str, int]
) -> Iterator[tuple[str, Any]]:
    """Yield what may have been returned instead, in words and as an array of that shape."""
    array = np.asarray(right[name])
    if array.ndim < len(shape) and _long(array.shape) == _long(shape):
        what = "the right number in an array: return float(…)" if array.ndim == 0 else ""
        yield what or "axes of length 1 are too many: squeeze them", array.reshape(shape)
    yield "it is transposed", array.T
    for axis, side in enumerate(array.shape):
        if side == 1:
            yield "an axis of length 1 is lost, which keepdims=True keeps", array.squeeze(axis)
    yield "an axis of length 1 is lost, which keepdims=True keeps", array.squeeze()
    for other, whole in right.items():
        whole = np.asarray(whole)
        if not other.startswith("d") or other == name or not whole.ndim:
            continue
        for axes in _subsets(whole.ndim):
            for keepdims in (True, False):
                factor = _factor(array, whole.sum(axis=axes, keepdims=keepdims), sizes)
                if factor is not None:
                    for words, wrong in _sums(whole, axes, keepdims):
                        yield f"it is {other}{words}" if wrong is whole else words, factor * wrong


def _sums(whole: Any, axes: tuple[int, ...], keepdims: bool) -> Iterator[tuple[str, Any]]:
    """Yield an array summed otherwise than over `axes`, in words too."""
    right = _listed(axes)
    yield f", not summed over {right}", whole
    for wrong in _subsets(whole.ndim):
        words = f"summed over {_listed(wrong)}, not over {right}"
        other = ", and without keepdims" if keepdims else ", and with keepdims"
        if len(wrong) == whole.ndim:
            words, other = "summed over all axes", ""
        if wrong == axes:
            words, other = "an axis of length 1 is too many", ""
        else:
            yield words, whole.sum(axis=wrong, keepdims=keepdims)
        yield words + other, whole.sum(axis=wrong, keepdims=not keepdims)


def _subsets(ndim: int) -> list[tuple[int, ...]]:
    return [axes for count in range(1, ndim + 1) for axes in combinations(range(ndim), count)]


def _listed(axes: Sequence[int]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"


def _factor(array: Any, total: Any, sizes: Mapping[str, int]) -> float | None:
    """Return the number by which a sum became the gradient; None if it did not.

    It is 1, 1/m or 1/(m n): there is some factor between any two arrays of one entry.
    """
    if total.shape != array.shape or not np.any(total):
        return None
    factor = fitted(array, total)
    counts = [1, *sizes.values(), *map(prod, combinations(sizes.values(), 2))]
    of_a_mean = any(abs(factor * count - 1) <= CLOSE for count in counts)
    return factor if of_a_mean and _close(array, factor * total) else None


def _close(one: Any, other: Any) -> bool:
    size = np.max(np.abs(other), initial=0)
    return bool(size > 0 and np.max(np.abs(one - other), initial=0) <= CLOSE * size)
