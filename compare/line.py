"""One line of a derivation: what it should give, what it reads, what it gives with other inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

from backproof.autodiff.result import CUT, UPSTREAM
from backproof.compare.trial import Trial
from backproof.compare.values import Array

Wrong: TypeAlias = Iterator[tuple[str, Array]]  # in a few words, what a mistaken line gives
MOST = 128  # entries, of what is taken entry by entry
SAME, SAME_IN_FLOAT32 = 1e-9, 1e-4  # of the largest entry


class Line:
    """The line that computes a quantity, in one trial.

    `right` is what it should give, given the hand's own numbers for what it reads; `hand`, what
    the hand-derived side has instead, None where that is not known.
    """

    def __init__(self, trial: Trial, name: str, hand: Array | None = None) -> None:
        self.trial, self.name, self.hand = trial, name, hand
        self.sizes: dict[str, int] = trial.sizes

    @cached_property
    def right(self) -> Array:
        """What the line should give."""
        return np.asarray(self.trial.plain[self.name], np.float64)

    def is_right(self, array: Array) -> bool:
        """Whether this is what the line should give, but for rounding."""
        apart = np.max(np.abs(self.right - array), initial=0)
        return bool(apart <= rounding(self.trial, self.right))

    def given(self, replaced: Mapping[str, Array]) -> Array:
        """Return what the line gives with other inputs; inputs keep their shape."""
        return np.asarray(self.trial.expected(replaced=replaced)[self.name], np.float64)

    @cached_property
    def reads(self) -> list[str]:
        """The names of all that the line reads: arguments, V and dV."""
        cut = self.trial.program
        leaves = {leaf.name: leaf for leaf in cut.signature.leaves}
        found = []
        for name in cut.reads(self.name, self.sizes):
            path = leaves[name].path
            found.append(
                f"d{path[1]}" if path[0] == UPSTREAM else str(path[1]) if path[0] == CUT else name
            )
        return found

    @property
    def floats_read(self) -> dict[str, Array]:
        """What the line reads that is no label of integers."""
        return {n: self.arrays[n] for n in self.reads if self.arrays[n].dtype.kind == "f"}

    @cached_property
    def arrays(self) -> Mapping[str, Array]:
        """All arrays that are at hand: arguments, and what the hand-derived side has computed."""
        return self.trial.flat | self.trial.values_read | self.trial.hand

    @property
    def upstream(self) -> list[str]:
        """The derivatives that the line reads, those of its own shape first."""
        read = [name for name in self.reads if name not in self.trial.flat and name[:1] == "d"]
        read += [name for name in self.trial.pair.reference.upstream if name in self.reads]
        found = [name for name in dict.fromkeys(read) if name not in self.trial.values_read]
        return sorted(found, key=lambda name: self.arrays[name].shape != self.right.shape)

    @property
    def successors(self) -> list[str]:
        """The derivatives of this line's shape that it reads: of what its value goes into."""
        return [n for n in self.upstream if self.arrays[n].shape == self.right.shape]

    def alike(self, shape: tuple[int, ...], *, values: bool = False) -> Iterator[tuple[str, Array]]:
        """Yield the floats of a shape that are at hand; with `values`, no derivatives."""
        for name, array in self.arrays.items():
            is_value = name in self.trial.flat or name in self.trial.quantities.marks
            other = array.dtype.kind == "f" and name != self.name
            if array.shape == shape and other and (is_value or not values):
                yield name, array


def consequences(trial: Trial, name: str, value: Array) -> dict[str, Array]:
    """Return what changes if the line of `name` gives `value`, and all lines after it are right."""
    changed = {name: value.astype(trial.dtype)}
    order = trial.ordered()
    for later in order[order.index(name) + 1 :]:
        if not changed.keys().isdisjoint(Line(trial, later).reads):
            changed[later] = np.asarray(trial.expected(replaced=changed)[later])
    return changed


def fitted(hand: Any, wrong: Any) -> float:
    """Return the factor by which `wrong` comes closest to `hand`."""
    norm = float(np.vdot(wrong, wrong))
    return float(np.vdot(wrong, hand)) / norm if norm else 0.0


def rounding(trial: Trial, *arrays: Array) -> float:
    """Return how far apart arrays may be that are the same but for rounding."""
    share = SAME if trial.dtype == np.float64 else SAME_IN_FLOAT32
    return share * max(float(np.max(np.abs(array), initial=0)) for array in arrays)


def reversals(array: Array) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the axes, one or two, along which an array may be reversed, in words too."""
    long = [axis for axis, n in enumerate(array.shape) if n > 1]
    for axis in long:
        yield f"reversed along axis {axis}", (axis,)
    for axes in combinations(long, 2):
        yield f"reversed along axes {axes[0]} and {axes[1]}", axes


def units(array: Array) -> Iterator[Array]:
    """Yield arrays with a single 1, at every entry in turn."""
    for i in range(array.size):
        e = np.zeros(array.size, array.dtype)
        e[i] = 1
        yield e.reshape(array.shape)
