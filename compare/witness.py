"""The third witness: complex step, which shares no derivative rule with either side.

f(x + ih) = f(x) + ih f′(x) + O(h²) for an analytic f, so (Im f)/h is the derivative to the last
digit (Squire and Trapp, *Using complex variables to estimate derivatives of real functions*, SIAM
Review 40, 1998). Only the forward program is run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.compare.trial import Trial

STEP = 1e-30
CLOSE = 1e-6  # of the largest: nobody who is further off is called right


def value_at(trial: Trial, name: str, place: tuple[int, ...]) -> float | None:
    """Return the derivative that a line should give at one entry, by complex step.

    None for a value, which is no derivative, and where the program does not run in complex
    numbers.
    """
    if not name.startswith("d") or name in trial.quantities.marks:
        return None
    inputs = trial.inputs(np.longdouble)
    V = name.removeprefix("d")
    signature = trial.pair.reference.cut(trial.cuts, trial.sizes).signature
    flat = signature.flat(inputs)
    leaf = leaf_of(trial, V)
    if leaf is None:
        return None
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
    signature = trial.pair.reference.cut(trial.cuts, trial.sizes).signature
    for leaf in signature.leaves:
        if leaf.path == ("cut_values", V) or (leaf.name == V and leaf.path[0] != "cut_upstream"):
            return leaf.name
    return None


def _derivative(trial: Trial, inputs: Any, V: str, h: float) -> float | None:
    """Return (Im L)/h of L = J + Σ dU ∗ U, all that what is moved goes into."""
    cut = trial.pair.reference.cut(trial.cuts, trial.sizes)
    reference = trial.pair.reference
    try:
        J, values = cut.forward(**inputs)
    except Exception:  # an operation that has no complex form
        return None
    m = trial.sizes.get(reference.per_example, 1)
    total = np.imag(J)
    for U, dU in inputs.get("cut_upstream", {}).items():
        share = np.sum(dU * np.imag(values[U]))
        total = total + (share / m if U in reference.of_examples else share)
    scale = m if V in reference.of_examples else 1
    derivative = float(total / h * scale)
    return derivative if np.isfinite(derivative) else None


def sides_with(trial: Trial, name: str, place: tuple[int, ...]) -> str:
    """Return who is right at an entry, "hand" or "autodiff", or "" where it cannot be told."""
    right = value_at(trial, name, place)
    if right is None:
        return ""
    hand, autodiff = float(trial.hand[name][place]), float(trial.truth[name][place])
    off = abs(hand - right), abs(autodiff - right)
    scale = max(abs(hand), abs(autodiff), abs(right))
    if min(off) > CLOSE * scale or off[0] == off[1]:
        return ""
    return "hand" if off[0] < off[1] else "autodiff"
