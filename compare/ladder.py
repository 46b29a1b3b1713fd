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
from backproof.autodiff.result import with_floats
from backproof.compare.trial import Trial
from backproof.compare.values import laid_out

SLACK = 1e3  # between what rounding does by chance on two rungs; a wrong formula needs 1e5 and more
NO_DIGITS = 0.5  # an error of so much of the number itself: not one digit of it is right
GROWN = 10  # times the error with fewer digits; by chance, it may be somewhat larger
AS_MUCH = 0.01  # of the error: where autodiff is as far off, it is the precision that is to blame
TWICE = 2
NOT_AT_ALL = 0.999  # of the error on the lower rung: it has not fallen
ANYWHERE, ANOTHER = 0.01, 0.1  # of an error: so much is left nearby, and by so much it differs
FURTHER = 2.0**-11  # of a number: so that what takes few values takes others
RETRIES = 3  # the same problem, each number moved by a few parts in a million
WIDER_THAN_FLOAT64 = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps


def falls(trial: Trial, name: str, only: Any = True) -> bool:
    """Whether the error of a quantity falls with the unit roundoff; of the entries `only`.

    Between some two rungs, of which the lower one has a digit left: without one, hardly any error
    would be large on the upper one. Then the lowest and the highest rung are compared, and where
    autodiff has lost its digits too, nobody can say that the formula is wrong. Where there is one
    rung only, the error of a right formula is another one at each problem beside this one. Where
    more is lost on the lower rung than the upper one explains, that of a wrong formula is the same.
    Where no digit is left of the trial's own precision, numbers of moderate size decide.
    """
    pairs = list(pairwise(_rungs(trial)))
    if not pairs:
        return _nearby(trial, name, only) == (True, True)
    fell, lowest, of_fine = False, 0.0, np.inf
    for coarse, fine in pairs:
        errors = _largest_errors(trial, name, only, coarse, fine)
        if errors is None:
            continue
        of_coarse, of_fine, size = errors
        if of_coarse < NO_DIGITS * size and of_fine > GROWN * of_coarse:
            return False  # more digits make no right formula worse
        if coarse == trial.dtype == pairs[0][0]:
            lowest = of_coarse
        fell = of_fine <= SLACK * _ratio(coarse, fine) * of_coarse
        # As of one that is wrong on the lower rung only. The truth itself is on the highest rung.
        more = fine != np.longdouble and _ratio(coarse, fine) * of_coarse > SLACK * of_fine
        if of_coarse < NO_DIGITS * size and (fell or more):
            lower = trial if trial.dtype == coarse else trial.cast(coarse)
            return not more or not _is_wrong_here(lower, name, only, of_coarse)
        if more and coarse == trial.dtype:  # no digit is right in this precision, but in the next
            return not _has_no_digits(trial, name)
    fell = fell or of_fine <= SLACK * _ratio(pairs[0][0], pairs[-1][1]) * lowest
    return fell or _is_lost(trial, name, only)


def _ratio(coarse: Any, fine: Any) -> float:
    return float(np.finfo(fine).eps / np.finfo(coarse).eps)


def _largest_errors(
    trial: Trial, name: str, only: Any, coarse: Any, fine: Any
) -> tuple[float, float, float] | None:
    """Return the largest errors in two precisions, here and at problems beside this one."""
    found, stuck = [], 0
    for near in _near(trial):
        errors = _errors(near, name, only, coarse, fine)
        found += [errors] if errors else []
        stuck += bool(errors and errors[1] > NOT_AT_ALL * errors[0])
        if stuck == TWICE:
            break  # no other problem will say otherwise
    if not found:
        return None
    of_coarse, of_fine, size = map(max, zip(*found, strict=True))
    return of_coarse, of_fine, size


def _rungs(trial: Trial) -> list[Any]:
    """Return the precisions in which the hand-derived side runs: one that has both has all."""
    rungs = [np.dtype(dtype) for dtype in FLOATS if dtype in trial.pair.dtypes]
    if len(rungs) == len(FLOATS) and WIDER_THAN_FLOAT64:
        rungs.append(np.dtype(np.longdouble))
    return rungs


def _of_autodiff(trial: Trial, name: str, only: Any) -> tuple[float, float]:
    """Return autodiff's own error in the precision of the trial, and the largest entry."""
    with np.errstate(all="ignore"):
        truth = np.where(only, trial.truth[name], 0)
        error = np.max(np.abs(np.where(only, trial.plain[name], 0) - truth), initial=0)
    return float(error), float(np.max(np.abs(truth), initial=0))


def _is_lost(trial: Trial, name: str, only: Any) -> bool:
    """Whether autodiff itself loses half of float64's digits, and the hand is no multiple of it."""
    if "float64" not in trial.pair.dtypes:
        return False
    wide = trial if trial.dtype == np.float64 else trial.cast(np.float64)
    error, size = _of_autodiff(wide, name, only)
    if not error >= np.sqrt(wide.eps) * size > 0:
        return False
    multiples = []
    for near in _near(wide):
        with np.errstate(all="ignore"):
            autodiff = near.plain[name]
            large = np.abs(autodiff) > ANOTHER * np.max(np.abs(autodiff), initial=0)
            multiple = np.where(only & large, near.hand[name] / autodiff, 0)
        multiples.append(np.nan_to_num(multiple.astype(float)))
    return _differ(multiples)


def _has_no_digits(trial: Trial, name: str) -> bool:
    """Whether no digit is right at numbers of moderate size either, where autodiff has some."""
    signature = trial.pair.reference.program.signature
    flat = signature.flat(trial.given)
    random = np.random.default_rng(0)

    def moderate(array: Any) -> Any:  # which labels and what is positive may be, too
        return laid_out(random.uniform(0.25, 0.75, array.shape).astype(array.dtype), array)

    for _ in range(RETRIES):
        arguments = signature.nested(with_floats(flat, moderate))
        try:
            near = Trial(trial.pair, arguments, thorough=False)
        except Exception:  # it is no argument of this function
            return False
        if near.offences or name not in near.hand:
            return False
        of_autodiff, size = _of_autodiff(near, name, True)
        error = np.max(np.abs(near.hand[name] - near.truth[name]), initial=0)
        if not error >= NO_DIGITS * size > 0 or of_autodiff >= AS_MUCH * error:
            return False
    return True


def _is_wrong_here(trial: Trial, name: str, only: Any, error: float) -> bool:
    """Whether a formula that is right in more digits is wrong in these, and autodiff is not."""
    if _of_autodiff(trial, name, only)[0] >= AS_MUCH * error:
        return False
    return _nearby(trial, name, only) == (True, False)


def _nearby(trial: Trial, name: str, only: Any) -> tuple[bool, bool] | None:
    """Return whether the error is large at most problems nearby, and whether it is by chance.

    What is not by chance, as rounding is, is the same error or the same share of the truth.
    """
    errors, shares = [], []
    for near in _near(trial, FURTHER, 4 * RETRIES):
        if near.offences or name not in near.hand:
            return None
        with np.errstate(all="ignore"):
            truth = near.truth[name]
            error = np.where(only, near.hand[name] - truth, 0).astype(float)
            large = np.abs(error) > ANOTHER * np.max(np.abs(error), initial=0)
            shares.append(np.where(large, error / truth.astype(float), 0))
        errors.append(error)
    sizes = [float(np.max(np.abs(error), initial=0)) for error in errors]
    usual = float(np.median(sizes))
    return usual > ANYWHERE * sizes[0], _differ(errors) and _differ(shares)


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
        return laid_out((array * by_chance).astype(np.float32).astype(array.dtype), array)

    for _ in range(count):
        try:
            yield Trial(trial.pair, signature.nested(with_floats(flat, moved)), thorough=False)
        except Exception:  # labels beyond 1, say
            continue
