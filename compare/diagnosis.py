"""The mistake's name: a table of mistakes, each planted and recognised by the same function.

A mistake is recognised where it gives, to the last digits, what the hand-derived side has, on at
least three unrelated problems and on every one that was tried. What no row explains is said to be
unrecognised: no name is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from backproof.compare.line import Line, Wrong, consequences, rounding
from backproof.compare.mistakes import MISTAKES, Mistake
from backproof.compare.trial import Trial
from backproof.compare.values import Array

Key: TypeAlias = tuple[str, int, str]  # a line, a row of the table, the details

MOST = 3  # mistakes that are told
LEAST = 3  # problems on which an explanation must hold
SHARE = 1e-3  # of what is to be explained: so much may be left


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
    constant = {
        name for name in trials[0].sizes if len({trial.sizes[name] for trial in trials}) == 1
    }
    whole = [trial.complete() for trial in trials]
    wrong = [n for n in evidence[0][1] if all(n in names for _, names in evidence)]
    if len(wrong) > 1:
        common = _first(_hidden(wrong, trials, whole), constant, len(evidence))
        if common:
            return [common]
    causes: list[Cause] = []
    for quantity in wrong:
        keys = _in_the_line(quantity, trials, whole) or _hidden([quantity], trials, whole)
        cause = _first(keys, constant, len(evidence))
        if cause and cause not in causes:
            causes.append(cause)
        if len(told(causes)) == MOST:
            break
    return causes


def told(causes: Sequence[Cause]) -> list[str]:
    """Return the causes in words, the same one of several lines once."""
    alike: dict[tuple[str, str], list[Cause]] = {}
    for cause in causes:
        alike.setdefault((cause.mistake.name, cause.detail), []).append(cause)
    return [
        "; likewise ".join(filter(None, (f"{first}", ", ".join(c.quantity for c in others))))
        for first, *others in alike.values()
    ]


def _first(keys: Sequence[Key], constant: Collection[str], count: int) -> Cause | None:
    """Return the explanation that comes first in the table.

    One that names a size is none where that size was the same throughout: a number would do.
    """
    keys = [key for key in keys if not {*re.findall(r"\w+", key[2])} & {*constant}]
    if not keys:
        return None
    name, row, detail = min(keys, key=lambda key: key[1])
    return Cause(MISTAKES[row], name, detail, count)


def _in_the_line(quantity: str, trials: Sequence[Trial], whole: Sequence[Trial]) -> list[Key]:
    """Return the mistakes in a line that give what the hand-derived side has, everywhere."""

    def explain(trial: Trial, complete: Trial, alive: Sequence[Key] | None) -> Iterator[Key]:
        line = Line(complete, quantity, np.asarray(trial.hand[quantity], np.float64))
        for row in _rows(alive):
            for detail, wrong in planted(line, MISTAKES[row]):
                if _gives(wrong, line.hand, line.right, trial):
                    yield quantity, row, detail

    return _on_every(trials, whole, explain)


def _hidden(wrong: Sequence[str], trials: Sequence[Trial], whole: Sequence[Trial]) -> list[Key]:
    """Return the mistakes in lines that are not shown, carried through the lines after them."""

    def explain(trial: Trial, complete: Trial, alive: Sequence[Key] | None) -> Iterator[Key]:
        names = complete.ordered()
        before = [n for n in names[: names.index(wrong[0])] if n not in trial.hand and n != "J"]
        for name in before:
            if alive is None or any(name == key[0] for key in alive):
                for row in _rows(alive):
                    for detail, wrong_here in planted(Line(complete, name), MISTAKES[row]):
                        if _carried(trial, complete, name, wrong_here, wrong):
                            yield name, row, detail

    return _on_every(trials, whole, explain)


def _on_every(
    trials: Sequence[Trial],
    whole: Sequence[Trial],
    explain: Callable[[Trial, Trial, Sequence[Key] | None], Iterator[Key]],
) -> list[Key]:
    """Return the explanations that hold on every problem; of those `alive`, as more are asked."""
    alive: list[Key] | None = None
    for trial, complete in zip(trials, whole, strict=True):
        found = set(explain(trial, complete, alive))
        alive = sorted(found if alive is None else found.intersection(alive))
        if not alive:
            break
    return alive or []


def _rows(alive: Sequence[Key] | None) -> Sequence[int]:
    return range(len(MISTAKES)) if alive is None else sorted({row for _, row, _ in alive})


def planted(line: Line, mistake: Mistake) -> Wrong:
    """Yield what a line gives with a mistake, if that is finite and has the line's shape."""
    with np.errstate(all="ignore"):
        for detail, wrong in mistake.wrong(line):
            if wrong.shape == line.right.shape and np.all(np.isfinite(wrong)):
                yield detail, wrong


def _gives(wrong: Array, hand: Any, right: Array, trial: Trial) -> bool:
    """Whether a mistake gives the hand-derived numbers, and leaves nothing of them to explain."""
    unexplained, explained = _apart(hand, wrong), _apart(hand, right)
    return unexplained <= min(rounding(trial, hand, right), SHARE * explained)


def _apart(one: Array, other: Array) -> float:
    return float(np.max(np.abs(one - other), initial=0))


def _carried(
    trial: Trial, complete: Trial, name: str, wrong_here: Array, wrong: Sequence[str]
) -> bool:
    """Whether a line that is not shown, if wrong, gives what is shown of the lines after it."""
    changed = consequences(complete, name, wrong_here)
    for shown in changed.keys() & trial.hand.keys():
        hand, right = trial.hand[shown], complete.plain[shown]
        unexplained, explained = _apart(hand, changed[shown]), _apart(hand, right)
        allowed = rounding(trial, hand, right)
        if unexplained > allowed or (explained > allowed and unexplained > SHARE * explained):
            return False
    return all(
        n in changed and _gives(changed[n], trial.hand[n], complete.plain[n], trial) for n in wrong
    )
