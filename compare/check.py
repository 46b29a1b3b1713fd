"""The search over shapes and values: what was tried, what was found, how to see it again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import hypothesis
from hypothesis.strategies import SearchStrategy

from backproof.arguments import FLOATS, check_choice, check_whole
from backproof.compare.judge import Finding, Trial, badness, story
from backproof.compare.pair import Pair, Results
from backproof.compare.shapes import Shape
from backproof.compare.values import Example, variants

EXAMPLES = 200
CONFIRMED = 50  # one shape in so many goes through XLA too, the first among them


@dataclass
class Report:
    """What a search over one pair found; `failures` are those of the first failing example."""

    pair: Pair
    command: str
    shapes: set[Shape] = field(default_factory=set)
    problems: int = 0
    confirmed: int = 0
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
    def way(self) -> str:
        """How JAX's derivation was run, besides the confirmations through XLA."""
        if self.pair.program.per_shape:
            return "per shape"
        through_xla = self.pair.program.through_xla
        return f"replay, XLA: {', '.join(through_xla)}" if through_xla else "replay"

    @property
    def agrees(self) -> bool:
        """Whether something was compared, and nothing disagreed."""
        return self.quantities > 0 and not self.failures

    def add(self, findings: list[Finding], example: Example) -> None:
        """Count the findings of one problem."""
        self.shapes.add(example.shape)
        self.problems += 1
        self.quantities += len(findings)
        self.worst = max([*findings, *([self.worst] if self.worst else [])], key=badness)

    def confirm(self, findings: list[Finding]) -> None:
        """Count a confirmation by XLA, whose word is the last."""
        self.confirmed += 1
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

    Tries one shape of every family, each with every kind of data and ever other weights, labels
    and memory orders; then other shapes that Hypothesis draws, `examples` in all. JAX's
    derivation is replayed by NumPy, and run by XLA too on the first shape, on one in fifty, and
    before anything is said to be wrong. float32 and float64 take turns unless `dtype` names one.

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
    with ThreadPoolExecutor(max_workers=1) as xla:  # it compiles while the search goes on
        unconfirmed: list[tuple[Trial, Future[Results]]] = []

        def run(example: Example) -> None:
            if report.failures:
                return
            due = len(report.shapes) % CONFIRMED == 0
            trial = Trial(pair, example)
            findings = trial.findings()
            report.add(findings, example)
            if due or not all(finding.agrees for finding in findings):
                unconfirmed.append((trial, xla.submit(pair.derive_by_xla, example, *trial.arrays)))
            if not all(finding.agrees for finding in findings):
                confirm()

        def confirm() -> None:
            while unconfirmed and not report.failures:
                trial, by_xla = unconfirmed.pop(0)
                report.confirm(trial.confirmed(by_xla.result()))

        for member in pair.members(seed, dtypes)[:examples]:
            for variant in variants(member, pair.kinds, pair.labels):
                run(variant)
            tick()
        if examples > len(report.shapes) and not report.failures:
            _draw(pair.examples(dtypes), examples - len(report.shapes), seed, report.shapes, run, tick)
        confirm()
    return report


def _draw(
    drawn: SearchStrategy[Example],
    count: int,
    seed: int,
    seen: Collection[Shape],
    run: Callable[[Example], None],
    tick: Callable[[], None],
) -> None:
    """Run `count` examples that Hypothesis draws, of shapes that were not seen before."""

    @hypothesis.seed(int(seed))
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(drawn)
    def draw(example: Example) -> None:
        hypothesis.assume(example.shape not in seen)
        run(example)
        tick()

    draw()
