"""How everything is measured: contenders take turns, round by round, and medians are kept.

What disturbs a machine for a second or a minute then disturbs all contenders alike. The order
within a round is drawn anew each time, so that nobody always runs after the same neighbour, in
caches that it left behind. The first round warms up and is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from random import Random
from time import perf_counter
from typing import Any

import numpy as np

Measure = Callable[[], float]
LEAST_ROUNDS = 5
BATCH = 2e-3  # seconds: calls shorter than this are timed several at a time
MOST_CALLS = 100


@dataclass(frozen=True)
class Row:
    """One contender in one case: the median of its rounds, and the quartiles around it.

    Where nothing was measured there are no `rounds`, and `note` says why. `size` is what the cost
    is drawn against, in a benchmark that has something of the kind.
    """

    case: str
    contender: str
    median: float = 0.0
    quartiles: tuple[float, float] = (0.0, 0.0)
    rounds: int = 0
    note: str = ""
    size: int | None = None


def alternate(
    contenders: Callable[[int], Mapping[str, Measure]],
    rounds: int,
    quick: bool,
    seconds: float = inf,
    every: Mapping[str, int] | None = None,
) -> dict[str, list[float]]:
    """Return what every contender measured in each of its rounds.

    `contenders` makes those of round i, all with the same problem. A contender named in `every`
    runs in one round of so many. After `seconds` no further round starts, once there are
    LEAST_ROUNDS. `quick` is one round, and none to warm up.
    """
    every = every or {}
    found: dict[str, list[float]] = {}
    end = inf
    for i in [1] if quick else range(rounds + 1):
        if i == 1:
            end = perf_counter() + seconds
        if i > LEAST_ROUNDS and perf_counter() > end:
            break
        measures = list(contenders(i).items())
        found = {name: found.get(name, []) for name, _ in measures}
        for name, measure in Random(i).sample(measures, len(measures)):
            if i == 0:
                measure()
            elif (i - 1) % every.get(name, 1) == 0:
                found[name].append(measure())
    return found


def always(measures: Mapping[str, Measure]) -> Callable[[int], Mapping[str, Measure]]:
    """Return the same contenders for every round."""
    return lambda i: measures


def once(run: Callable[..., Any], *arguments: Any) -> Measure:
    """Time one call of `run`."""

    def measure() -> float:
        start = perf_counter()
        run(*arguments)
        return perf_counter() - start

    return measure


def repeated(run: Callable[..., Any], *arguments: Any) -> Measure:
    """Time one call of `run`, as the mean of as many as take BATCH seconds.

    For what is asked again and again with the same shapes: a call before those that are timed
    brings back the caches that the contender before has emptied.
    """
    run(*arguments)
    calls = int(min(max(BATCH / max(once(run, *arguments)(), 1e-9), 1), MOST_CALLS))

    def measure() -> float:
        if calls > 1:
            run(*arguments)
        start = perf_counter()
        for _ in range(calls):
            run(*arguments)
        return (perf_counter() - start) / calls

    return measure


def in_turn(run: Callable[[Any], object], problems: Sequence[Any]) -> Measure:
    """Time one call of `run`, as the mean over problems that are each given once."""

    def measure() -> float:
        start = perf_counter()
        for problem in problems:
            run(problem)
        return (perf_counter() - start) / len(problems)

    return measure


def rows_of(
    case: str,
    found: Mapping[str, list[float]],
    notes: Mapping[str, str] | None = None,
    size: int | None = None,
) -> list[Row]:
    """Return a row for each contender of a case, and one for each that `notes` says is missing."""
    rows = []
    for contender, values in found.items():
        lower, median, upper = map(float, np.percentile(values, [25, 50, 75]))
        rows.append(Row(case, contender, median, (lower, upper), len(values), size=size))
    missing = [Row(case, name, note=note, size=size) for name, note in (notes or {}).items()]
    return rows + missing


def ratio(rows: list[Row], row: Row, base: str) -> float | None:
    """Return the row's median as a multiple of the median of `base` in the same case."""
    for other in rows:
        if (other.case, other.contender) == (row.case, base) and row.rounds and other.rounds:
            return row.median / other.median
    return None
