"""`check`: search for a disagreement, and raise it."""

from __future__ import annotations

from backproof.compare.pair import Pair
from backproof.compare.report import Report
from backproof.compare.search import search


class GradientMismatch(AssertionError):
    """A hand-derived gradient disagrees with autodiff; `report` holds what was found."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def check(
    pair: Pair, examples: int | None = None, seed: int = 0, dtype: str | None = None
) -> Report:
    """Search for a disagreement, raise GradientMismatch if there is one, else return the report.

    A quarter of the `examples` (200, or what pytest's --backproof-profile says) are of the families
    of shapes that expose mistakes, with every kind of values in turns; Hypothesis draws the others.
    JAX's derivation is replayed by NumPy, and run by XLA too on one example in a hundred, and
    before anything is said to be wrong. float32 and float64 take turns unless `dtype` says not.

    It runs Hypothesis itself: inside a Hypothesis test of your own, draw from `pair.examples()`
    and call `judge(pair, **pair.arguments(example))` instead.

    Raises what the hand-derived side raises, if it does so on every example, and TypeError or
    ValueError for a pair that does not fit together, or a result that is no gradient at all.
    """
    __tracebackhide__ = True  # pytest points to the call
    report = search(pair, examples, seed, dtype)
    if report.error is not None:
        raise report.error
    if not report.agrees:
        raise GradientMismatch(report)
    return report
