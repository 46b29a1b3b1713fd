"""A gradient that is not this loss's: whether it is that of any, and of which.

A field is the gradient of some function exactly where its Jacobian is symmetric. Then the
derivation is right, and the loss is another one: a sum for a mean, another error, a penalty.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from backproof.compare.diagnosis import Cause
from backproof.compare.kinks import tied
from backproof.compare.line import fitted
from backproof.compare.trial import Trial

STEP = 2.0**-12
ASYMMETRIC = 1e-4  # right ones measure 1e-6 and less, wrong ones 1e-3 and more
NEARLY_RIGHT = 1e-2  # off by less than this, relatively: far above ASYMMETRIC
PROBES = 3  # pairs of directions at every problem


def is_a_gradient(evidence: Sequence[Trial]) -> bool | None:
    """Whether the hand-derived gradients are those of some loss; None if it cannot be told.

    At each problem without a tie, where there is no Jacobian, u·(∂g/∂x)v and v·(∂g/∂x)u are
    compared along random directions u and v.
    """
    smooth = (trial for trial in evidence if not tied(trial))
    worst = [asymmetry for trial in smooth if (asymmetry := _asymmetry(trial)) is not None]
    if len(worst) < 3:
        return None
    return bool(np.median(worst) <= ASYMMETRIC)


def _asymmetry(trial: Trial) -> float | None:
    """Return how far the Jacobian of the hand-derived gradients is from symmetric, relatively."""
    if trial.dtype != np.float64:  # differences have too few digits
        return None
    names = [leaf.name for leaf in trial.pair.leaves if f"d{leaf.name}" in trial.hand]
    count = sum(trial.flat[name].size for name in names)
    random = np.random.default_rng(0)
    worst = 0.0
    for _ in range(PROBES if count > 1 else 0):
        u, v = random.standard_normal((2, count))
        along_u, along_v = _along(trial, names, u), _along(trial, names, v)
        if along_u is None or along_v is None:
            return None
        norm = np.linalg.norm
        size = norm(along_u) * norm(v) + norm(along_v) * norm(u)
        if not size:  # gradients that do not depend on the arguments say nothing
            return None
        worst = max(worst, float(abs(along_u @ v - along_v @ u) / size))
    return worst if count > 1 else None


def _along(trial: Trial, names: Sequence[str], direction: Any) -> Any:
    """Return the derivative of the hand-derived gradients of the cost along a direction."""
    ends = np.cumsum([trial.flat[name].size for name in names])[:-1]
    steps = dict(zip(names, np.split(direction, ends), strict=True))
    signature = trial.pair.reference.program.signature
    found = []
    for many in (1, -1, 2, -2):
        moved = signature.flat(trial.given) | {
            name: V + (many * STEP * steps[name]).reshape(V.shape).astype(V.dtype)
            for name, V in ((name, trial.flat[name]) for name in names)
        }
        try:
            at = Trial(trial.pair, signature.nested(moved), thorough=False).hand
        except Exception:  # an argument that may not take every value
            return None
        found.append(np.concatenate([_of_cost(trial, n, at[f"d{n}"]).ravel() for n in names]))
    near, back, far, further_back = found
    return (8 * (near - back) - (far - further_back)) / (12 * STEP)  # of fourth order


def _of_cost(trial: Trial, name: str, dV: Any) -> Any:
    reference = trial.pair.reference
    return dV / trial.sizes[reference.per_example] if name in reference.of_examples else dV


def which_loss(evidence: Sequence[Trial], causes: Sequence[Cause]) -> str:
    """Say whether wrong gradients are those of another loss, and of which, or "".

    Nothing is said of gradients that are nearly right: their Jacobian is nearly symmetric.
    """
    if not evidence or np.median([_off(trial) for trial in evidence]) < NEARLY_RIGHT:
        return ""
    symmetric = is_a_gradient(evidence)
    if symmetric is None:
        return ""
    if not symmetric:
        return "the gradient of no loss at all: its Jacobian is not symmetric"
    factor = _common_factor(evidence)
    known = next((cause.mistake.loss for cause in causes if cause.mistake.loss), "another loss")
    what = f"{factor} times this loss" if factor else known
    return f"the right gradient of {what}: its Jacobian is symmetric"


def _gradients(trial: Trial) -> tuple[Any, Any]:
    """Return the gradients by the arguments, by hand and right, each as one vector."""
    names = [n for n in trial.quantities.of_arguments if n in trial.hand]
    right = trial.pair.reference.program(**trial.arguments)[2]
    return (
        np.concatenate([np.ravel(trial.hand[n]) for n in names] or [np.zeros(0)]),
        np.concatenate([np.ravel(right[n]) for n in names] or [np.zeros(0)]),
    )


def _off(trial: Trial) -> float:
    """Return how far off the gradients by the arguments are, relatively."""
    hand, right = _gradients(trial)
    if hand.shape != right.shape:
        return 0.0
    return float(np.linalg.norm(hand - right) / max(float(np.linalg.norm(right)), 1e-300))


def _common_factor(evidence: Sequence[Trial]) -> str:
    """Return the size or number by which all gradients differ, "m" or "1/m" or "2", or ""."""
    found: dict[str, None] | None = None
    for trial in evidence:
        hand, right = _gradients(trial)
        if not np.any(right):
            continue
        factors = {"−1": -1.0, "2": 2.0, "½": 0.5}
        counts = dict(trial.sizes)
        for (one, n), (other, m) in combinations(trial.sizes.items(), 2):
            counts[f"{one}·{other}"] = n * m
        for name, n in counts.items():
            factors |= {name: n, f"1/{name}": 1 / n}
        factor = fitted(hand, right)
        factors.setdefault(f"{factor:.6g}", factor)
        size = max(np.max(np.abs(hand), initial=0), np.max(np.abs(right), initial=0))
        same = [n for n, f in factors.items() if np.all(np.abs(hand - f * right) <= 1e-9 * size)]
        found = {n: None for n in same if found is None or n in found}
    return next(iter(found or ()), "")
