"""The third witness: complex step, which shares no derivative rule with either side.

f(x + ih) = f(x) + ih f′(x) + O(h²) for an analytic f, so (Im f)/h is the derivative to the last
digit (Squire and Trapp, *Using complex variables to estimate derivatives of real functions*, SIAM
Review 40, 1998). Only the forward program is run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.autodiff.result import CUT, UPSTREAM
from backproof.compare.trial import Trial

STEP = 1e-30
CLOSE = 1e-6  # of the largest: nobody who is further off is called right
HAND, AUTODIFF = "the hand", "autodiff"


@dataclass(frozen=True)
class Testimony:
    """The derivative by complex step, which side is right, or "", and how far off the nearer is."""

    derivative: float
    right: str
    off: float


def value_at(trial: Trial, name: str, place: tuple[int, ...]) -> float | None:
    """Return the derivative that a line should give at one entry, by complex step.

    None for a value, which is no derivative, where the program does not run in complex numbers,
    and where it stops gradients: what it should give is no derivative of what it computes then.
    """
    is_value = not name.startswith("d") or name in trial.quantities.marks
    if is_value or trial.pair.reference.program.stops_gradients:
        return None
    V = name.removeprefix("d")
    leaf = leaf_of(trial, V)
    if leaf is None:
        return None
    signature = trial.program.signature
    flat = signature.flat(trial.inputs(np.longdouble))
    found = []
    for h in (STEP, -STEP):
        step = np.zeros(flat[leaf].shape, np.clongdouble)
        step[place] = 1j * h
        stepped = signature.nested({**flat, leaf: flat[leaf] + step})
        found.append(_derivative(trial, stepped, V, h))
    one, other = found
    if one is None or other is None or abs(one - other) > CLOSE * max(abs(one), abs(other)):
        return None  # at a tie, each step goes to a side of its own
    return one


def leaf_of(trial: Trial, V: str) -> str | None:
    """Return the name of the leaf of the cut program that holds V."""
    for leaf in trial.program.signature.leaves:
        if leaf.path == (CUT, V) or (leaf.name == V and leaf.path[0] != UPSTREAM):
            return leaf.name
    return None


def _derivative(trial: Trial, inputs: Any, V: str, h: float) -> float | None:
    """Return (Im L)/h of L = J + Σ dU ∗ U, all that what is moved goes into."""
    reference = trial.pair.reference
    try:
        J, values = trial.program.forward(**inputs)
    except Exception:  # an operation that has no complex form
        return None
    m = trial.sizes.get(reference.per_example, 1)
    total = np.imag(J)
    for U, dU in inputs.get(UPSTREAM, {}).items():
        share = np.sum(dU * np.imag(values[U]))
        total = total + (share / m if U in reference.of_examples else share)
    scale = m if V in reference.of_examples else 1
    derivative = float(total / h * scale)
    return derivative if np.isfinite(derivative) else None


def heard(trial: Trial, name: str, place: tuple[int, ...]) -> Testimony | None:
    """Return what the witness says about the two sides at an entry; None where it is silent."""
    right = value_at(trial, name, place)
    if right is None:
        return None
    sides = {HAND: float(trial.hand[name][place]), AUTODIFF: float(trial.truth[name][place])}
    scale = max(abs(right), *map(abs, sides.values())) or 1.0
    off = {side: abs(value - right) / scale for side, value in sides.items()}
    nearer = min(off, key=lambda side: off[side])
    return Testimony(right, nearer if off[nearer] <= CLOSE else "", off[nearer])
