"""One example, judged: a finding for every quantity that the hand-derived side returns.

In order: shapes and dtypes, then values; nothing is broadcast, ever. A line agrees where it lies
within rounding of what autodiff's cut program makes of the hand's own other lines, by running
error analysis, once for either side. What lies outside is looked into (`differences`). What is
within rounding of autodiff all the same may be wrong on both sides, or inherit a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backproof.autodiff.result import by_name
from backproof.compare import kinks
from backproof.compare.differences import finding_at, looked_into
from backproof.compare.example import Example
from backproof.compare.finding import (
    AGREES,
    BOTH_NOT_FINITE,
    DTYPE,
    INHERITS,
    SHAPE,
    WRONG,
    Finding,
    Judgement,
    raised,
)
from backproof.compare.misfit import by_shape
from backproof.compare.pair import Pair, check_pair
from backproof.compare.trial import EITHER_SIDE, Trial

Scales = MutableMapping[str, float]


def judge(pair: Pair, /, *arrays: Any, **arguments: Any) -> Judgement:
    """Judge the hand-derived side of `pair` on these arrays, each given by its name.

    Raises what the hand-derived side raises, and TypeError or ValueError for arrays that do not
    fit the pair's shapes, or for a result that is no gradient at all.
    """
    check_pair(pair)
    signature = pair.reference.program.signature
    if arrays:
        names = ", ".join(f"{name}=…" for name in signature.shapes)
        raise TypeError(f"{len(arrays)} arrays without a name: pass judge(pair, {names}).")
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
    arguments = pair.arguments(example)
    try:
        trial = Trial(pair, arguments, thorough=thorough)
    except Exception as error:
        return of_error(pair, example, arguments, error)
    return Judgement(str(example), judged(trial, scales, in_detail=in_detail))


def of_error(
    pair: Pair, example: Example, arguments: Mapping[str, Any], error: Exception
) -> Judgement:
    """Return the judgement on a hand-derived side that raises: it may where autodiff has no number.

    As an inverse does, of a matrix that has none.
    """
    judgement = raised(pair.title, example, error)
    if isinstance(error, TimeoutError):
        return judgement
    try:
        right = by_name(pair.reference.program(**arguments))
    except Exception:  # labels that are no floats, which only the hand-derived side is given
        return judgement
    if all(np.all(np.isfinite(value)) for value in right.values()):
        return judgement
    (finding,) = judgement.findings
    note = f"{finding.note}, and autodiff is not finite"
    return replace(judgement, findings=[finding.with_verdict(BOTH_NOT_FINITE, note)])


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
    names = trial.ordered()
    findings = _compared(trial, names, scales, in_detail)
    if trial.thorough and all(finding.passes for finding in findings):
        findings = _with_overlooked(trial, findings)
    wrong = {finding.quantity for finding in findings if not finding.passes}
    if not wrong:
        return findings
    # A line that reads a wrong value V is judged on it, whether or not dV is returned too.
    if wrong & ({*trial.quantities.marks} - {*trial.cuts}):
        findings = _compared(trial.complete(), names, scales, in_detail)
    return _with_inherited(trial, findings)


def _with_overlooked(trial: Trial, findings: list[Finding]) -> list[Finding]:
    """Return the findings with *wrong* where both sides are wrong in the same way."""
    agreeing = [finding.quantity for finding in findings if finding.verdict == AGREES]
    wrong, found = kinks.overlooked(trial, agreeing), []
    for finding in findings:
        if finding.quantity in wrong:
            name, (entries, why) = finding.quantity, wrong[finding.quantity]
            eps = trial.eps
            at = finding_at(name, trial.hand[name], trial.truth[name], entries, eps)
            finding = at.with_verdict(WRONG, why)
        found.append(finding)
    return found


def _misfits(trial: Trial) -> list[Finding]:
    """Return findings for what has the wrong shape or dtype."""
    found = []
    shapes = trial.quantities.shapes_at(trial.sizes)
    for name in trial.ordered():
        array, shape = trial.hand[name], shapes[name]
        if array.shape != shape:
            note = f"shape {array.shape}, expected {shape}{by_shape(array.shape, shape)}"
            found.append(Finding(name, SHAPE, array.shape, note=note))
        elif array.dtype != trial.dtype:
            note = f"dtype {array.dtype}, expected {trial.dtype}"
            found.append(Finding(name, DTYPE, array.shape, note=note))
    return found


def _compared(trial: Trial, names: Sequence[str], scales: Scales, in_detail: bool) -> list[Finding]:
    """Compare quantities with their bounds: all entries of all of them at once."""
    expected, eps = trial.bounded, trial.eps
    hands = [trial.hand[name] for name in names]
    hand = np.concatenate([array.ravel() for array in hands])
    bound = np.concatenate([np.ravel(expected[name].parts[1]) for name in names])
    bound[np.isnan(bound)] = np.inf
    autodiff = np.concatenate([np.ravel(expected[name].value) for name in names])
    ends = np.cumsum([array.size for array in hands])
    starts = ends - [array.size for array in hands]
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
            at = finding_at(name, hands[i], expected[name].value, np.True_, eps)
            findings.append(replace(at, verdict=AGREES, used=float(most[i])))
        elif agreeing[i]:
            findings.append(Finding(name, AGREES, hands[i].shape, used=float(most[i])))
        else:
            inside = slice(starts[i], ends[i])
            outside = ~fits[inside].reshape(hands[i].shape)
            findings.append(looked_into(trial, name, expected[name].value, outside, scales[name]))
    return findings


def _with_inherited(trial: Trial, findings: list[Finding]) -> list[Finding]:
    """Return the findings with *inherits* where a line follows rightly from a wrong one."""
    right = by_name(trial.pair.reference.program(**trial.arguments))
    eps = trial.eps
    wrong: list[str] = []
    followed = []
    for finding in findings:
        name = finding.quantity
        hand, autodiff = trial.hand[name], np.asarray(right[name])
        if not finding.passes:
            wrong.append(name)
        elif wrong:
            size = np.max(np.abs(autodiff), initial=0)
            apart = ~(np.abs(hand - autodiff) <= 1e4 * eps * size)
            if np.any(apart & np.isfinite(autodiff)):
                at = finding_at(name, hand, autodiff, apart, eps)
                finding = at.with_verdict(INHERITS, ", ".join(wrong))
        followed.append(finding)
    return followed
