"""One example, judged: a finding for every quantity that the hand-derived side returns.

In order: shapes and dtypes, then values; nothing is broadcast, ever. A line agrees where it lies
within rounding of what autodiff's cut program makes of the hand's own other lines, by running
error analysis, once for either side. What lies outside is *imprecise* where it stays within
rounding of the quantity's natural scale, or where its error falls with the unit roundoff; a *kink*
where it differs at ties only, and is between the one-sided derivatives; and else *wrong*.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

import numpy as np

from backproof.compare import kinks, ladder, witness
from backproof.compare.example import Example
from backproof.compare.finding import (
    AGREES,
    AUTODIFF_NOT_FINITE,
    AUTODIFF_WRONG,
    BOTH_NOT_FINITE,
    DTYPE,
    IMPRECISE,
    INHERITS,
    KINK,
    NOT_FINITE,
    SHAPE,
    WRONG,
    Finding,
    Judgement,
)
from backproof.compare.misfit import by_shape
from backproof.compare.pair import Pair
from backproof.compare.trial import Trial

EITHER_SIDE = 2  # the bound holds for autodiff's rounding; the hand's may be as large
ROUNDINGS = 16  # of a quantity's natural scale
Scales = MutableMapping[str, float]


def judge(pair: Pair, /, **arguments: Any) -> Judgement:
    """Judge the hand-derived side of `pair` on these arrays.

    Raises what the hand-derived side raises, and TypeError or ValueError for arrays that do not
    fit the pair's shapes, or for a result that is no gradient at all.
    """
    if not isinstance(pair, Pair):
        raise TypeError(f"pair={pair!r} is a {type(pair).__name__}: pass a Pair.")
    signature = pair.reference.program.signature
    flat = {name: np.asarray(array) for name, array in signature.flat(arguments).items()}
    trial = Trial(pair, signature.nested(flat))
    sizes = {name: trial.sizes[name] for name in pair.size_names}
    given = ",".join(f"{name}={n}" for name, n in sizes.items())
    return Judgement(given, judged(trial, {}, in_detail=True))


def judged_example(
    pair: Pair, example: Example, scales: Scales | None = None, *, thorough: bool = True
) -> Judgement:
    """Judge the arrays that an example stands for."""
    trial = Trial(pair, pair.arguments(example), thorough=thorough)
    return Judgement(str(example), judged(trial, {} if scales is None else scales))


def judged(trial: Trial, scales: Scales, *, in_detail: bool = False) -> list[Finding]:
    """Return a finding for every quantity; `scales` holds, and learns, their natural scales.

    `in_detail`, what agrees says where it differs most, and by how much.
    """
    if trial.offences:
        return trial.offences
    misfits = _misfits(trial)
    if misfits:
        return misfits
    findings = _compared(trial, scales, in_detail)
    if all(finding.passes for finding in findings):
        return findings
    return _with_inherited(trial, findings)


def _misfits(trial: Trial) -> list[Finding]:
    """Return findings for what has the wrong shape or dtype."""
    found = []
    shapes = trial.pair.reference.shapes_at(trial.sizes)
    for name in trial.ordered():
        array, shape = trial.hand[name], shapes[name]
        if array.shape != shape:
            note = f"shape {array.shape}, expected {shape}{by_shape(array.shape, shape)}"
            found.append(Finding(name, SHAPE, array.shape, note=note))
        elif array.dtype != trial.dtype:
            note = f"dtype {array.dtype}, expected {trial.dtype}"
            found.append(Finding(name, DTYPE, array.shape, note=note))
    return found


def _compared(trial: Trial, scales: Scales, in_detail: bool) -> list[Finding]:
    """Compare every quantity with its bound: all entries of all quantities at once."""
    names, eps = trial.ordered(), float(np.finfo(trial.dtype).eps)
    expected = trial.with_bounds()
    hands = [trial.hand[name] for name in names]
    hand = np.concatenate([array.ravel() for array in hands])
    bound = np.concatenate([expected[name].error.ravel() for name in names])
    autodiff = np.concatenate([np.ravel(expected[name].value) for name in names])
    ends = np.cumsum([array.size for array in hands])
    starts = ends - [array.size for array in hands]
    with np.errstate(all="ignore"):
        apart = np.abs(hand - autodiff)
        used = np.where(apart == 0, 0, apart / (EITHER_SIDE * bound))
        fits = (used <= 1) & (bound < np.inf)
        largest = np.maximum.reduceat(np.where(np.isfinite(autodiff), np.abs(autodiff), 0), starts)
        most = np.maximum.reduceat(np.where(np.isnan(used), np.inf, used), starts)
    agreeing = np.logical_and.reduceat(fits, starts).tolist()
    findings = []
    for i, name in enumerate(names):
        scales[name] = max(scales.get(name, 0.0), float(largest[i]))
        if agreeing[i] and in_detail:
            at = _finding(name, hands[i], expected[name].value, np.True_, eps)
            findings.append(replace(at, verdict=AGREES, used=float(most[i])))
        elif agreeing[i]:
            findings.append(Finding(name, AGREES, hands[i].shape, used=float(most[i])))
        else:
            inside = slice(starts[i], ends[i])
            outside = ~fits[inside].reshape(hands[i].shape)
            findings.append(_looked_into(trial, name, expected[name].value, outside, scales[name]))
    return findings


def _looked_into(trial: Trial, name: str, autodiff: Any, outside: Any, scale: float) -> Finding:
    """Say what is the matter with a quantity, of which the entries `outside` do not agree."""
    hand, eps = trial.hand[name], float(np.finfo(trial.dtype).eps)
    finite = np.isfinite(hand), np.isfinite(autodiff)
    at = _finding(name, hand, autodiff, outside, eps)
    if not np.all(finite[0] & finite[1]):
        return _not_finite(trial, at, hand, autodiff, outside, finite)
    truth = trial.truth[name]
    error = np.where(outside, np.abs(hand - truth).astype(float), 0)
    if np.all(error <= ROUNDINGS * eps * scale):
        return at.with_verdict(IMPRECISE, _digits(error, truth, eps))
    if ladder.falls(trial, name):
        return at.with_verdict(IMPRECISE, _digits(error, truth, eps))
    kink = kinks.looked_at(trial, name, outside)
    if kink is not None:
        verdict, note = kink
        return at.with_verdict({"kink": KINK, "autodiff": AUTODIFF_WRONG}.get(verdict, WRONG), note)
    right = witness.sides_with(trial, name, at.place)
    if right == "hand":
        return at.with_verdict(AUTODIFF_WRONG, "complex step agrees with the hand-derived side")
    return at.with_verdict(WRONG)


def _finding(name: str, hand: Any, autodiff: Any, outside: Any, eps: float) -> Finding:
    """Return a finding about the entry where the two sides differ most."""
    with np.errstate(all="ignore"):
        apart = np.where(outside, np.abs(hand - autodiff).astype(float), -1)
        apart = np.where(outside & np.isnan(apart), np.inf, apart)
        place = np.unravel_index(int(np.argmax(apart)), apart.shape)
        one, other = float(hand[place]), float(autodiff[place])
        ulps = float(np.float64(abs(one - other)) / (eps * abs(other))) if one != other else 0.0
    where = tuple(int(i) for i in place)
    return Finding(name, WRONG, hand.shape, where, one, other, ulps, used=np.inf)


def _not_finite(
    trial: Trial, at: Finding, hand: Any, autodiff: Any, outside: Any, finite: tuple[Any, Any]
) -> Finding:
    """Judge a quantity that is not finite on one side, or on both."""
    bad_hand, bad_autodiff = ~finite[0], ~finite[1]
    if np.any(bad_hand & ~bad_autodiff):
        place = tuple(int(i) for i in np.argwhere(bad_hand & ~bad_autodiff)[0])
        found = _finding(at.quantity, hand, autodiff, bad_hand & ~bad_autodiff, 1.0)
        right = witness.value_at(trial, at.quantity, place)
        said = "" if right is None else f"; complex step gives {right:.4g}"
        return found.with_verdict(NOT_FINITE, f"{hand[place]} by hand{said}")
    rest = outside & ~bad_autodiff
    eps = float(np.finfo(trial.dtype).eps)
    if np.any(rest) and not ladder.falls(trial, at.quantity, only=~bad_autodiff):
        return _finding(at.quantity, hand, autodiff, rest, eps).with_verdict(WRONG)
    if np.all(bad_hand == bad_autodiff):
        return at.with_verdict(BOTH_NOT_FINITE, "neither side is finite here")
    place = tuple(int(i) for i in np.argwhere(bad_autodiff & ~bad_hand)[0])
    found = _finding(at.quantity, hand, autodiff, bad_autodiff & ~bad_hand, 1.0)
    said = f"{autodiff[place]} by autodiff, {hand[place]:.4g} by hand"
    return found.with_verdict(AUTODIFF_NOT_FINITE, said)


def _digits(error: Any, truth: Any, eps: float) -> str:
    """Say how many digits an imprecise quantity has lost at its worst entry, of how many."""
    with np.errstate(all="ignore"):
        relative = np.where(error > 0, error / np.abs(truth).astype(float), 0)
    worst = np.unravel_index(int(np.argmax(relative)), relative.shape)
    have = -np.log10(eps)
    lost = min(have, max(0.0, have + np.log10(max(float(relative[worst]), eps))))
    place = f" at {[int(i) for i in worst]}" if worst else ""
    return f"right, but {lost:.0f} of {have:.0f} digits are lost{place}"


def _with_inherited(trial: Trial, findings: list[Finding]) -> list[Finding]:
    """Return the findings with *inherits* where a line follows rightly from a wrong one."""
    J, values, gradients = trial.pair.reference.program(**trial.arguments)
    right = {"J": J, **values, **gradients}
    eps = float(np.finfo(trial.dtype).eps)
    wrong: list[str] = []
    judged = []
    for finding in findings:
        name = finding.quantity
        hand, autodiff = trial.hand[name], np.asarray(right[name])
        if not finding.passes:
            wrong.append(name)
        elif wrong:
            with np.errstate(all="ignore"):
                size = np.max(np.abs(autodiff), initial=0)
                apart = ~(np.abs(hand - autodiff) <= 1e4 * eps * size)
            if np.any(apart & np.isfinite(autodiff)):
                at = _finding(name, hand, autodiff, apart, eps)
                finding = at.with_verdict(INHERITS, ", ".join(wrong))
        judged.append(finding)
    return judged
