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
    raised,
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
    values = signature.flat(arguments)
    flat = {leaf.name: _as_array(leaf.place, values[leaf.name]) for leaf in signature.leaves}
    trial = Trial(pair, signature.nested(flat))
    sizes = {name: trial.sizes[name] for name in pair.size_names}
    given = ",".join(f"{name}={n}" for name, n in sizes.items())
    return Judgement(given, judged(trial, {}, in_detail=True))


def _as_array(place: str, value: Any) -> Any:
    """Return a copy of an argument, as it lies in memory, as an array of real numbers."""
    try:
        array = np.array(value, order="K")
    except Exception as error:  # a ragged list, a tensor that requires its gradient
        raise TypeError(
            f"{place} is a {type(value).__name__}, of which there is no array ({error}); pass a "
            "NumPy array."
        ) from error
    if array.dtype.kind not in "fiub" or isinstance(value, (np.ma.MaskedArray, np.matrix)):
        plain = type(value) is np.ndarray
        what = f"has dtype {array.dtype}" if plain else f"is a {type(value).__name__}"
        raise TypeError(f"{place} {what}: expected an array of real numbers; pass a NumPy array.")
    return array


def judged_or_raised(
    pair: Pair, example: Example, scales: Scales, *, thorough: bool = True, in_detail: bool = False
) -> Judgement:
    """Judge an example; an exception of the hand-derived side is a finding."""
    try:
        trial = Trial(pair, pair.arguments(example), thorough=thorough)
    except Exception as error:
        return raised(pair.title, example, error)
    return Judgement(str(example), judged(trial, scales, in_detail=in_detail))


def judged(trial: Trial, scales: Scales, *, in_detail: bool = False) -> list[Finding]:
    """Return a finding for every quantity; `scales` holds, and learns, their natural scales.

    `in_detail`, what agrees says where it differs most, and by how much.
    """
    if trial.offences:
        return trial.offences
    misfits = _misfits(trial)
    if misfits:
        return misfits
    with np.errstate(all="ignore"):  # values are judged, and NumPy's warnings are not
        return _valued(trial, scales, in_detail)


def _valued(trial: Trial, scales: Scales, in_detail: bool) -> list[Finding]:
    """Return a finding for every quantity, all of which have the right shape."""
    findings = _compared(trial, scales, in_detail)
    if trial.thorough and all(finding.passes for finding in findings):
        findings = _with_overlooked(trial, findings)
    if all(finding.passes for finding in findings):
        return findings
    return _with_inherited(trial, findings)


def _with_overlooked(trial: Trial, findings: list[Finding]) -> list[Finding]:
    """Return the findings with *wrong* where both sides are wrong in the same way."""
    agreeing = [finding.quantity for finding in findings if finding.verdict == AGREES]
    wrong, judged = kinks.overlooked(trial, agreeing), []
    for finding in findings:
        if finding.quantity in wrong:
            name, (entries, why) = finding.quantity, wrong[finding.quantity]
            eps = float(np.finfo(trial.dtype).eps)
            found = _finding(name, trial.hand[name], trial.truth[name], entries, eps)
            finding = found.with_verdict(WRONG, why)
        judged.append(finding)
    return judged


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
    hand = trial.hand[name]
    finite = np.isfinite(hand), np.isfinite(autodiff)
    if np.any(~finite[0] & finite[1]):
        return _not_finite(trial, name, autodiff, ~finite[0] & finite[1])
    differing = outside & finite[0] & finite[1]
    if np.any(differing):
        found = _differing(trial, name, autodiff, differing, scale)
        if np.all(finite[1]) or not found.passes:
            return found
    at = _finding(name, hand, autodiff, ~finite[1], 1.0)
    if not np.any(finite[0] & ~finite[1]):
        return at.with_verdict(BOTH_NOT_FINITE, "neither side is finite here")
    return _autodiff_not_finite(trial, name, autodiff, finite[0] & ~finite[1], scale)


def _differing(trial: Trial, name: str, autodiff: Any, outside: Any, scale: float) -> Finding:
    """Judge the entries `outside`, which are finite on both sides."""
    hand, eps = trial.hand[name], float(np.finfo(trial.dtype).eps)
    at = _finding(name, hand, autodiff, outside, eps)
    truth = trial.truth[name]
    with np.errstate(all="ignore"):
        error = np.where(outside, np.abs(hand - truth).astype(float), 0)
        used = error / (ROUNDINGS * eps * np.abs(truth).astype(float))
    if np.all((error == 0) | (used <= 1)):  # autodiff is off, or its bound is
        return replace(
            at.with_verdict(AGREES), used=float(np.max(used, where=error > 0, initial=0))
        )
    if np.all(error <= ROUNDINGS * eps * scale) or _of_rounded_inputs(trial, name, error):
        return at.with_verdict(IMPRECISE, _digits(error, truth, eps))
    if ladder.falls(trial, name, only=outside):
        return at.with_verdict(IMPRECISE, _digits(error, truth, eps))
    beyond = error > ROUNDINGS * eps * scale
    kink = kinks.looked_at(trial, name, beyond, at.place)
    if kink is not None:
        verdict, note = kink
        return at.with_verdict({"kink": KINK, "autodiff": AUTODIFF_WRONG}.get(verdict, WRONG), note)
    right = witness.sides_with(trial, name, at.place)
    if right == "hand":
        return at.with_verdict(AUTODIFF_WRONG, "complex step agrees with the hand-derived side")
    return at.with_verdict(WRONG)


def _of_rounded_inputs(trial: Trial, name: str, error: Any) -> bool:
    """Whether an error is no larger than what rounding each input once may do to the result.

    As that of a − y is for a right to the last digit: where a is nearly y, no scale tells it.
    """
    bound = trial.of_rounded[name].error
    return bool(np.all((error == 0) | (error <= EITHER_SIDE * bound) & (bound < np.inf)))


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


def _not_finite(trial: Trial, name: str, autodiff: Any, entries: Any) -> Finding:
    """Return the finding about entries that are finite by autodiff only."""
    found = _finding(name, trial.hand[name], autodiff, entries, 1.0)
    right = witness.value_at(trial, name, found.place)
    said = "" if right is None else f"; complex step gives {right:.4g}"
    return found.with_verdict(NOT_FINITE, f"{found.hand} by hand{said}")


def _autodiff_not_finite(
    trial: Trial, name: str, autodiff: Any, entries: Any, scale: float
) -> Finding:
    """Judge entries that are finite by hand only: by what autodiff gives with more digits."""
    hand, eps = trial.hand[name], float(np.finfo(trial.dtype).eps)
    found = _finding(name, hand, autodiff, entries, 1.0)
    wide = trial.of_rounded[name]
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(wide.value), scale).astype(float)
        error = np.abs(hand - wide.value).astype(float) - EITHER_SIDE * wide.error
        off = entries & (error > ROUNDINGS * eps * size)
    if not np.any(off) or ladder.falls(trial, name, only=off):
        said = f"{found.autodiff} by autodiff, {found.hand:.4g} by hand"
        return found.with_verdict(AUTODIFF_NOT_FINITE, said)
    found = _finding(name, hand, autodiff, off, 1.0)
    right = f"{float(wide.value[found.place]):.4g} with more digits"
    return found.with_verdict(WRONG, f"{found.autodiff} by autodiff, {right}")


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
