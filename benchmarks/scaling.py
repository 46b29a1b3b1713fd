"""What one gradient costs as the network grows, from a thousand parameters to ten million.

n_x = n_h and one output, so that n + 1 squared is the number of parameters; 64 examples, float64.
A numeric gradient runs the network twice for every parameter: it is left out where that takes
more than two seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import jax
import numpy as np

from backproof.manual import shallow
from benchmarks import contenders
from benchmarks.contenders import Arrays
from benchmarks.report import About
from benchmarks.timing import Row, alternate, always, once, repeated, rows_of

ABOUT = About(
    title="One gradient, by the number of parameters",
    detail="shallow network, n_x = n_h, one output, 64 examples, float64, one thread",
    axis="time for one gradient",
    bases=("hand",),
    sizes="number of parameters",
)
SIDES = (31, 55, 99, 177, 315, 561, 999, 1777, 3161)
EXAMPLES = 64
ROUNDS = 60
SECONDS = 4.0
NUMERIC = "numeric"
NUMERIC_EVERY = 20
PATIENCE = 2.0
STEP = 1e-6


def rows(quick: bool) -> Iterator[Row]:
    """Yield one row for each size and contender."""
    for n in (9, 19) if quick else SIDES:
        arrays = contenders.draw((n, n, 1, EXAMPLES), "float64", np.random.default_rng(0))
        size = (n + 1) ** 2
        with jax.enable_x64(True):
            runs = contenders.prepared(arrays)
            measures = {name: repeated(run) for name, run in runs.items()}
            missing = {} if contenders.torch else {"torch": contenders.NO_TORCH}
            if 2 * size * repeated(cost, arrays)() > PATIENCE:
                missing[NUMERIC] = f"left out: over {PATIENCE:g} s"
            else:
                measures[NUMERIC] = once(numeric, arrays)
            found = alternate(
                always(measures),
                ROUNDS,
                quick,
                SECONDS,
                every={NUMERIC: NUMERIC_EVERY},
            )
        yield from rows_of(f"{size:,}", found, missing, size)


def cost(arrays: Arrays) -> float:
    """Run the network forward and return J."""
    cache = shallow.forward(arrays.parameters, arrays.X, hidden="tanh")
    return float(shallow.cost(cache, arrays.Y))


def numeric(arrays: Arrays) -> dict[str, np.ndarray]:
    """Return dJ for every parameter by central differences, (J(v + h) − J(v − h)) / 2h."""
    gradients = {}
    for name, V in arrays.parameters.items():
        gradients[f"d{name}"] = dV = np.empty_like(V)
        for place in np.ndindex(V.shape):
            v = V[place]
            V[place] = v + STEP
            above = cost(arrays)
            V[place] = v - STEP
            dV[place] = (above - cost(arrays)) / (2 * STEP)
            V[place] = v
    return gradients
