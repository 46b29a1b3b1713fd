"""What a whole check of one example costs, beside what Hypothesis takes to draw it.

A check makes the example's arrays, runs the hand-derived side and the replay, and compares every
quantity of the two. Drawing alone is the floor: nothing that draws with Hypothesis can be faster.
All rows of a round have the same examples, from the same seed; the first two draw them, the others
have them from a list. XLA's confirmation, one shape in fifty, is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter

import hypothesis

from backproof.compare import PAIRS, Example
from backproof.compare.judge import Finding, Trial
from benchmarks.report import About
from benchmarks.timing import Measure, Row, alternate, rows_of

FLOOR = "draw only"
ABOUT = About(
    title="Checking one example, beside what Hypothesis takes to draw it",
    detail="shallow tanh network, shapes and values as the search draws them, one thread",
    axis="time for one example",
    bases=(FLOOR,),
)
PAIR = PAIRS["shallow-tanh-sigmoid-cross_entropy"]
DRAWS = 100
ROUNDS = 20
Body = Callable[[Example], object]


def rows(quick: bool) -> Iterator[Row]:
    """Yield rows for both precisions."""
    for dtype in ("float32", "float64"):

        def round_of(i: int, dtype: str = dtype) -> dict[str, Measure]:
            return measures(dtype, 10 if quick else DRAWS, seed=i)

        found = alternate(round_of, ROUNDS, quick)
        order = round_of(0)
        yield from rows_of(dtype, {name: found[name] for name in order})


def check(example: Example) -> list[Finding]:
    """Check one example as the search does: the one place that knows how `compare` does it."""
    return Trial(PAIR, example).findings()


def measures(dtype: str, draws: int, seed: int) -> dict[str, Measure]:
    """Return what measures each part, per example, on the examples of one seed."""
    examples: list[Example] = []
    draw(dtype, draws, seed, examples.append)
    assert all(finding.agrees for example in examples for finding in check(example))
    problems = {example: PAIR.problem(example) for example in examples}

    def drawing(body: Body) -> Measure:
        def measure() -> float:
            start = perf_counter()
            draw(dtype, draws, seed, body)
            return (perf_counter() - start) / len(examples)

        return measure

    def drawn_before(body: Body) -> Measure:
        def measure() -> float:
            start = perf_counter()
            for example in examples:
                body(example)
            return (perf_counter() - start) / len(examples)

        return measure

    return {
        FLOOR: drawing(lambda example: None),
        "draw and check": drawing(check),
        "check only": drawn_before(check),
        "its arrays": drawn_before(PAIR.problem),
        "hand": drawn_before(lambda example: PAIR.derive_by_hand(example, *problems[example])),
        "replay": drawn_before(lambda example: PAIR.derive_by_replay(example, *problems[example])),
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
