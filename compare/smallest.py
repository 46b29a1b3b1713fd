"""The smallest example that still fails: no side can shrink, and all else is as usual."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from backproof.compare.example import Example
from backproof.compare.pair import Pair
from backproof.compare.shapes import Sizes, smaller

SEEDS = (0, 1, 2)


def smallest(pair: Pair, example: Example, fails: Callable[[Example], bool]) -> Example:
    """Return an example that fails as well and cannot be made simpler step by step."""
    while True:
        for simpler in _simpler(pair, example):
            if fails(simpler):
                example = simpler
                break
        else:
            return example


def _simpler(pair: Pair, example: Example) -> Iterator[Example]:
    """Yield examples that are simpler in one respect, the simplest first."""
    for sizes in (*_together(dict(example.sizes)), *smaller(dict(example.sizes))):
        if pair.allows(sizes):
            for seed in dict.fromkeys((example.seed, *SEEDS)):
                yield replace(example, sizes=sizes, seed=seed)
    for name in example.kinds:
        yield replace(example, kinds={n: k for n, k in example.kinds.items() if n != name})
    if example.order != "C":
        yield replace(example, order="C")
    if example.dtype != "float64" and "float64" in pair.dtypes:
        yield replace(example, dtype="float64")
    for seed in range(min(example.seed, len(SEEDS))):
        yield replace(example, seed=seed)


def _together(sizes: Sizes) -> Iterator[Sizes]:
    """Yield sizes with all equal sides smaller at once: squares, of which none shrinks alone."""
    for side in sorted(set(sizes.values())):
        for less in range(1, side):
            yield {name: less if n == side else n for name, n in sizes.items()}
