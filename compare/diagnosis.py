"""The mistake's name: a table of mistakes, each planted and recognised by the same function.

A mistake is recognised where it gives, to the last digits, what the hand-derived side has, on at
least three unrelated problems and on every one that was tried. What no row explains is said to be
unrecognised: no name is better than a wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from backproof.compare.line import Line, Wrong, consequences
from backproof.compare.mistakes import MISTAKES, Mistake
from backproof.compare.trial import Trial
from backproof.compare.values import Array

Key: TypeAlias = tuple[str, int, str]  # a line, a row of the table, the details

MOST = 3  # wrong lines that are explained
LEAST = 3  # problems on which an explanation must hold
SAME = 1e-9  # of the largest entry, in float64; and a thousandth of what is to be explained
SAME_IN_FLOAT32 = 1e-4


@dataclass(frozen=True)
class Cause:
    """A mistake that explains the hand-derived numbers of `quantity`, on so many problems."""

    mistake: Mistake
    quantity: str
    detail: str
    holds_on: int

    def __str__(self) -> str:
        return self.mistake.says.format(self.detail, q=self.quantity)


def diagnosed(evidence: Sequence[tuple[Trial, list[str]]]) -> list[Cause]:
    """Return what explains the wrong lines on every problem: (problem, its wrong lines).

    One mistake in a line that the hand-derived side does not show may explain several lines that
    it does; else each wrong line is looked at by itself, and if need be at those hidden before it.
    """
    if len(evidence) < LEAST:
        return []
    trials = [trial for trial, _ in evidence]
    whole = [trial.complete() for trial in trials]
    wrong = [n for n in evidence[0][1] if all(n in names for _, names in evidence)]
    if len(wrong) > 1:
        common = _first(_hidden(wrong, trials, whole), len(evidence))
        if common:
            return [common]
    causes = []
    for quantity in wrong[:MOST]:
        keys = _in_the_line(quantity, trials, whole) or _hidden([quantity], trials, whole)
        cause = _first(keys, len(evidence))
        causes += [cause] if cause else []
    return causes


def _first(keys: Sequence[Key], count: int) -> Cause | None:
    """Return the explanation that comes first in the table."""
    if not keys:
        return None
    name, row, detail = min(keys, key=lambda key: key[1])
    return Cause(MISTAKES[row], name, detail, count)


def _in_the_line(quantity: str, evidence: Sequence[Trial], whole: Sequence[Trial]) -> list[Key]:
    """Return the mistakes in a line that give what the hand-derived side has, everywhere."""
    alive: list[Key] | None = None
    for trial, complete in zip(evidence, whole, strict=True):
        line = Line(complete, quantity, np.asarray(trial.hand[quantity], np.float64))
        found = {
            (quantity, row, detail)
            for row in _rows(alive)
            for detail, wrong in planted(line, row)
            if _gives(wrong, line.hand, line.right, trial)
        }
        alive = sorted(found) if alive is None else [key for key in alive if key in found]
        if not alive:
            break
    return alive or []


def _hidden(wrong: Sequence[str], evidence: Sequence[Trial], whole: Sequence[Trial]) -> list[Key]:
    """Return the mistakes in lines that are not shown, carried through the lines after them."""
    alive: list[Key] | None = None
    for trial, complete in zip(evidence, whole, strict=True):
        names = complete.ordered()
        before = [n for n in names[: names.index(wrong[0])] if n not in trial.hand and n != "J"]
        found = {
            (name, row, detail)
            for name in before
            if alive is None or any(name == key[0] for key in alive)
            for row in _rows(alive)
            for detail, wrong_here in planted(Line(complete, name), row)
            if _carried(trial, complete, name, wrong_here, wrong)
        }
        alive = sorted(found) if alive is None else [key for key in alive if key in found]
        if not alive:
            break
    return alive or []


def _rows(alive: Sequence[Key] | None) -> Sequence[int]:
    return range(len(MISTAKES)) if alive is None else sorted({row for _, row, _ in alive})


def planted(line: Line, row: int) -> Wrong:
    """Yield what a line gives with the mistake of a row, if that is finite and has its shape."""
    with np.errstate(all="ignore"):
        for detail, wrong in MISTAKES[row].wrong(line):
            if wrong.shape == line.right.shape and np.all(np.isfinite(wrong)):
                yield detail, wrong


def _gives(wrong: Array, hand: Any, right: Array, trial: Trial) -> bool:
    """Whether a mistake gives the hand-derived numbers, and leaves nothing of them to explain."""
    unexplained, explained, rounding = _apart(wrong, hand, right, trial)
    return unexplained <= min(rounding, 1e-3 * explained)


def _apart(wrong: Array, hand: Any, right: Array, trial: Trial) -> tuple[float, float, float]:
    """Return how far hand-derived numbers are from wrong and from right ones, and from rounding."""
    share = SAME if trial.dtype == np.float64 else SAME_IN_FLOAT32
    size = max(np.max(np.abs(hand), initial=0), np.max(np.abs(right), initial=0))
    return (
        float(np.max(np.abs(hand - wrong), initial=0)),
        float(np.max(np.abs(hand - right), initial=0)),
        share * float(size),
    )


def _carried(
    trial: Trial, complete: Trial, name: str, wrong_here: Array, wrong: Sequence[str]
) -> bool:
    """Whether a line that is not shown, if wrong, gives what is shown of the lines after it."""
    changed = consequences(complete, name, wrong_here)
    for shown in changed.keys() & trial.hand.keys():
        hand, right = trial.hand[shown], complete.plain[shown]
        unexplained, explained, rounding = _apart(changed[shown], hand, right, trial)
        if unexplained > rounding or (explained > rounding and unexplained > 1e-3 * explained):
            return False
    return all(
        name in changed and _gives(changed[name], trial.hand[name], complete.plain[name], trial)
        for name in wrong
    )
