"""The precision ladder: the error of a right formula falls with the unit roundoff.

Each rung runs the hand-derived side in one precision, and measures each line against what should
follow, in the widest precision, from the hand's own other lines. Nothing of this needs a
tolerance: a formula that is wrong by one part in 1e9 is as wrong in float64 as in float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.compare.trial import Trial

SLACK = 1e3  # between what rounding does by chance on two rungs; a wrong formula needs 1e5 and more
NO_DIGITS = 0.5  # an error of so much of the number itself: not one digit of it is right
RETRIES = 3  # the same problem, each number moved by a few parts in a million
WIDER_THAN_FLOAT64 = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps


def falls(trial: Trial, name: str, only: Any = True) -> bool:
    """Whether the error of a quantity falls with the unit roundoff; of the entries `only`."""
    narrow = np.dtype("float32")
    pairs: list[tuple[Any, Any]]
    pairs = [(narrow, np.dtype("float64"))] if trial.dtype in (narrow, np.float64) else []
    if WIDER_THAN_FLOAT64:
        pairs.append((np.dtype("float64"), np.dtype(np.longdouble)))
    for coarse, fine in pairs:
        verdict = _falls_between(trial, name, only, coarse, fine)
        if verdict is not None:
            return verdict
    return False


def _falls_between(trial: Trial, name: str, only: Any, coarse: Any, fine: Any) -> bool | None:
    """Whether it falls from one precision to the next; None where one of them says nothing.

    An error as large as the number itself says nothing: a − y is 0 where a rounds to 1 = y.
    """
    found = [errors for t in _near(trial) if (errors := _errors(t, name, only, coarse, fine))]
    if not found:
        return None
    of_coarse, of_fine, size = map(max, zip(*found, strict=True))
    ratio = float(np.finfo(fine).eps / np.finfo(coarse).eps)
    if of_fine <= SLACK * ratio * of_coarse:
        return True
    return None if of_coarse >= NO_DIGITS * size else False


def _errors(
    trial: Trial, name: str, only: Any, coarse: Any, fine: Any
) -> tuple[float, float, float] | None:
    """Return the largest errors in two precisions, and the largest entry of the truth.

    No error is smaller than half an ulp of that.
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


def _near(trial: Trial) -> Iterator[Trial]:
    """Yield the problem, and others beside it: by chance, a rounding may be none at all."""
    yield trial
    random = np.random.default_rng(0)
    signature = trial.pair.reference.program.signature
    for _ in range(RETRIES):
        moved = {
            name: array * (1 + random.integers(-8, 9, array.shape) * 2.0**-20).astype(array.dtype)
            if array.dtype.kind == "f"
            else array
            for name, array in signature.flat(trial.given).items()
        }
        moved = {
            name: array.astype(np.float32).astype(array.dtype) if array.dtype.kind == "f" else array
            for name, array in moved.items()
        }
        try:
            yield Trial(trial.pair, signature.nested(moved), thorough=False)
        except Exception:  # labels beyond 1, say
            continue
