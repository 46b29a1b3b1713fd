"""Judgements of right gradients: a million of them, and no hand-derived side is called wrong.

A judgement is the verdict on one quantity of one example. The pairs are all that ship with the
package, and the foreign losses of `tests/foreign.py` with the gradients that were derived for them
by hand; over all kinds of values, both precisions and all memory orders. What is *not finite* by
hand only is counted by itself: a right formula may overflow.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from backproof.compare import PAIRS, Example, Pair, Values
from backproof.compare.finding import INHERITS, NOT_FINITE, PASSES
from backproof.compare.judging import judged_or_raised
from backproof.compare.search import members
from backproof.compare.values import ORDERS
from benchmarks.counts import Counted

JUDGEMENTS = 1_000_000
QUICK = 2_000
XLA_SHARE = 0.1  # of as many for what runs through XLA, which compiles for every shape
TESTS = Path(__file__).parents[1] / "tests"
COLUMNS = (*PASSES, NOT_FINITE, "other")


def counted(quick: bool) -> Counted:
    """Return the table: the verdicts of every pair."""
    names = [*PAIRS, *foreign_names()]
    names = names[::12] if quick else names
    weights = [XLA_SHARE if name in foreign_names(through_xla=True) else 1 for name in names]
    of_one = (QUICK if quick else JUDGEMENTS) / sum(weights)
    shares = [int(of_one * weight) + 1 for weight in weights]
    rows: dict[str, list[int]] = {}
    notes: list[str] = []
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for name, verdicts, remarks in pool.map(of_pair, names, shares):
            other = sum(n for verdict, n in verdicts.items() if verdict not in COLUMNS)
            rows[name] = [verdicts[column] for column in COLUMNS[:-1]] + [other]
            notes += remarks
    total = sum(sum(row) for row in rows.values())
    return Counted(
        title=f"{total:,} judgements of right gradients",
        detail="one judgement is the verdict on one quantity of one example",
        columns=COLUMNS,
        rows=rows,
        notes=notes,
    )


def of_pair(name: str, judgements: int) -> tuple[str, Counter[str], list[str]]:
    """Judge a right pair so many times; return the verdicts, and examples of those that fail."""
    pair = PAIRS[name] if name in PAIRS else foreign_pair(name)
    verdicts: Counter[str] = Counter()
    remarks: list[str] = []
    scales: dict[str, float] = {}
    for example in examples(pair):
        judgement = judged_or_raised(pair, example, scales, thorough=verdicts.total() < 1000)
        verdicts.update(finding.verdict for finding in judgement.findings)
        remarks += [
            f"{name} at {example}: {finding}"
            for finding in judgement.findings
            if not finding.passes and finding.verdict not in (NOT_FINITE, INHERITS)
        ]
        if verdicts.total() >= judgements:
            return name, verdicts, remarks
    raise AssertionError("examples do not end")


def examples(pair: Pair) -> Iterator[Example]:
    """Yield the families of shapes twice, then shapes at random with everything else in turns."""
    dtypes = tuple(pair.dtypes)
    turns = members(pair, 0, dtypes)
    for _ in range(2 * len(pair.families)):
        yield next(turns)
    random = np.random.default_rng(0)
    for i in count():
        sides = random.integers(1, pair.largest_side + 1, len(pair.size_names))
        sizes = dict(zip(pair.size_names, sides.tolist(), strict=True))
        if pair.allows(sizes):
            yield Example(
                sizes,
                int(random.integers(2**16)),
                dtypes[i % len(dtypes)],
                ORDERS[i // 2 % len(ORDERS)],
                pair.variations[int(random.integers(len(pair.variations)))],
            )


def foreign_names(*, through_xla: bool = False) -> list[str]:
    """Return the foreign losses that were derived by hand; of them, those that run through XLA."""
    losses, by_hand = _foreign()
    of_xla = {case.name for case in losses if case.through_xla}
    return [name for name in by_hand if name in of_xla or not through_xla]


def foreign_pair(name: str) -> Pair:
    """Return a foreign loss, with its gradient derived by hand, as a pair."""
    losses, by_hand = _foreign()
    case = next(case for case in losses if case.name == name)
    draws: dict[str, Any] = {leaf: Values({"drawn": draw}) for leaf, draw in case.draw.items()}
    return Pair(
        by_hand[name],
        case.loss,
        case.shapes,
        draws,
        wrt=case.wrt,
        constraints=case.constraints,
        name=name,
    )


def _foreign() -> tuple[Any, Any]:
    """Return the tables of foreign losses and of their hand-derived gradients."""
    sys.path.insert(0, str(TESTS))
    try:
        import foreign
        import foreign_by_hand
    finally:
        sys.path.remove(str(TESTS))
    return foreign.LOSSES, foreign_by_hand.BY_HAND
