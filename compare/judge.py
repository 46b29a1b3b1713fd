"""One example, judged: a finding for every quantity, in a fixed order of questions.

Keys, then shapes and dtypes, then finiteness, then values. Nothing is broadcast, ever: (n,)
against (n, 1) is a wrong shape, not a difference of zeros.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from backproof.arguments import check_keys, is_finite
from backproof.compare.pair import Pair, Results
from backproof.compare.rounding import allowances
from backproof.compare.values import Example, Problem

Sides = tuple[str, str]  # what the two that are compared are called


class Finding(NamedTuple):
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

    JAX's side runs through XLA, and the replay is held against it as well. `arrays` are made from
    the example unless given. Raises TypeError or ValueError for what is not a gradient at all: no
    dict, unknown names, a parameter without its gradient.
    """
    trial = Trial(pair, example, arrays)
    return trial.confirmed(pair.derive_by_xla(example, *trial.arrays))


class Trial:
    """One example: its arrays, and what the hand-derived side and the replay make of them."""

    def __init__(self, pair: Pair, example: Example, arrays: Problem | None = None) -> None:
        self.pair, self.example = pair, example
        self.arrays = pair.problem(example) if arrays is None else arrays
        parameters, X, Y = self.arrays
        given = {**parameters, "X": X, "Y": Y}
        before = {name: array.tobytes() for name, array in given.items()}
        try:
            # Values are judged, warnings are not: some BLAS kernels read beyond a matrix, and
            # NumPy then reports an invalid value that no result holds (numpy/numpy#24067).
            with np.errstate(all="ignore"):
                by_hand = pair.derive_by_hand(example, dict(parameters), X, Y)
        except Exception as error:
            error.add_note(f"while {pair.name} was checked at {example}")
            raise
        self.overwritten = [
            name for name, array in given.items() if array.tobytes() != before[name]
        ]
        if self.overwritten:  # the replay would start from other numbers
            return
        self.by_replay = pair.derive_by_replay(example, parameters, X, Y)
        needed = [f"d{name}" for name in parameters]
        also = sorted(name for name in self.by_replay if name not in needed)
        check_keys("by_hand's result", by_hand, needed, also)
        self.by_hand = {
            name: _as_array(value, self.by_replay[name].dtype) for name, value in by_hand.items()
        }

    def findings(self) -> list[Finding]:
        """Hold the hand-derived side against the replay."""
        if self.overwritten:
            reason = "the hand-derived side wrote into its argument"
            return [Finding(name, self.example, reason) for name in self.overwritten[:1]]
        return self._compared(self.by_hand, self.by_replay)

    def confirmed(self, by_xla: Results) -> list[Finding]:
        """Hold the hand-derived side against XLA, and then the replay."""
        if self.overwritten:
            return self.findings()
        faults_of_ours = [
            finding._replace(reason=f"the replay differs from XLA: {finding.reason}")
            for finding in self._compared(self.by_replay, by_xla, ("by replay", "by XLA"))
            if not finding.agrees
        ]
        return [*self._compared(self.by_hand, by_xla), *faults_of_ours]

    def _compared(
        self, one: Results, other: Results, sides: Sides = ("by hand", "by autodiff")
    ) -> list[Finding]:
        misfits = _misfits(self.example, one, other, sides)
        return misfits or _differences(self.pair, self.example, self.arrays, one, other, sides)


def _as_array(value: Any, dtype: Any) -> Any:
    """Return an array; a plain number takes the expected dtype, what is no array becomes object."""
    try:
        return np.asarray(value, dtype if isinstance(value, (int, float)) else None)
    except ValueError:
        return np.array(None)


def _misfits(example: Example, one: Results, other: Results, sides: Sides) -> list[Finding]:
    """Findings for wrong shapes and dtypes; failing none, for values that are not finite."""
    misfits, not_finite = [], []
    for name, value in one.items():
        right = other[name]
        if value.dtype == object:
            misfits.append(Finding(name, example, "no array of numbers"))
        elif value.shape != right.shape:
            reason = f"shape {value.shape}, expected {right.shape}"
            misfits.append(Finding(name, example, reason))
        elif value.dtype != right.dtype:
            reason = f"dtype {value.dtype}, expected {right.dtype}"
            misfits.append(Finding(name, example, reason))
        else:
            for side, array in zip(sides, (value, right), strict=True):
                if not is_finite(array):
                    place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
                    reason = f"{array[place]} {side}"
                    not_finite.append(Finding(name, example, reason, np.inf, 0.0, place))
    return misfits or not_finite


def _differences(
    pair: Pair, example: Example, arrays: Problem, one: Results, other: Results, sides: Sides
) -> list[Finding]:
    eps = float(np.finfo(example.dtype).eps)
    findings = []
    for name, allowance in allowances(pair, example, arrays, one, other).items():
        if name not in one:
            continue
        own = np.maximum(allowance.error - allowance.inherited, 0)
        worst = int(own.argmax())
        place = divmod(worst, own.shape[1]) if own.ndim == 2 else ()
        difference = own.item(worst) / (eps * allowance.scale)
        reason = ""
        if not difference <= allowance.roundings:
            values = (f"{side[name][place]:.6g}" for side in (one, other))
            reason = ", ".join(f"{value} {side}" for value, side in zip(values, sides, strict=True))
        findings.append(Finding(name, example, reason, difference, allowance.roundings, place))
    return findings
