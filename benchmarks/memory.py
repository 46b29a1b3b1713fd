"""The most memory that one gradient takes beyond its arguments, by hand and by replay.

Measured by tracemalloc, to which NumPy reports its arrays; what BLAS takes for itself is not seen.
JAX and torch do not report theirs. "results" is the size of what the hand-derived
side returns, all of which is alive at the end: the least that its peak can be.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import contenders
from benchmarks.contenders import Shape
from benchmarks.report import About
from benchmarks.timing import Measure, Row, alternate, always, rows_of

RESULTS = "results"
ABOUT = About(
    title="Peak memory of one gradient, beyond its arguments",
    detail="shallow network (n_x, n_h, n_y, m), float32",
    axis="peak memory",
    bases=("hand", RESULTS),
    unit="B",
)
CASES: list[Shape] = [(784, 512, 10, 1024), (12288, 20, 1, 200), (2048, 2048, 2048, 2048)]
ROUNDS = 3


def rows(quick: bool) -> Iterator[Row]:
    """Yield one row for each shape and contender."""
    for shape in [(20, 30, 10, 40)] if quick else CASES:
        arrays = contenders.draw(shape, "float32", np.random.default_rng(0))
        measures: dict[str, Measure] = {
            RESULTS: size_of_results(contenders.by_hand(arrays)),
            "hand": peak(contenders.by_hand, arrays),
            "replay": peak(contenders.by_replay, arrays),
        }
        found = alternate(always(measures), ROUNDS, quick)
        case = ", ".join(map(str, shape))
        yield from rows_of(case, found)


def peak(run: Callable[..., Any], *arguments: Any) -> Measure:
    """Return what measures the peak in bytes while `run` runs, beyond what was there before."""

    def measure() -> float:
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            run(*arguments)
            return float(tracemalloc.get_traced_memory()[1] - before)
        finally:
            tracemalloc.stop()

    return measure


def size_of_results(results: tuple[Any, dict[str, Any], dict[str, Any]]) -> Measure:
    """Return what answers the bytes of every array in (J, values, gradients)."""
    J, values, gradients = results
    size = sum(np.asarray(V).nbytes for V in (J, *values.values(), *gradients.values()))
    return lambda: float(size)
