"""Mistakes of scale: a sign, a division, a factor, lost digits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from math import sqrt

import numpy as np

from backproof.compare.line import Line, Wrong, fitted


def sign(line: Line) -> Wrong:
    """The minus of an inner derivative is lost, or one too many."""
    yield "", -line.right


def mean_missing(line: Line) -> Wrong:
    """A mean is a sum, divided: by the number of examples, or of whatever is averaged."""
    for name, count in _counts(line):
        if not _is_per_example(line, name):
            yield name, line.right * count


def mean_twice(line: Line) -> Wrong:
    """Divided by a number of things that the cost does not divide by, or divided twice."""
    for name, count in _counts(line):
        yield name, line.right / count


def wrong_count(line: Line) -> Wrong:
    """Divided by the size of another axis."""
    for right, wrong in permutations(_summed_sizes(line), 2):
        if _is_per_example(line, right):
            continue
        yield f"{wrong} in place of {right}", line.right * line.sizes[right] / line.sizes[wrong]


def one_less(line: Line) -> Wrong:
    """Divided by n − 1, as an unbiased variance is, in place of n; or the other way round."""
    for name in _summed_sizes(line):
        n = line.sizes[name]
        if n > 1:
            yield f"{name} − 1 in place of {name}", line.right * n / (n - 1)
            yield f"{name} in place of {name} − 1", line.right * (n - 1) / n


def square_factor(line: Line) -> Wrong:
    """A factor of 2 is lost, or one too many: as a square's derivative has, or the ½ before it."""
    yield "twice", 2 * line.right
    yield "half", line.right / 2


def constant_factor(line: Line) -> Wrong:
    """A factor that is the same for every entry, shape and value."""
    factor = 3.0 if line.hand is None else fitted(line.hand, line.right)
    words = f"{factor:.10g}"
    if words != "1":  # what so many digits do not tell from 1 is no factor
        yield words, factor * line.right


def sign_in_part(line: Line) -> Wrong:
    """Some entries have the wrong sign: those of one branch, or of one side of an |x|."""
    negative = line.right < 0 if line.hand is None else line.hand * line.right < 0
    if np.any(negative) and not np.all(negative | (line.right == 0)):
        yield "", np.where(negative, -line.right, line.right)


def clipped(line: Line) -> Wrong:
    """Clipped: right for training perhaps, but no gradient any more."""
    limit = 0.1 if line.hand is None else float(np.max(np.abs(line.hand), initial=0))
    yield f"{limit:.6g}", np.clip(line.right, -limit, limit)


def narrow_digits(line: Line) -> Wrong:
    """Computed in float32 somewhere on the way: seven digits are right, the others noise."""
    narrow = line.right.astype(np.float32).astype(np.float64)
    if line.hand is not None and line.trial.dtype == np.float64:
        size = np.max(np.abs(line.right), initial=0)
        off = np.max(np.abs(line.hand - line.right), initial=0)
        if 1e-9 * size < off < 1e-5 * size and np.all(line.hand == line.hand.astype(np.float32)):
            narrow = line.hand
    yield "", narrow


def _counts(line: Line) -> Iterator[tuple[str, float]]:
    """Yield the sizes, products of two and roots: of a mean, or of attention's 1/√d."""
    for name in _summed_sizes(line):
        yield name, line.sizes[name]
    for one, other in combinations(line.sizes, 2):
        yield f"{one}·{other}", line.sizes[one] * line.sizes[other]
    for name in _summed_sizes(line):
        yield f"√{name}", sqrt(line.sizes[name])


def _is_per_example(line: Line, name: str) -> bool:
    """Whether the line's derivatives are per example of that size, and so not divided by it."""
    reference = line.trial.pair.reference
    return name == reference.per_example and line.name[1:] in reference.of_examples


def _summed_sizes(line: Line) -> list[str]:
    """Return the sizes: that of the examples first, then those that the result does not have."""
    sides = set(line.right.shape)
    first = line.trial.pair.per_example
    return sorted(line.sizes, key=lambda n: (n != first, line.sizes[n] in sides))
