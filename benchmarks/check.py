"""What a whole check of one example costs, beside what Hypothesis takes to draw it.

A check makes the example's arrays, runs the hand-derived side, and autodiff's program on the hand's
own numbers with a bound for each of its lines, and compares every quantity of the two. Drawing
alone is the floor: nothing that draws with Hypothesis can be faster. All rows of a round but the
last have the same examples, from the same seed; the first two draw them, the others have them from
a list. The last row is a search as `check` makes it: its own examples and drawn ones, the first
twenty called twice, one in a hundred confirmed by XLA, which compiles it on another thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import hypothesis

from backproof.compare import PAIRS, Example
from backproof.compare.finding import Finding
from backproof.compare.judging import judged
from backproof.compare.search import search
from backproof.compare.trial import Trial
from benchmarks.report import About
from benchmarks.timing import Measure, Row, alternate, in_turn, rows_of

FLOOR, WHOLE = "draw only", "whole search, XLA too"
ABOUT = About(
    title="Checking one example, beside what Hypothesis takes to draw it",
    detail="shallow tanh network, shapes and values as the search draws them, one thread",
    axis="time for one example",
    bases=(FLOOR,),
)
PAIR = PAIRS["shallow-tanh-sigmoid-cross_entropy"]
DRAWS = 100
ROUNDS = 20
SCALES: dict[str, float] = {}  # of every quantity, as the search learns them
Body = Callable[[Any], object]


def rows(quick: bool) -> Iterator[Row]:
    """Yield rows for both precisions."""
    for dtype in ("float32", "float64"):

        def round_of(i: int, dtype: str = dtype) -> dict[str, Measure]:
            return measures(dtype, 10 if quick else DRAWS, seed=i)

        yield from rows_of(dtype, alternate(round_of, ROUNDS, quick))


def check(example: Example) -> list[Finding]:
    """Check one example as the search does: the one place that knows how `compare` does it."""
    return judged(Trial(PAIR, PAIR.arguments(example), thorough=False), SCALES)


def measures(dtype: str, draws: int, seed: int) -> dict[str, Measure]:
    """Return what measures each part, per example, on the examples of one seed."""
    examples: list[Example] = []
    draw(dtype, draws, seed, examples.append)
    assert all(finding.passes for example in examples for finding in check(example))
    trials = [Trial(PAIR, PAIR.arguments(example), thorough=False) for example in examples]

    def drawing(body: Body) -> Measure:
        def measure() -> float:
            start = perf_counter()
            draw(dtype, draws, seed, body)
            return (perf_counter() - start) / len(examples)

        return measure

    def whole() -> float:
        start = perf_counter()
        assert search(PAIR, draws, seed, dtype).agrees
        return (perf_counter() - start) / draws

    return {
        FLOOR: drawing(lambda example: None),
        "draw and check": drawing(check),
        "check only": in_turn(check, examples),
        "its arrays": in_turn(PAIR.arguments, examples),
        "hand": in_turn(lambda trial: PAIR.hand(**trial.given), trials),
        "replay": in_turn(lambda trial: PAIR.reference.program(**trial.arguments), trials),
        WHOLE: whole,
    }


def draw(dtype: str, draws: int, seed: int, body: Body) -> None:
    """Let Hypothesis draw examples and call `body` on each."""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=draws,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(PAIR.examples((dtype,)))
    def run(example: Example) -> None:
        body(example)

    run()
