"""Mistakes of sums: steps left out, entries at the wrong place, terms of a normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.compare.line import MOST, Line, Wrong, reversals, units

ORTHOGONAL = 0.05  # but for the ε that keeps a deviation from 0


def zeros(line: Line) -> Wrong:
    """It is all zeros: never computed, or overwritten."""
    yield "", np.zeros_like(line.right)


def part_zero(line: Line) -> Wrong:
    """Some entries are 0, the others right: a loop that ends too early, a block never written."""
    written = np.ones(line.right.shape, bool)
    if line.hand is None and line.right.ndim:
        written[-1] = False
    elif line.hand is not None:
        written = line.hand != 0
    if not np.all(written) and np.any(written):
        yield "", np.where(written, line.right, 0)


def reordered(line: Line) -> Wrong:
    """The right entries at the wrong places: reversed, as a kernel is, or shifted by one."""
    for words, axes in reversals(line.right):
        yield words, np.flip(line.right, axes)
    for axis, n in enumerate(line.right.shape):
        if n > 1:
            yield f"shifted along axis {axis}", np.roll(line.right, 1, axis)
            yield f"shifted along axis {axis}", np.roll(line.right, -1, axis)


def summed_too_much(line: Line) -> Wrong:
    """Summed over an axis that should stay, then spread over it."""
    for axis, n in enumerate(line.right.shape):
        if n > 1:
            total = line.right.sum(axis=axis, keepdims=True)
            yield f"summed over axis {axis}", np.broadcast_to(total, line.right.shape)
            yield f"the mean over axis {axis}", np.broadcast_to(total / n, line.right.shape)


def one_step_only(line: Line) -> Wrong:
    """Only one step along an axis contributes: the last, or the first."""
    for name, array in line.floats_read.items():
        for axis, n in enumerate(array.shape):
            for words, i in (("last", n - 1), ("first", 0)) if n > 1 else ():
                kept = np.zeros_like(array)
                index = (*[slice(None)] * axis, i)
                kept[index] = array[index]
                yield f"{words} of {name} along axis {axis}", line.given({name: kept})


def assigned(line: Line) -> Wrong:
    """`=` where `+=` belongs: of several contributions to one entry, the last is left."""
    for name in line.upstream:
        dU = line.arrays[name]
        if not 1 < dU.size <= MOST:
            continue
        total = np.zeros_like(line.right)
        for e, entry in zip(units(dU), dU.ravel(), strict=True):
            written = line.given({name: e})
            total = np.where(written != 0, written * entry, total)
        yield name, total


def steps_backwards(line: Line) -> Wrong:
    """What a step hands on reaches those before it, its gradient those after it: not both ways."""
    for name in line.successors:
        for words, axes in reversals(line.right):
            if len(axes) == 1:
                swapped = line.given({name: np.flip(line.arrays[name], axes)})
                yield words.replace("reversed ", ""), np.flip(swapped, axes)


def mean_term_missing(line: Line) -> Wrong:
    """A normalisation's gradient has a term that comes through the mean."""
    yield from _normalisation(line, lambda V, axis: np.ones_like(V))


def deviation_term_missing(line: Line) -> Wrong:
    """A normalisation's gradient has a term that comes through the deviation."""
    yield from _normalisation(line, lambda V, axis: V - V.mean(axis=axis, keepdims=True))


def _normalisation(line: Line, term: Any) -> Wrong:
    """Yield the line without a term that is orthogonal to it along an axis, as it is after one.

    How much of the term is missing is read off the hand-derived numbers, for each row by itself;
    with three entries or more in a row, few other numbers would fit.
    """
    for name in line.reads if line.successors else ():
        V = line.arrays[name]
        if V.shape != line.right.shape or name in line.upstream:
            continue
        for axis, n in enumerate(V.shape):
            along = term(V.astype(np.float64), axis)
            overlap = np.abs((line.right * along).sum(axis=axis)).max()
            if n < 3 or overlap > ORTHOGONAL * np.linalg.norm(line.right) * np.linalg.norm(along):
                continue
            missing = along if line.hand is None else line.hand - line.right
            share = (missing * along).sum(axis=axis, keepdims=True)
            share /= np.maximum((along**2).sum(axis=axis, keepdims=True), np.finfo(float).tiny)
            yield f"over axis {axis} of {name}", line.right + share * along
