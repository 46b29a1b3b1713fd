"""XLA's word on the replay: where the two differ, nothing can be said about the hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.autodiff.bounded import Bounded
from backproof.autodiff.result import by_name, with_floats
from backproof.compare.differences import allowed
from backproof.compare.trial import Trial


def differs_from_xla(trial: Trial, by_xla: Any) -> str:
    """Say where the replay differs from XLA in float64, or ""."""
    program = trial.pair.reference.program
    wide = with_floats(trial.flat, lambda array: array.astype(np.float64))
    arguments = program.signature.nested(wide)
    try:
        replay = by_name(program.bounded(**arguments))
    except TypeError:  # an operation without bounds
        replay = {
            name: Bounded(value, 1e-9 * np.abs(value))
            for name, value in by_name(program(**arguments)).items()
        }
    eps, tiny = np.finfo(float).eps, np.finfo(float).tiny
    for name, right in by_name(by_xla).items():
        value, error = replay[name].value, replay[name].error
        with np.errstate(all="ignore"):
            scale = float(np.max(np.abs(right), initial=0))
            near = np.abs(value - right) <= allowed(error, eps, scale) + tiny / eps
            fits = near | (np.isnan(value) & np.isnan(right))
        fits = fits | (value == right)
        if not np.all(fits):
            place = tuple(int(i) for i in np.argwhere(~fits)[0]) if np.ndim(right) else ()
            at = f" at {[*place]}" if place else ""
            return f"{name}{at}: {value[place]} by replay, {right[place]} by XLA"
    return ""
