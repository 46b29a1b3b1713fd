"""Sizes for the dimensions of a pair: the families that expose mistakes, and how to draw others.

On many shapes a wrong gradient is right by accident: without 1/m it agrees wherever m = 1, with a
transpose missing it runs only on squares. So the families below are always among those tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from typing import TypeAlias

from hypothesis import strategies as st

Sizes: TypeAlias = dict[str, int]
Allowed: TypeAlias = Callable[[Sizes], bool]

LARGEST = 19
ENTRIES = 2**14  # of the largest array
FEW = 8
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19)


def largest_side(rank: int) -> int:
    """Return the largest side for arrays of this rank.

    >>> largest_side(2), largest_side(4)
    (19, 11)
    """
    return min(LARGEST, int(ENTRIES ** (1 / max(rank, 1))))


def families(names: Sequence[str], allowed: Allowed) -> list[Sizes]:
    """Return one member of every family that is allowed.

    All ones; all equal; all distinct; each dimension 1 and the others distinct; each two equal and
    the others distinct.

    >>> [tuple(sizes.values()) for sizes in families(["n", "m"], lambda sizes: True)]
    [(1, 1), (3, 3), (2, 3), (3, 2), (1, 3), (2, 1), (4, 4)]
    """
    distinct = _distinct(len(names))
    primes = dict(zip(names, distinct, strict=True))
    found = [dict.fromkeys(names, 1), dict.fromkeys(names, 3), primes]
    found.append(dict(zip(names, reversed(distinct), strict=True)))
    found += [primes | {name: 1} for name in names]
    found += [primes | {one: 4, other: 4} for one, other in combinations(names, 2)]
    return [sizes for i, sizes in enumerate(found) if sizes not in found[:i] and allowed(sizes)]


def _distinct(count: int) -> list[int]:
    return [PRIMES[i] if i < len(PRIMES) else 2 * i + 8 for i in range(count)]


def drawn(names: Sequence[str], largest: int, allowed: Allowed) -> st.SearchStrategy[Sizes]:
    """Draw sizes: free, with one dimension 1, or all equal."""
    side = st.integers(1, largest)
    free = st.tuples(*[side] * len(names))
    shapes = [free, side.map(lambda n: (n,) * len(names))]
    if names:
        shapes.append(
            st.tuples(free, st.integers(0, len(names) - 1)).map(
                lambda drawn: tuple(1 if i == drawn[1] else n for i, n in enumerate(drawn[0]))
            )
        )
    return st.one_of(shapes).map(lambda sides: dict(zip(names, sides, strict=True))).filter(allowed)


def smaller(sizes: Sizes) -> Iterator[Sizes]:
    """Yield sizes with one side smaller, the smallest first."""
    for name, n in sizes.items():
        for less in range(1, n):
            yield sizes | {name: less}


def some_allowed(names: Sequence[str], largest: int, allowed: Allowed) -> list[Sizes]:
    """Return a few allowed sizes, looked for among small ones first: for narrow constraints."""
    found: list[Sizes] = []
    for most in sorted({min(n, largest) for n in (2, 3, 5, 8, largest)}):
        if most ** len(names) > 200_000 or len(found) >= FEW:
            break
        for sides in product(range(1, most + 1), repeat=len(names)):
            sizes = dict(zip(names, sides, strict=True))
            if sizes not in found and allowed(sizes):
                found.append(sizes)
                if len(found) == FEW:
                    break
    return found
