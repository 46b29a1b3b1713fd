"""The condition on which a gradient fails: "m > 1", "soft labels only", "n ≠ m".

Examples of all sorts are judged; what is told is the simplest condition that holds on exactly
those that fail. Without one, how many failed is all that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import combinations

import numpy as np

from backproof.compare.example import Example
from backproof.compare.pair import Pair
from backproof.compare.values import ORDERS

EXAMPLES = 120
LEAST = 4  # that fail, and that do not
SIDES = (1, 2, 3, 5)

Atom = tuple[str, Callable[[Example], bool]]


def condition(pair: Pair, failing: Example, fails: Callable[[Example], bool]) -> str:
    """Return when a pair fails, in words, or "" where no simple condition is exactly right.

    `fails` says it of one example; `failing` is one that does.
    """
    seen = [(example, fails(example)) for example in _sorts(pair, failing)]
    count = sum(failed for _, failed in seen)
    if count == len(seen):
        return "on every example that was tried"
    atoms = list(_atoms(pair))
    pairs = list(combinations(atoms, 2))
    both = [(f"{a} and {b}", _combined(all, f, g)) for (a, f), (b, g) in pairs]
    either = [(f"{a} or {b}", _combined(any, f, g)) for (a, f), (b, g) in pairs]
    for words, holds in [*atoms, *both, *either]:
        if all(holds(example) == failed for example, failed in seen):
            return words if min(count, len(seen) - count) >= LEAST else ""
    return f"on {count} of {len(seen)} examples that were tried"


def _combined(
    how: Callable[[Iterable[bool]], bool],
    first: Callable[[Example], bool],
    second: Callable[[Example], bool],
) -> Callable[[Example], bool]:
    return lambda example: how((first(example), second(example)))


def _sorts(pair: Pair, failing: Example) -> Iterator[Example]:
    """Yield examples of small sizes; half have the failing one's kinds, the others any usual."""
    random = np.random.default_rng(0)
    usual = pair.usual_variations
    for i in range(EXAMPLES):
        sizes = {name: int(random.choice(SIDES)) for name in pair.size_names}
        if not pair.allows(sizes):  # narrow constraints
            sizes = dict(pair.families[i % len(pair.families)])
        kinds = failing.kinds if i % 3 == 0 else usual[i % len(usual)]
        dtype = pair.dtypes[i // 2 % len(pair.dtypes)]
        order = failing.order if i % 2 else "C"
        yield Example(sizes, i, dtype, order, kinds)


def _atoms(pair: Pair) -> Iterator[Atom]:
    """Yield simple conditions, in words and as functions."""
    for name in pair.size_names:
        yield f"{name} > 1", partial(_is_more_than_1, name)
        yield f"{name} = 1", partial(_is_1, name)
    for one, other in combinations(pair.size_names, 2):
        yield f"{one} ≠ {other}", partial(_differ, one, other)
    for name, values in pair.kinds.items():
        kinds = [*values.kinds]
        for kind in kinds if len(kinds) > 1 else ():
            words = f"{kind} labels ({name})" if kind in ("soft", "hard") else f"{name} is {kind}"
            yield words, partial(_is_of_kind, name, kind, kinds[0])
    for dtype in pair.dtypes if len(pair.dtypes) > 1 else ():
        yield f"in {dtype}", partial(_has, "dtype", dtype)
    for order in ORDERS[1:]:
        yield f"in {order} order", partial(_has, "order", order)


def _is_more_than_1(name: str, example: Example) -> bool:
    return example.sizes[name] > 1


def _is_1(name: str, example: Example) -> bool:
    return example.sizes[name] == 1


def _differ(one: str, other: str, example: Example) -> bool:
    return example.sizes[one] != example.sizes[other]


def _is_of_kind(name: str, kind: str, usual: str, example: Example) -> bool:
    return example.kinds.get(name, usual) == kind


def _has(field: str, value: str, example: Example) -> bool:
    found: str = getattr(example, field)
    return found == value
