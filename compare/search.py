"""The search over shapes and values, and its confirmation through XLA."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import count, islice
from typing import Any

import hypothesis
import numpy as np

from backproof.arguments import FLOATS, check_choice, check_whole
from backproof.compare import hooks
from backproof.compare.confirmation import differs_from_xla
from backproof.compare.example import Example, checked_at
from backproof.compare.finding import Judgement
from backproof.compare.judging import judged, of_error
from backproof.compare.pair import Pair, check_pair
from backproof.compare.quantities import quantities
from backproof.compare.report import Report
from backproof.compare.trial import Trial
from backproof.compare.values import ORDERS

EXAMPLES = 200
CONFIRMED = 100  # one example in so many goes through XLA too
PASSES = 2  # through the families of shapes, before Hypothesis draws
ATTEMPTS = 100  # to find a shape that was not seen; of two dimensions there are LARGEST²
THOROUGH = 20  # the first so many are called twice, and asked whether results share memory


def search(
    pair: Pair,
    examples: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
) -> Report:
    """Search as `check` does, without raising; stop at the first failure."""
    if examples is None:
        examples = hooks.examples or EXAMPLES
    with ThreadPoolExecutor(max_workers=1) as xla:
        report = begin(pair, examples, seed, dtype, lambda: None, xla)()
    for listener in hooks.listeners:
        listener(report)
    return report


def begin(
    pair: Pair,
    examples: int,
    seed: int,
    dtype: str | None,
    tick: Callable[[], None],
    xla: Executor,
) -> Callable[[], Report]:
    """Search by replay, `tick` for each example; return what waits for XLA and gives the report.

    XLA compiles on a thread of its own, while this search, or the next one, goes on.
    """
    check_pair(pair)
    check_whole("examples", examples, least=1)
    check_whole("seed", seed, least=0)
    dtypes = _dtypes(pair, dtype)
    report = Report(pair, seed, dtype)
    unconfirmed: list[tuple[Trial, Future[Any]]] = []
    first = min(examples, 3) - 1  # to go through XLA: no two sizes of the third shape are the same

    def run(example: Example) -> None:
        if report.failure:
            return
        tick()
        due, thorough = report.examples % CONFIRMED == first, report.examples < THOROUGH
        trial = _tried(report, example, thorough=thorough)
        if trial and (due or report.failure):
            unconfirmed.append((trial, xla.submit(pair.reference.by_xla, trial.arguments)))
        never_returns = isinstance(report.error, TimeoutError)
        if report.error and not never_returns and (report.examples > 1 or _runs(pair, own)):
            report.error = None  # raised on some examples only: a finding like others

    def settle() -> Report:
        for trial, by_xla in unconfirmed:
            report.confirm(differs_from_xla(trial, by_xla.result()))
        unconfirmed.clear()
        return report

    passes = min(examples, PASSES * len(pair.families))
    own = list(islice(members(pair, seed, dtypes), max(passes, examples // 4)))
    for example in own:
        run(example)
    if examples > len(own) and not report.failure:

        @hypothesis.seed(int(seed))
        @hypothesis.settings(
            max_examples=examples - len(own),
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


def repeat(pair: Pair, example: Example) -> Report:
    """Judge one example, and let XLA confirm it."""
    report = Report(pair, example.seed, of_one_example=True)
    trial = _tried(report, example)
    if trial:
        report.confirm(differs_from_xla(trial, pair.reference.by_xla(trial.arguments)))
    return report


def _tried(report: Report, example: Example, *, thorough: bool = True) -> Trial | None:
    """Judge one example into the report; None where the hand-derived side raises."""
    pair, trial = report.pair, None
    with checked_at(pair.title, example):
        arguments = pair.arguments(example)
    try:
        with checked_at(pair.title, example):
            trial = Trial(pair, arguments, thorough=thorough)
    except Exception as error:
        judgement = of_error(pair, example, arguments, error)
        report.error = None if judgement.agrees else error
    else:
        judgement = Judgement(str(example), judged(trial, report.scales))
    report.add(judgement, example)
    if not judgement.agrees:
        report.failure = (judgement, example)
    return trial


def ready(pair: Pair, dtype: str | None = None) -> None:
    """Raise what is raised for a pair that does not fit together, without calling its hand."""
    example = next(members(pair, 0, _dtypes(pair, dtype)))
    pair.arguments(example)
    quantities(pair, example.sizes)


def _dtypes(pair: Pair, dtype: str | None) -> tuple[str, ...]:
    """Return the precisions to try."""
    if dtype is None:
        return tuple(pair.dtypes)
    check_choice("dtype", dtype, FLOATS)
    if dtype not in pair.dtypes:
        only = ", ".join(pair.dtypes)
        raise ValueError(f"dtype={dtype!r}: {pair.title} runs in {only} only; leave dtype out.")
    return (dtype,)


def members(pair: Pair, seed: int, dtypes: Sequence[str]) -> Iterator[Example]:
    """Yield the families of shapes in turns, with ever other values, precisions and orders."""
    families, variations = pair.families, pair.variations
    for turn in count():
        for place, sizes in enumerate(families):
            i = turn * len(families) + place
            yield Example(
                sizes,
                seed + i,
                dtypes[(seed + place + turn) % len(dtypes)],
                ORDERS[(seed + i) // 2 % len(ORDERS)],
                variations[(seed + i + i // len(variations)) % len(variations)],
            )


def _unseen(pair: Pair, example: Example, report: Report) -> Example:
    """Return the example, at another shape where its own was seen: small families repeat."""
    random = np.random.default_rng(example.seed)
    sizes = dict(example.sizes)
    for _ in range(ATTEMPTS if sizes else 0):
        if tuple(sizes.values()) not in report.shapes and pair.allows(sizes):
            return replace(example, sizes=sizes)
        sides = random.integers(1, pair.largest_side + 1, len(sizes))
        sizes = dict(zip(sizes, sides.tolist(), strict=True))
    return example


def _runs(pair: Pair, examples: Sequence[Example]) -> bool:
    """Whether the hand-derived side runs on some of these examples."""
    for example in examples:
        try:
            Trial(pair, pair.arguments(example), thorough=False)
        except Exception:
            continue
        return True
    return False
