"""The search over shapes and values, and its confirmation through XLA."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace

import hypothesis
import numpy as np

from backproof.arguments import FLOATS, check_choice, check_whole
from backproof.compare.judge import Trial
from backproof.compare.pair import Pair, Results
from backproof.compare.report import Report
from backproof.compare.shapes import LARGEST
from backproof.compare.values import Example, variants

EXAMPLES = 200
CONFIRMED = 50  # one shape in so many goes through XLA too, the first among them
ATTEMPTS = 100  # to find a shape that was not seen; of a single unit there are LARGEST²


def search(
    pair: Pair,
    examples: int = EXAMPLES,
    seed: int = 0,
    dtype: str | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Report:
    """Search as `check` does, without raising; stop at the first failure, `tick` for each shape."""
    with ThreadPoolExecutor(max_workers=1) as xla:
        return begin(pair, examples, seed, dtype, tick, xla)()


def begin(
    pair: Pair,
    examples: int,
    seed: int,
    dtype: str | None,
    tick: Callable[[], None],
    xla: Executor,
) -> Callable[[], Report]:
    """Search by replay; return what waits for XLA's confirmations and returns the report.

    XLA compiles on a thread of its own, while this search, or the next one, goes on.
    """
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
    unconfirmed: list[tuple[Trial, Future[Results]]] = []

    def run(example: Example) -> None:
        if report.failures:
            return
        if example.shape not in report.shapes:
            tick()
        due = len(report.shapes) % CONFIRMED == 0
        trial = Trial(pair, example)
        findings = trial.findings()
        report.add(findings, example)
        agrees = all(finding.agrees for finding in findings)
        if due or not agrees:
            unconfirmed.append((trial, xla.submit(pair.derive_by_xla, example, *trial.arrays)))
        if not agrees:
            settle()

    def settle() -> Report:
        while unconfirmed and not report.failures:
            trial, by_xla = unconfirmed.pop(0)
            report.confirm(trial.confirmed(by_xla.result()))
        return report

    for member in pair.members(seed, dtypes)[:examples]:
        for variant in variants(member, pair.kinds, pair.labels):
            run(variant)
    if examples > len(report.shapes) and not report.failures:

        @hypothesis.seed(int(seed))
        @hypothesis.settings(
            max_examples=examples - len(report.shapes),
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(pair.examples(dtypes))
        def draw(example: Example) -> None:
            run(_unseen(pair, example, report))

        draw()
    return settle


def _unseen(pair: Pair, example: Example, report: Report) -> Example:
    """Return the example, at another shape where its own was seen: small families repeat."""
    if example.shape not in report.shapes:
        return example
    random = np.random.default_rng(example.seed)
    for _ in range(ATTEMPTS):
        sides = random.integers(1, LARGEST + 1, len(example.shape))
        example = replace(example, shape=pair.fitted(tuple(sides.tolist())))
        if example.shape not in report.shapes:
            break
    return example
