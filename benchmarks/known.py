"""One gradient at a shape seen before: what a training step or a repeated check costs.

Everything is compiled and every library holds its own arrays before the clock starts. "matrix
products" are the five products of the pass and nothing else, by NumPy: no gradient that uses
NumPy's products can be faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks import contenders
from benchmarks.contenders import Arrays, Shape
from benchmarks.report import About
from benchmarks.timing import Row, alternate, always, repeated, rows_of

LIMIT = "matrix products"
ABOUT = About(
    title="One gradient at a shape seen before, against its five matrix products alone",
    detail="shallow network (n_x, n_h, n_y, m), float32, one thread",
    axis="time for one gradient",
    bases=(LIMIT, "hand"),
)
CASES: list[Shape] = [
    (2, 4, 1, 400),
    (12288, 20, 1, 200),
    (784, 128, 10, 256),
    (784, 512, 10, 1024),
    (2048, 2048, 2048, 2048),
]
ROUNDS = 100
SECONDS = 10.0


def rows(quick: bool) -> Iterator[Row]:
    """Yield one row for each shape and contender."""
    for shape in CASES[:1] if quick else CASES:
        arrays = contenders.draw(shape, "float32", np.random.default_rng(0))
        runs = {LIMIT: products(arrays), **contenders.prepared(arrays)}
        measures = {name: repeated(run) for name, run in runs.items()}
        found = alternate(always(measures), ROUNDS, quick, SECONDS)
        missing = {} if contenders.torch else {"torch": contenders.NO_TORCH}
        case = ", ".join(map(str, shape))
        yield from rows_of(case, found, missing)


def products(arrays: Arrays) -> Callable[[], object]:
    """Return what runs the five products of the pass: two forward, three backward."""
    W1, W2, X = arrays.parameters["W1"], arrays.parameters["W2"], arrays.X
    _, cache, gradients = contenders.by_hand(arrays)
    A1, dZ1, dZ2 = cache["A1"], gradients["dZ1"], gradients["dZ2"]
    return lambda: (W1 @ X, W2 @ A1, dZ2 @ A1.T, W2.T @ dZ2, dZ1 @ X.T)
