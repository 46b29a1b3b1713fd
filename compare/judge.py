"""One example, judged: a finding for every quantity, in a fixed order of questions.

Keys, then shapes and dtypes, then finiteness, then values. Nothing is broadcast, ever: (n,)
against (n, 1) is a wrong shape, not a difference of zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.arguments import check_keys
from backproof.compare.pair import Pair, Results
from backproof.compare.rounding import allowances
from backproof.compare.values import Example, Problem


@dataclass(frozen=True)
class Finding:
    """What was found about one quantity of one example.

    `difference` and `allowed` are in units of eps at the quantity's scale; `place` is the entry
    where the two sides differ most, () for the cost. `reason` is empty when they agree.
    """

    quantity: str
    example: Example
    reason: str = ""
    difference: float = 0.0
    allowed: float = 0.0
    place: tuple[int, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the two sides agree."""
        return not self.reason


def badness(finding: Finding) -> tuple[bool, float]:
    """Order findings by how much of their allowance they use, failures last."""
    return (not finding.agrees, finding.difference / max(finding.allowed, 1e-300))


def story(pair: Pair, failures: list[Finding]) -> list[str]:
    """Tell a disagreement, line by line: where, and every quantity that is wrong."""
    lines = [
        f"{pair.name}: the hand-derived gradient disagrees with autodiff",
        f"  at {failures[0].example}",
    ]
    for finding in failures:
        at = f" at {list(finding.place)}" if finding.place else ""
        lines.append(f"  {finding.quantity}{at}: {finding.reason}")
    return lines


def judge(pair: Pair, example: Example, arrays: Problem | None = None) -> list[Finding]:
    """Run both sides of `pair` on one example and compare all that the hand-derived side returns.

    `arrays` are made from the example unless given. Raises TypeError or ValueError for what is
    not a gradient at all: no dict, unknown names, a parameter without its gradient.
    """
    arrays = pair.problem(example) if arrays is None else arrays
    parameters, X, Y = arrays
    before = [array.copy() for array in (*parameters.values(), X, Y)]
    try:
        by_hand = pair.derive_by_hand(example, dict(parameters), X, Y)
    except Exception as error:
        error.add_note(f"while {pair.name} was checked at {example}")
        raise
    for name, array, copy in zip(
        (*parameters, "X", "Y"), (*parameters.values(), X, Y), before, strict=True
    ):
        if not np.array_equal(array, copy):
            return [Finding(name, example, "the hand-derived side wrote into its argument")]
    jax = pair.derive_by_autodiff(example, parameters, X, Y)
    needed = [f"d{name}" for name in parameters]
    check_keys("by_hand's result", by_hand, needed, [name for name in jax if name not in needed])
    hand = {name: _as_array(value, jax[name].dtype) for name, value in by_hand.items()}
    return _misfits(example, hand, jax) or _differences(pair, example, arrays, hand, jax)


def _as_array(value: Any, dtype: Any) -> Any:
    """Return an array; a plain number takes the expected dtype, what is no array becomes object."""
    try:
        return np.asarray(value, dtype if isinstance(value, (int, float)) else None)
    except ValueError:
        return np.array(None)


def _misfits(example: Example, hand: Results, jax: Results) -> list[Finding]:
    """Findings for wrong shapes and dtypes; failing none, for values that are not finite."""
    misfits, not_finite = [], []
    for name, value in hand.items():
        right = jax[name]
        if value.dtype == object:
            misfits.append(Finding(name, example, "no array of numbers"))
        elif value.shape != right.shape:
            reason = f"shape {value.shape}, expected {right.shape}"
            misfits.append(Finding(name, example, reason))
        elif value.dtype != right.dtype:
            reason = f"dtype {value.dtype}, expected {right.dtype}"
            misfits.append(Finding(name, example, reason))
        else:
            for side, array in (("hand-derived", value), ("autodiff", right)):
                if not np.isfinite(array).all():
                    place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
                    reason = f"the {side} side is {array[place]}"
                    not_finite.append(Finding(name, example, reason, np.inf, 0.0, place))
    return misfits or not_finite


def _differences(
    pair: Pair, example: Example, arrays: Problem, hand: Results, jax: Results
) -> list[Finding]:
    eps = np.finfo(example.dtype).eps
    findings = []
    for name, allowance in allowances(pair, example, arrays, hand, jax).items():
        if name not in hand:
            continue
        own = np.maximum(allowance.error - allowance.inherited, 0)
        place = tuple(int(i) for i in np.unravel_index(np.argmax(own), own.shape))
        difference = float(own[place] / (eps * allowance.scale))
        wrong = f"{hand[name][place]:.6g} by hand, {jax[name][place]:.6g} by autodiff"
        reason = "" if difference <= allowance.roundings else wrong
        findings.append(Finding(name, example, reason, difference, allowance.roundings, place))
    return findings
