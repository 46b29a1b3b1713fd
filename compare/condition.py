"""The condition on which a gradient fails: "m > 1", "soft labels only", "n ≠ m".

Examples of all sorts are judged; what is told is the simplest condition that holds on exactly
those that fail. Without one, how many failed is all that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, cycle, islice

import numpy as np

from backproof.compare.example import Example
from backproof.compare.pair import Pair
from backproof.compare.values import ORDERS, Array

EXAMPLES = 120
LEAST = 4  # that fail, and that do not
SIDES = (1, 2, 3, 5)


def condition(pair: Pair, failing: Example, fails: Callable[[Example], bool]) -> str:
    """Return when a pair fails, in words: without a simple condition, how often.

    Or "" where so few fail, or so few do not, that the condition may hold by chance. `fails` says
    it of one example; `failing` is one that does.
    """
    examples = list(_sorts(pair, failing))
    failed = np.array([fails(example) for example in examples])
    count = np.count_nonzero(failed)
    if count == len(examples):
        return "on every example that was tried"
    fitting = list(_fitting(pair, examples, failed))
    if any(" is " in words for words in fitting):  # other kinds of values have to bear it out
        rare = list(_rare(pair))
        borne_out = {*_fitting(pair, rare, np.array([fails(example) for example in rare]))}
        fitting = [words for words in fitting if " is " not in words or words in borne_out]
    if fitting:
        return fitting[0] if min(count, len(examples) - count) >= LEAST else ""
    return f"on {count} of {len(examples)} examples that were tried"


def _fitting(pair: Pair, examples: Sequence[Example], failed: Array) -> Iterator[str]:
    """Yield the conditions that hold on exactly the examples that failed, the simplest first."""
    single = list(_conditions(pair, examples))
    couples = list(combinations(single, 2))
    both = [(f"{a} and {b}", f & g) for (a, f), (b, g) in couples]
    either = [(f"{a} or {b}", f | g) for (a, f), (b, g) in couples]
    for words, holds in [*single, *both, *either]:
        if np.array_equal(holds, failed):
            yield words


def _rare(pair: Pair) -> Iterator[Example]:
    """Yield examples with every kind of values in turns."""
    for i, kinds in enumerate(islice(cycle(pair.variations), EXAMPLES)):
        yield Example(pair.families[i % len(pair.families)], i, pair.dtypes[0], "C", kinds)


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


def _conditions(pair: Pair, examples: Sequence[Example]) -> Iterator[tuple[str, Array]]:
    """Yield simple conditions, in words, and of which examples they hold."""
    sides = {name: np.array([e.sizes[name] for e in examples]) for name in pair.size_names}
    for name, n in sides.items():
        yield f"{name} > 1", n > 1
        yield f"{name} = 1", n == 1
    for (one, n), (other, m) in combinations(sides.items(), 2):
        yield f"{one} ≠ {other}", n != m
    for name, values in pair.kinds.items():
        first, *others = values.kinds
        drawn = np.array([e.kinds.get(name, first) for e in examples])
        for kind in (first, *others) if others else ():
            words = f"{kind} labels ({name})" if kind in ("soft", "hard") else f"{name} is {kind}"
            yield words, drawn == kind
    for dtype in pair.dtypes if len(pair.dtypes) > 1 else ():
        yield f"in {dtype}", np.array([e.dtype for e in examples]) == dtype
    for order in ORDERS[1:]:
        yield f"in {order} order", np.array([e.order for e in examples]) == order
