"""The search over shapes and values: what was tried, what was found, how to see it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import hypothesis

from backproof.arguments import FLOATS, check_choice, check_whole
from backproof.compare.judge import Finding, badness, judge, story
from backproof.compare.pair import Pair
from backproof.compare.shapes import FAMILIES, Shape
from backproof.compare.values import Example, variants

EXAMPLES = 12


@dataclass
class Report:
    """What a search over one pair found; `failures` are those of the first failing example."""

    pair: Pair
    command: str
    shapes: set[Shape] = field(default_factory=set)
    problems: int = 0
    quantities: int = 0
    worst: Finding | None = None
    failures: list[Finding] = field(default_factory=list)

    @property
    def again(self) -> str:
        """What repeats the failure, or for the package's own pairs the whole search."""
        if self.pair.by_hand is None or not self.failures:
            return self.command
        return f"judge(pair, {self.failures[0].example!r})"

    @property
    def agrees(self) -> bool:
        """Whether something was compared, and nothing disagreed."""
        return self.quantities > 0 and not self.failures

    def add(self, findings: list[Finding], example: Example) -> None:
        """Count the findings of one problem."""
        self.shapes.add(example.shape)
        self.problems += 1
        self.quantities += len(findings)
        self.failures = [finding for finding in findings if not finding.agrees]
        self.worst = max([*findings, *([self.worst] if self.worst else [])], key=badness)

    def __str__(self) -> str:
        if self.agrees:
            return (
                f"{self.pair.name}: the hand-derived gradient agrees with autodiff on "
                f"{len(self.shapes)} shapes, {self.quantities} quantities"
            )
        return "\n".join([*story(self.pair, self.failures), f"  again: {self.again}"])


class GradientMismatch(AssertionError):
    """A hand-derived gradient disagrees with autodiff; `report` holds what was found."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def check(pair: Pair, examples: int = EXAMPLES, seed: int = 0, dtype: str | None = None) -> Report:
    """Search for a disagreement, raise GradientMismatch if there is one, else return the report.

    Tries one shape of every family, then shapes that Hypothesis draws, `examples` in all; on each
    shape every kind of data, with ever other weights, labels and memory orders. float32 and
    float64 take turns unless `dtype` names one.

    It runs Hypothesis itself: inside a Hypothesis test of your own, draw from `pair.examples()`
    and call `judge` instead.
    """
    report = search(pair, examples, seed, dtype)
    if not report.agrees:
        raise GradientMismatch(report)
    return report


def search(
    pair: Pair,
    examples: int = EXAMPLES,
    seed: int = 0,
    dtype: str | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Report:
    """The same without raising; stops at the first failure, `tick`s after every shape before."""
    if not isinstance(pair, Pair):
        raise TypeError(
            f"pair={pair!r} is a {type(pair).__name__}: pass a Pair, or one of PAIRS by its name."
        )
    check_whole("examples", examples, least=1)
    check_whole("seed", seed, least=0)
    if dtype is not None:
        check_choice("dtype", dtype, FLOATS)
    dtypes = FLOATS if dtype is None else (dtype,)
    only = f" --dtype {dtype}" if dtype else ""
    command = f"backproof check --pair {pair.name} --examples {examples} --seed {seed}{only}"
    report = Report(pair, command)

    def run(example: Example) -> None:
        for variant in variants(example, pair.kinds, pair.labels):
            if report.failures:
                return
            report.add(judge(pair, variant), variant)
        tick()

    for member in pair.members(seed, dtypes)[:examples]:
        run(member)

    if examples > len(FAMILIES) and not report.failures:

        @hypothesis.seed(int(seed))
        @hypothesis.settings(
            max_examples=examples - len(FAMILIES),
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(pair.examples(dtypes))
        def draw(example: Example) -> None:
            run(example)

        draw()
    return report
