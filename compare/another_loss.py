"""A gradient that is not this loss's: is it the gradient of any loss, and of which?

A field is the gradient of some function exactly where its Jacobian is symmetric. Then the
derivation is right, and the loss is another one: a sum for a mean, another error, a penalty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backproof.compare.trial import Trial

STEP = 2.0**-12
ASYMMETRIC = 1e-4  # right ones measure 1e-6 and less, wrong ones 1e-3 and more
PROBES = 3  # pairs of directions at every problem


def is_a_gradient(evidence: Sequence[Trial]) -> bool | None:
    """Whether the hand-derived gradients are those of some loss; None if it cannot be told.

    At each problem, u·(∂g/∂x)v and v·(∂g/∂x)u are compared along random directions u and v.
    """
    worst = [asymmetry for trial in evidence if (asymmetry := _asymmetry(trial)) is not None]
    if len(worst) < 3:
        return None
    return bool(np.median(worst) <= ASYMMETRIC)


def _asymmetry(trial: Trial) -> float | None:
    """Return how far the Jacobian of the hand-derived gradients is from symmetric, relatively."""
    names = [leaf.name for leaf in trial.pair.leaves if f"d{leaf.name}" in trial.hand]
    if sum(trial.flat[name].size for name in names) < 2:
        return None
    random = np.random.default_rng(0)
    worst = 0.0
    for _ in range(PROBES):
        u, v = ({n: random.standard_normal(trial.flat[n].shape) for n in names} for _ in "uv")
        along = _along(trial, u), _along(trial, v)
        if along[0] is None or along[1] is None:
            return None
        one, other = (
            sum(float(np.sum(d[n] * direction[n])) for n in names)
            for d, direction in zip(along, (v, u), strict=True)
        )
        size = sum(
            float(np.linalg.norm(d[n])) * float(np.linalg.norm(direction[n]))
            for d, direction in zip(along, (v, u), strict=True)
            for n in names
        )
        if not size:  # gradients that do not depend on the arguments say nothing
            return None
        worst = max(worst, abs(one - other) / size)
    return worst


def _along(trial: Trial, direction: dict[str, Any]) -> dict[str, Any] | None:
    """Return the derivative of the hand-derived gradients along a direction, of the cost's."""
    ends = []
    signature = trial.pair.reference.program.signature
    for sign in (1, -1, 2, -2):
        moved = signature.flat(trial.given) | {
            name: trial.flat[name] + sign * STEP * step.astype(trial.dtype)
            for name, step in direction.items()
        }
        try:
            at = Trial(trial.pair, signature.nested(moved), thorough=False).hand
        except Exception:  # an argument that may not take every value
            return None
        ends.append({name: _of_cost(trial, name, at[f"d{name}"]) for name in direction})
    near, back, far, further_back = ends
    return {  # a difference of fourth order
        n: (8 * (near[n] - back[n]) - (far[n] - further_back[n])) / (12 * STEP) for n in direction
    }


def _of_cost(trial: Trial, name: str, dV: Any) -> Any:
    reference = trial.pair.reference
    return dV / trial.sizes[reference.per_example] if name in reference.of_examples else dV


def common_factor(evidence: Sequence[Trial]) -> str:
    """Return the size or number by which all gradients differ, "m" or "1/m" or "2", or ""."""
    found: set[str] | None = None
    for trial in evidence:
        J, values, gradients = trial.pair.reference.program(**trial.arguments)
        names = [n for n in trial.quantities.of_arguments if n in trial.hand]
        hand = np.concatenate([np.ravel(trial.hand[n]) for n in names])
        right = np.concatenate([np.ravel(gradients[n]) for n in names])
        factors = {"2": 2.0, "1/2": 0.5, "−1": -1.0}
        for name, size in trial.sizes.items():
            factors |= {name: size, f"1/{name}": 1 / size}
        norm = float(np.vdot(right, right))
        if norm:
            fitted = float(np.vdot(right, hand)) / norm
            factors.setdefault(f"{fitted:.6g}", fitted)
        size = max(np.max(np.abs(hand), initial=0), np.max(np.abs(right), initial=0))
        same = {n for n, f in factors.items() if np.all(np.abs(hand - f * right) <= 1e-9 * size)}
        found = same if found is None else found & same
    names = sorted(found or (), key=lambda n: (n != "m", n[:1].isdigit(), n))
    return names[0] if names else ""
