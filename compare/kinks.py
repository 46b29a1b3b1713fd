"""Kinks: where a program compares equals, its derivative is a matter of choice.

Both answers may stand if they lie between the one-sided derivatives. Where the one-sided
derivatives are one and the same, the point is smooth after all, and whoever differs is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.compare.trial import Trial

DIRECTIONS = 24
STEP = 2.0**-30  # of every input's largest entry, or of 1
SMOOTH = 1e-6  # derivatives this close to one another, relative to the largest, are the same


def looked_at(trial: Trial, name: str, outside: Any) -> tuple[str, str] | None:
    """Return "kink", "hand" or "autodiff" (who is wrong there), and why; None where no tie is."""
    cut = trial.pair.reference.cut(trial.cuts, trial.sizes)
    try:
        tied = bool(cut.ties(**trial.inputs(np.longdouble)))
    except Exception:  # a program that runs through XLA cannot be watched
        return None
    if not tied or not name.startswith("d"):
        return None
    near = _one_sided(trial, name)
    if near is None:
        return None
    low, high = near.min(axis=0), near.max(axis=0)
    scale = np.maximum(np.abs(near).max(), np.finfo(float).tiny)
    smooth = high - low <= SMOOTH * scale
    hand, autodiff = trial.hand[name].astype(float), trial.truth[name].astype(float)
    if np.all(smooth[outside]):
        off = np.abs(hand - low)[outside].max(), np.abs(autodiff - low)[outside].max()
        if off[0] <= SMOOTH * scale < off[1]:
            return (
                "autodiff",
                f"a smooth point: the derivative from every side is {_at(low, outside)}",
            )
        return None
    low, high = _widened(trial, name, low, high)
    slack = SMOOTH * scale
    between = (low - slack <= hand) & (hand <= high + slack)
    if not np.all(between[outside]) or np.any(smooth & outside & (np.abs(hand - low) > slack)):
        return None
    place = tuple(np.argwhere(outside)[0])
    low, high, slack = float(low[place]), float(high[place]), float(slack)
    low, high = (0.0 if abs(end) <= slack else end for end in (low, high))
    words = [
        f"{float(side[place]):.4g} by {who}, {_share(float(side[place]), low, high)}"
        for who, side in (("hand", hand), ("autodiff", autodiff))
    ]
    return "kink", f"one-sided derivatives {low:.4g} and {high:.4g}: {'; '.join(words)}"


def _share(value: float, low: float, high: float) -> str:
    """Say which of the derivatives between two ends was chosen: the usual conventions by name."""
    share = (value - low) / (high - low)
    for words, usual in (("the lower", 0), ("half-way", 0.5), ("the upper", 1)):
        if abs(share - usual) < SMOOTH:
            return words
    return f"{share:.2f} of the way up"


def _at(array: Any, outside: Any) -> str:
    return f"{float(array[outside][0]):.4g}"


def _one_sided(trial: Trial, name: str) -> Any:
    """Return the derivative near the point in several directions, where no tie is."""
    random = np.random.default_rng(0)
    cut = trial.pair.reference.cut(trial.cuts, trial.sizes)
    flat = cut.signature.flat(trial.inputs(np.longdouble))
    found = []
    for i in range(DIRECTIONS):
        sign = random.choice([-1, 1])
        moved = {
            leaf.name: flat[leaf.name] + _step(flat[leaf.name], random, i, sign)
            if leaf.kind == "float" and leaf.path[0] != "cut_upstream"
            else flat[leaf.name]
            for leaf in cut.signature.leaves
        }
        derivative = cut(**cut.signature.nested(moved))[2][name]
        if np.all(np.isfinite(derivative)):
            found.append(derivative.astype(float))
    return np.stack(found) if found else None


def _step(array: Any, random: np.random.Generator, i: int, sign: int) -> Any:
    """Return a small step: along one diagonal at first, then anywhere."""
    size = max(float(np.max(np.abs(array), initial=0)), 1.0) * STEP
    if i < DIRECTIONS // 3:
        return np.longdouble(sign * size) * (1 + random.random(array.shape))
    return np.longdouble(size) * random.standard_normal(array.shape)


def _widened(trial: Trial, name: str, low: Any, high: Any) -> tuple[Any, Any]:
    """Return the interval of all choices that can be made at ties, if the program tells it."""
    try:
        hull = trial.expected("hull", dtype=np.longdouble)[name]
    except Exception:  # an operation without a rule
        return low, high
    error = np.where(np.isfinite(hull.error), hull.error, 0)
    value = hull.value.astype(float)
    return np.minimum(low, value - error), np.maximum(high, value + error)
