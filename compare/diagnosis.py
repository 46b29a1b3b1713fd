"""The mistake's name: a table of mistakes, each planted and recognised by the same function.

A mistake is recognised where it gives, to the last digits, what the hand-derived side has, on at
least three unrelated problems and on every one that was tried. What no row explains is said to be
unrecognised: no name is better than a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from backproof.compare import mistakes
from backproof.compare.line import Line, consequences
from backproof.compare.mistakes import Wrong
from backproof.compare.trial import Trial
from backproof.compare.values import Array

Key: TypeAlias = tuple[str, int, str]  # a line, a row of the table, the details

MOST = 3  # wrong lines that are explained
LEAST = 3  # problems on which an explanation must hold
SAME = 1e-9  # of the largest entry, in float64; and a thousandth of what is to be explained
SAME_IN_FLOAT32 = 1e-4


@dataclass(frozen=True)
class Mistake:
    """One row: `says` becomes a sentence about a line {q}, with the details that were found."""

    name: str
    says: str
    wrong: Callable[[Line], Wrong]

    @property
    def lesson(self) -> str:
        """One sentence for a learner."""
        return (self.wrong.__doc__ or "").partition("\n\n")[0].replace("\n    ", " ")


# In the order in which they are tried: of two that explain the same numbers, the first is told.
MISTAKES = [
    Mistake(
        "no mean",
        "{q} is {0} times too large: the division by {0} is missing",
        mistakes.mean_missing,
    ),
    Mistake("divided twice", "{q} is divided by {0} once too often", mistakes.mean_twice),
    Mistake("wrong count", "{q} is divided by the wrong size: {0}", mistakes.wrong_count),
    Mistake("sign", "{q} has the wrong sign", mistakes.sign),
    Mistake("factor 2", "{q} is {0} of what it should be", mistakes.square_factor),
    Mistake("n − 1", "{q} is divided by {0}", mistakes.one_less),
    Mistake(
        "no activation derivative",
        "the activation's derivative is missing: {q} is {0} as it is",
        mistakes.slope_missing,
    ),
    Mistake(
        "activation derivative twice",
        "the activation's derivative is multiplied twice in {q}",
        mistakes.slope_twice,
    ),
    Mistake(
        "slope assigned",
        "the slope is assigned, not multiplied with {0}, where it is not 1",
        mistakes.slope_assigned,
    ),
    Mistake(
        "mask of the upstream gradient",
        "{q} is masked by where {0} is positive",
        mistakes.mask_of_upstream,
    ),
    Mistake(
        "updated parameter",
        "{q} is computed from an updated parameter: {0}",
        mistakes.updated_parameter,
    ),
    Mistake("wrong array", "{q} is computed with {0}", mistakes.other_value),
    Mistake(
        "diagonal only",
        "{q} is {0} times the Jacobian's diagonal; the other entries are missing",
        mistakes.diagonal_only,
    ),
    Mistake(
        "wrong activation derivative",
        "{q} is multiplied with {0}, which is not the derivative here",
        mistakes.slope_of_another,
    ),
    Mistake(
        "cancelled derivative",
        "{q} is multiplied with {0}, which has cancelled on paper",
        mistakes.slope_added,
    ),
    Mistake("wrong term", "{q} has {0}", mistakes.other_term),
    Mistake("label squared", "{q} has −(y/a)·y in place of −y/a, with {0}", mistakes.label_squared),
    Mistake(
        "sign within",
        "{q} has the sign of the second term wrong: −(y/a + (1 − y)/(1 − a)), with {0}",
        mistakes.label_sign,
    ),
    Mistake(
        "transpose", "a transpose is missing, or one too many, in {q}: of {0}", mistakes.transposed
    ),
    Mistake(
        "elementwise product",
        "{q} is the elementwise product {0}; a matrix product belongs there",
        mistakes.elementwise,
    ),
    Mistake("penalty missing", "the penalty's term is missing in {q}", mistakes.decay_missing),
    Mistake("penalty twice", "the penalty's term is in {q} twice", mistakes.decay_twice),
    Mistake("factor ignored", "{q} ignores {0}, as if it were 1", mistakes.factor_ignored),
    Mistake("term ignored", "{q} ignores {0}, as if it were 0", mistakes.term_ignored),
    Mistake(
        "upstream ignored", "{q} ignores {0}, as if it were all ones", mistakes.upstream_ignored
    ),
    Mistake("path missing", "{q} lacks the term that comes through {0}", mistakes.path_missing),
    Mistake(
        "penalty added", "{q} has a penalty that the loss does not have: {0}", mistakes.decay_added
    ),
    Mistake("constant factor", "{q} is {0} times what it should be", mistakes.constant_factor),
    Mistake(
        "one step only",
        "{q} has the contribution of one step only: the {0}",
        mistakes.one_step_only,
    ),
    Mistake(
        "= for +=",
        "{q} keeps only the last of several contributions of {0}: = where += belongs",
        mistakes.assigned,
    ),
    Mistake(
        "mean's term missing",
        "{q} lacks the term that comes through the mean {0}",
        mistakes.mean_term_missing,
    ),
    Mistake(
        "deviation's term missing",
        "{q} lacks the term that comes through the deviation {0}",
        mistakes.deviation_term_missing,
    ),
    Mistake("other activation", "{q} is the {0}", mistakes.other_activation),
    Mistake("reordered", "{q} has the right entries at the wrong places: {0}", mistakes.reordered),
    Mistake("summed too much", "{q} is {0}, an axis that should stay", mistakes.summed_too_much),
    Mistake("clipped", "{q} is clipped at {0}", mistakes.clipped),
    Mistake("zeros", "{q} is all zeros", mistakes.zeros),
    Mistake("part zero", "some entries of {q} are 0, the others are right", mistakes.part_zero),
    Mistake(
        "float32 digits",
        "{q} went through float32: it has seven right digits",
        mistakes.narrow_digits,
    ),
    Mistake("other quantity", "{q} is {0}", mistakes.other_quantity),
]


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
