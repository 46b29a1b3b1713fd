"""Loop or vectorised: the same numbers, in another time.

Logistic regression's pass, one example after another and all at once (S1, S12 to S14).
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from backproof.manual import logistic

SIZES = (1, 10, 100, 1000, 10000)
FEATURES = 20


def measure() -> dict[str, Any]:
    """Return the largest difference, and the least time of some passes, for every m."""
    random = np.random.default_rng(0)
    apart, loop, vectorised = [], [], []
    for m in SIZES:
        X, Y = random.standard_normal((FEATURES, m)), random.integers(2, size=(1, m))
        unit = {"w": random.standard_normal((FEATURES, 1)), "b": np.zeros((1, 1))}

        def by_loop(unit: Any = unit, X: Any = X, Y: Any = Y) -> Any:
            cache = logistic.forward_loop(unit, X)
            return logistic.backward_loop(unit, cache, X, Y)

        def at_once(unit: Any = unit, X: Any = X, Y: Any = Y) -> Any:
            return logistic.backward(unit, logistic.forward(unit, X), X, Y)

        one, other = by_loop(), at_once()
        apart.append(max(float(np.abs(one[name] - other[name]).max()) for name in other))
        loop.append(_least_time(by_loop, 3))
        vectorised.append(_least_time(at_once, 9))
    return {"m": list(SIZES), "apart": apart, "loop": loop, "vectorised": vectorised}


def _least_time(run: Callable[[], Any], times: int) -> float:
    seconds = []
    for _ in range(times):
        start = perf_counter()
        run()
        seconds.append(perf_counter() - start)
    return min(seconds)


def lesson(data: dict[str, Any]) -> str:
    """The same equations."""
    ratio = data["loop"][-1] / data["vectorised"][-1]
    return (
        f"Vectorising changes numbers by rounding at most, {max(data['apart']):.0e}: with m = "
        f"{data['m'][-1]} examples the loop takes {ratio:.0f} times as long."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """Times against m."""
    axis = figure.subplots()
    for name, colour in (("loop", "#D55E00"), ("vectorised", "#0072B2")):
        axis.loglog(data["m"], data[name], "o-", color=colour)
        axis.annotate(
            name,
            (data["m"][-1], data[name][-1]),
            xytext=(-8, 6),
            ha="right",
            textcoords="offset points",
            color=colour,
        )
    axis.set(xlabel="m, the number of examples", ylabel="seconds for one pass")
