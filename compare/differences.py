"""What a difference between the two sides is: rounding, lost digits, a choice, or a mistake.

What lies outside the bound is *imprecise* where it stays within rounding of the quantity's natural
scale, or where its error falls with the unit roundoff; a *kink* where it differs at ties only, and
is between the one-sided derivatives; and else *wrong*. NumPy's warnings are off while a difference
is looked into: values are judged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from backproof.compare import kinks, ladder, witness
from backproof.compare.finding import (
    AGREES,
    AUTODIFF_NOT_FINITE,
    AUTODIFF_WRONG,
    BOTH_NOT_FINITE,
    IMPRECISE,
    NOT_FINITE,
    WRONG,
    Finding,
)
from backproof.compare.trial import EITHER_SIDE, Trial

ROUNDINGS = 16  # of a quantity's natural scale


def allowed(error: Any, eps: float, scale: float) -> Any:
    """Return how far apart two right sides may be: by their bounds, and their natural scale."""
    return EITHER_SIDE * error + ROUNDINGS * eps * scale


def looked_into(trial: Trial, name: str, autodiff: Any, outside: Any, scale: float) -> Finding:
    """Say what is the matter with a quantity, of which the entries `outside` do not agree."""
    hand = trial.hand[name]
    finite = np.isfinite(hand), np.isfinite(autodiff)
    if np.any(~finite[0] & finite[1]):
        return _not_finite(trial, name, autodiff, ~finite[0] & finite[1])
    differing = outside & finite[0] & finite[1]
    if np.any(differing):
        found = _differing(trial, name, autodiff, differing, scale)
        if np.all(finite[1]) or not found.passes:
            return found
    at = finding_at(name, hand, autodiff, ~finite[1], 1.0)
    if not np.any(finite[0] & ~finite[1]):
        return at.with_verdict(BOTH_NOT_FINITE, "neither side is finite here")
    return _autodiff_not_finite(trial, name, autodiff, finite[0] & ~finite[1], scale)


def _differing(trial: Trial, name: str, autodiff: Any, outside: Any, scale: float) -> Finding:
    """Judge the entries `outside`, which are finite on both sides."""
    hand, eps = trial.hand[name], trial.eps
    at = finding_at(name, hand, autodiff, outside, eps)
    truth = trial.truth[name]
    error = np.where(outside, np.abs(hand - truth).astype(float), 0)
    used = error / (ROUNDINGS * eps * np.abs(truth).astype(float))
    if np.all((error == 0) | (used <= 1)):  # autodiff is off, or its bound is
        most = float(np.max(used, where=error > 0, initial=0))
        return replace(at, verdict=AGREES, used=most)
    if np.all(error <= ROUNDINGS * eps * scale) or _of_rounded_inputs(trial, name, error):
        return at.with_verdict(IMPRECISE, _digits(error, truth, eps))
    if ladder.falls(trial, name, only=outside):
        return at.with_verdict(IMPRECISE, _digits(error, truth, eps))
    beyond = error > ROUNDINGS * eps * scale
    kink = kinks.looked_at(trial, name, beyond, at.place)
    if kink is not None:
        return at.with_verdict(*kink)
    said = witness.heard(trial, name, at.place)
    if said is not None and said.right == witness.HAND:
        return at.with_verdict(AUTODIFF_WRONG, "complex step agrees with the hand-derived side")
    return at.with_verdict(WRONG)


def _of_rounded_inputs(trial: Trial, name: str, error: Any) -> bool:
    """Whether an error is no larger than what rounding each input once may do to the result.

    As that of a − y is for a right to the last digit: where a is nearly y, no scale tells it.
    """
    bound = trial.of_rounded[name].error
    return bool(np.all((error == 0) | (error <= EITHER_SIDE * bound) & (bound < np.inf)))


def finding_at(name: str, hand: Any, autodiff: Any, outside: Any, eps: float) -> Finding:
    """Return a finding about the entry where the two sides differ most."""
    apart = np.where(outside, np.abs(hand - autodiff).astype(float), -1)
    apart = np.where(outside & np.isnan(apart), np.inf, apart)
    place = np.unravel_index(int(np.argmax(apart)), apart.shape)
    one, other = float(hand[place]), float(autodiff[place])
    ulps = float(np.float64(abs(one - other)) / (eps * abs(other))) if one != other else 0.0
    where = tuple(int(i) for i in place)
    return Finding(name, WRONG, hand.shape, where, one, other, ulps, used=np.inf)


def _not_finite(trial: Trial, name: str, autodiff: Any, entries: Any) -> Finding:
    """Return the finding about entries that are finite by autodiff only."""
    found = finding_at(name, trial.hand[name], autodiff, entries, 1.0)
    right = witness.value_at(trial, name, found.place)
    said = "" if right is None else f"; complex step gives {right:.4g}"
    return found.with_verdict(NOT_FINITE, f"{found.hand} by hand{said}")


def _autodiff_not_finite(
    trial: Trial, name: str, autodiff: Any, entries: Any, scale: float
) -> Finding:
    """Judge entries that are finite by hand only: by what autodiff gives with more digits."""
    hand, eps = trial.hand[name], trial.eps
    found = finding_at(name, hand, autodiff, entries, 1.0)
    wide = trial.of_rounded[name]
    size = np.maximum(np.abs(wide.value), scale).astype(float)
    error = np.abs(hand - wide.value).astype(float) - EITHER_SIDE * wide.error
    off = entries & (error > ROUNDINGS * eps * size)
    if not np.any(off) or ladder.falls(trial, name, only=off):
        said = f"{found.autodiff} by autodiff, {found.hand:.4g} by hand"
        return found.with_verdict(AUTODIFF_NOT_FINITE, said)
    found = finding_at(name, hand, autodiff, off, 1.0)
    right = f"{float(wide.value[found.place]):.4g} with more digits"
    return found.with_verdict(WRONG, f"{found.autodiff} by autodiff, {right}")


def _digits(error: Any, truth: Any, eps: float) -> str:
    """Say how many digits an imprecise quantity has lost at its worst entry, of how many."""
    relative = np.where(error > 0, error / np.abs(truth).astype(float), 0)
    worst = np.unravel_index(int(np.argmax(relative)), relative.shape)
    have = -np.log10(eps)
    lost = min(have, max(0.0, have + np.log10(max(float(relative[worst]), eps))))
    place = f" at {[int(i) for i in worst]}" if worst else ""
    return f"right, but {lost:.0f} of {have:.0f} digits are lost{place}"
