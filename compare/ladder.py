"""The precision ladder: the error of a right formula falls with the unit roundoff.

Each rung runs the hand-derived side in one precision, and measures each line against what should
follow, in the widest precision, from the hand's own other lines. Nothing of this needs a
tolerance: a formula that is wrong by one part in 1e9 is as wrong in float64 as in float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from backproof.arguments import FLOATS
from backproof.autodiff.program import with_floats
from backproof.compare.trial import Trial

SLACK = 1e3  # between what rounding does by chance on two rungs; a wrong formula needs 1e5 and more
NO_DIGITS = 0.5  # an error of so much of the number itself: not one digit of it is right
NOT_AT_ALL = 0.999  # of the error on the lower rung: it has not fallen
ANYWHERE, ANOTHER = 0.01, 0.1  # of an error: so much is left nearby, and by so much it differs
FURTHER = 2.0**-11  # of a number: so that what takes few values takes others
RETRIES = 3  # the same problem, each number moved by a few parts in a million
WIDER_THAN_FLOAT64 = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps


def falls(trial: Trial, name: str, only: Any = True) -> bool:
    """Whether the error of a quantity falls with the unit roundoff; of the entries `only`.

    Where not one digit is right on the lower rung, hardly any error would be large on the upper
    one: then the next two rungs are asked, if they say anything. Where there is one rung only, or
    more is lost on the lower one than the upper one explains, the error of a right formula is
    another one at each problem beside this one.
    """
    pairs = list(pairwise(_rungs(trial)))
    if not pairs:
        return _scatters(trial, name, only)
    fell = False
    for coarse, fine in pairs:
        found = []
        for near in _near(trial):
            errors = _errors(near, name, only, coarse, fine)
            found += [errors] if errors else []
            if errors and errors[1] > NOT_AT_ALL * errors[0]:
                break  # no other problem will say otherwise
        if not found:
            continue
        of_coarse, of_fine, size = map(max, zip(*found, strict=True))
        ratio = float(np.finfo(fine).eps / np.finfo(coarse).eps)
        fell = of_fine <= SLACK * ratio * of_coarse
        if of_coarse >= NO_DIGITS * size:
            continue
        # As of one that is wrong on the lower rung only. The truth itself is on the highest rung.
        if fine != np.longdouble and ratio * of_coarse > SLACK * of_fine:
            lower = trial if trial.dtype == coarse else trial.cast(coarse)
            return fell and _scatters(lower, name, only)
        break
    return fell


def _rungs(trial: Trial) -> list[Any]:
    """Return the precisions in which the hand-derived side runs: one that has both has all."""
    rungs = [np.dtype(dtype) for dtype in FLOATS if dtype in trial.pair.dtypes]
    if len(rungs) == len(FLOATS) and WIDER_THAN_FLOAT64:
        rungs.append(np.dtype(np.longdouble))
    return rungs


def _scatters(trial: Trial, name: str, only: Any) -> bool:
    """Whether the error is large everywhere, and no share of the truth: rounding is by chance."""
    errors, shares = [], []
    for near in _near(trial, FURTHER, 4 * RETRIES):
        if near.offences or name not in near.hand:
            return False
        with np.errstate(all="ignore"):
            truth = near.truth[name]
            error = np.where(only, near.hand[name] - truth, 0).astype(float)
            shares.append(np.where(error != 0, error / truth.astype(float), 0))
        errors.append(error)
    sizes = [float(np.max(np.abs(error), initial=0)) for error in errors]
    usual = float(np.median(sizes))
    return usual > ANYWHERE * sizes[0] and _differ(errors) and _differ(shares)


def _differ(numbers: list[Any]) -> bool:
    """Whether some of these arrays are quite other than the first."""
    apart = [float(np.max(np.abs(x - numbers[0]), initial=0)) for x in numbers]
    return max(apart) > ANOTHER * float(np.max(np.abs(numbers[0]), initial=0))


def _errors(
    trial: Trial, name: str, only: Any, coarse: Any, fine: Any
) -> tuple[float, float, float] | None:
    """Return the largest errors in two precisions, and the largest entry of the truth.

    No error is smaller than half an ulp of that. None where one of them says nothing.
    """
    errors = []
    for dtype in (coarse, fine):
        try:
            one = trial if trial.dtype == dtype else trial.cast(dtype)
        except Exception:  # the hand-derived side does not run in this precision
            return None
        if one.offences or name not in one.hand or one.hand[name].dtype != dtype:
            return None
        with np.errstate(all="ignore"):
            truth = np.where(only, one.truth[name], 0)
            error = np.max(np.abs(np.where(only, one.hand[name], 0) - truth), initial=0)
        if not np.isfinite(error):
            return None
        size = float(np.max(np.abs(truth), initial=0))
        errors.append(float(max(error, np.finfo(dtype).eps / 2 * size)))
    return errors[0], errors[1], size


def _near(trial: Trial, by: float = 2.0**-20, count: int = RETRIES) -> Iterator[Trial]:
    """Yield the problem, and others beside it: by chance, a rounding may be none at all."""
    yield trial
    random = np.random.default_rng(0)
    signature = trial.pair.reference.program.signature
    flat = signature.flat(trial.given)

    def moved(array: Any) -> Any:
        by_chance = (1 + random.integers(-8, 9, array.shape) * by).astype(array.dtype)
        return (array * by_chance).astype(np.float32).astype(array.dtype)

    for _ in range(count):
        try:
            yield Trial(trial.pair, signature.nested(with_floats(flat, moved)), thorough=False)
        except Exception:  # labels beyond 1, say
            continue
