"""Shapes of networks: the families that expose mistakes, and Hypothesis strategies for them.

A shape is (n_x, n_1, …, n_y, m). On many shapes a wrong gradient is right by accident: without
1/m it agrees wherever m = 1, with a transpose missing it runs only on squares. So the families
below are always among the shapes that are tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from hypothesis import strategies as st

Shape: TypeAlias = tuple[int, ...]

LARGEST = 19


class Family(NamedTuple):
    """A family of shapes: which shapes belong, one member by heart, and how to draw others.

    `member` and `drawn` take the number of layers; a shape has two sides more.
    """

    holds: Callable[[Shape], bool]
    member: Callable[[int], Shape]
    drawn: Callable[[int], st.SearchStrategy[Shape]]


def primes(count: int) -> Shape:
    """Return the first primes.

    >>> primes(4)
    (2, 3, 5, 7)
    """
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return tuple(found)


def _sides(count: int) -> st.SearchStrategy[Shape]:
    return st.tuples(*[st.integers(1, LARGEST)] * count)


FAMILIES = {
    "all ones": Family(
        lambda shape: set(shape) == {1},
        lambda layers: (1,) * (layers + 2),
        lambda layers: st.just((1,) * (layers + 2)),
    ),
    "one example": Family(
        lambda shape: shape[-1] == 1,
        lambda layers: (*range(layers + 2, 1, -1), 1),
        lambda layers: _sides(layers + 1).map(lambda sides: (*sides, 1)),
    ),
    "all equal": Family(
        lambda shape: len(set(shape)) == 1,
        lambda layers: (3,) * (layers + 2),
        lambda layers: st.integers(2, LARGEST).map(lambda side: (side,) * (layers + 2)),
    ),
    "distinct primes": Family(
        lambda shape: len(set(shape)) == len(shape) and set(shape) <= set(primes(len(shape) + 2)),
        lambda layers: primes(layers + 2),
        lambda layers: st.permutations(primes(layers + 4)).map(
            lambda drawn: tuple(drawn[: layers + 2])
        ),
    ),
    "several outputs": Family(
        lambda shape: shape[-2] > 1,
        lambda layers: (*range(2, layers + 2), 4, 3),
        lambda layers: st.tuples(_sides(layers), st.integers(2, LARGEST), _sides(1)).map(
            lambda drawn: (*drawn[0], drawn[1], *drawn[2])
        ),
    ),
    "n_x = m": Family(
        lambda shape: shape[0] == shape[-1],
        lambda layers: (4, *range(2, layers + 1), 1, 4),
        lambda layers: _sides(layers + 1).map(lambda sides: (*sides, sides[0])),
    ),
    "free": Family(
        lambda shape: True,
        lambda layers: (3, *range(layers + 4, 4, -1), 6),
        lambda layers: _sides(layers + 2),
    ),
}


def shapes(layers: int) -> st.SearchStrategy[Shape]:
    """Draw shapes of a network with that many layers, from all families."""
    return st.one_of([family.drawn(layers) for family in FAMILIES.values()])
