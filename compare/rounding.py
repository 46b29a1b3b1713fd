"""How far two right answers may lie apart: rounding, and nothing else.

Both sides evaluate the same equation in their own order. A sum of k products differs from the
exact one by at most γ_k Σ|terms| with γ_k ≈ k·eps/2 (Higham, *Accuracy and Stability of Numerical
Algorithms*, 2nd ed., §3.1 and §3.5), so two evaluations differ by at most k·eps·Σ|terms|. The
elementwise functions of NumPy and XLA are within a few units in the last place; ELEMENTWISE
covers them with what follows them.

So every quantity has a *scale*, Σ|terms| at its largest entry; a number of *roundings*; and what
each entry *inherits*: the differences already seen in what it is computed from, carried through
its own equation. What is left after the inherited part may be roundings·eps·scale, no more. Since
inherited differences are the measured ones, each equation is judged on its own: a wrong dZ1 is
wrong, and a dW1 that follows correctly from it is not.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backproof.compare.pair import Pair, Results
from backproof.compare.values import Example, Problem

ELEMENTWISE = 16

Wide: TypeAlias = NDArray[np.float64]


class Allowance(NamedTuple):
    """What one quantity may differ by: inherited, entry by entry, plus roundings·eps·scale.

    `error` is what the two sides do differ by, or may, where one does not hold the quantity.
    """

    error: Wide
    inherited: Wide
    scale: float
    roundings: int


def allowances(
    pair: Pair, example: Example, arrays: Problem, hand: Results, jax: Results
) -> dict[str, Allowance]:
    """Return the allowance of every quantity of `jax`, in the order of computation."""
    *sizes, m = example.shape
    walk = _Walk(np.finfo(example.dtype), m, hand, jax)
    names = [""] if pair.is_logistic else [str(l) for l in range(1, len(sizes))]
    activations = dict(zip(names, (*example.hidden, pair.output), strict=True))
    parameters = {name: np.abs(V, dtype=np.float64) for name, V in arrays.parameters.items()}
    if pair.is_logistic:
        parameters = {"W": parameters["w"].T, "b": parameters["b"]}
    steepest = max(1.0, abs(example.slope))
    X = np.abs(arrays.X, dtype=np.float64)

    A = (X, np.zeros_like(X))  # a size and an error, as all pairs below
    inputs: dict[str, tuple[Wide, Wide]] = {}
    for l, n in zip(names, sizes[:-1], strict=True):
        inputs[l] = A
        W = parameters[f"W{l}"]
        walk.visit(f"Z{l}", W @ A[0] + parameters[f"b{l}"], n + 2, W @ A[1])
        walk.visit(f"A{l}", walk.size(f"A{l}"), ELEMENTWISE, steepest * walk.error(f"Z{l}"))
        A = walk.size(f"A{l}"), walk.error(f"A{l}")

    last = names[-1]
    _visit_loss(pair, walk, last, np.asarray(arrays.Y, np.float64))
    W, dZ = X, A  # of the layer after this one
    for l in reversed(names):
        if l != last:
            walk.visit(f"dA{l}", W.T @ dZ[0], dZ[0].shape[0] + 2, W.T @ dZ[1])
        if f"dA{l}" in jax:
            dA, error = walk.size(f"dA{l}"), walk.error(f"dA{l}")
            of_slope = dA * walk.slope_error(activations[l], example.slope, f"Z{l}")
            walk.visit(f"dZ{l}", steepest * dA, ELEMENTWISE, steepest * error + of_slope)
        A, W = inputs[l], parameters[f"W{l}"]
        dZ = walk.size(f"dZ{l}"), walk.error(f"dZ{l}")
        dW, error = dZ[0] @ A[0].T / m, (dZ[1] @ A[0].T + dZ[0] @ A[1].T) / m
        if pair.is_logistic:
            walk.visit("dw", dW.T, m + 2, error.T)
        else:
            walk.visit(f"dW{l}", dW, m + 2, error)
        db, error = (part.sum(axis=1, keepdims=True) / m for part in dZ)
        walk.visit(f"db{l}", db, m + 2, error)
    walk.visit("dX", W.T @ dZ[0], sizes[1] + 2, W.T @ dZ[1])
    return walk.allowances


def _visit_loss(pair: Pair, walk: _Walk, l: str, Y: Wide) -> None:
    """Visit the cost, and where the backward pass starts: at dA, or at the fused dZ."""
    Z, A, error = walk.size(f"Z{l}"), walk.size(f"A{l}"), walk.error(f"A{l}")
    m, count = Y.shape[1], Y.size + ELEMENTWISE
    if pair.loss == "cross_entropy":
        terms = 1 + Z * (1 + Y)
        walk.visit("J", terms.sum() / m, count, walk.error(f"Z{l}").sum() / m)
        # JAX derives σ(±z) as exp(±z − softplus(±z)): rounding the exponent costs |z| eps of it.
        walk.visit(f"dZ{l}", (A + Y) * (1 + Z), ELEMENTWISE, error)
    elif pair.loss == "naive_cross_entropy":
        # 1/a and 1/(1 − a) at the smallest a and 1 − a that either side can have.
        a, floor = np.abs(walk.jax[f"A{l}"]), walk.eps**2
        of_one, of_zero = 1 / np.maximum(a - error, floor), 1 / np.maximum(1 - a - error, floor)
        error = error + walk.eps * A
        terms = Y * np.log(of_one) + (1 - Y) * np.log(of_zero)
        dA = Y * of_one + (1 - Y) * of_zero
        walk.visit("J", terms.sum() / m, count, (dA * error).sum() / m)
        walk.visit(f"dA{l}", dA, ELEMENTWISE, (Y * of_one**2 + (1 - Y) * of_zero**2) * error)
    else:
        terms = A + np.abs(Y)
        walk.visit("J", (terms**2).sum() / (2 * m), count, (terms * error).sum() / m)
        walk.visit(f"dA{l}", terms, ELEMENTWISE, error)


class _Walk:
    """The quantities in order, with their allowances and the differences seen so far."""

    def __init__(self, precision: Any, m: int, hand: Results, jax: Results) -> None:
        self.eps = float(precision.eps)
        # Below this scale one eps of dV/m is subnormal, which XLA flushes to 0 and NumPy does not.
        self.smallest = m * float(precision.tiny) / self.eps
        self.hand = {name: value.astype(np.float64) for name, value in hand.items()}
        self.jax = {name: value.astype(np.float64) for name, value in jax.items()}
        self.allowances: dict[str, Allowance] = {}
        self._sizes: dict[str, Wide] = {}

    def size(self, name: str) -> Wide:
        """Return |value|, of the two sides' the larger."""
        if name not in self._sizes:
            jax = np.abs(self.jax[name])
            self._sizes[name] = (
                np.maximum(np.abs(self.hand[name]), jax) if name in self.hand else jax
            )
        return self._sizes[name]

    def error(self, name: str) -> Wide:
        """Return what the two sides' values of a visited quantity differ by."""
        return self.allowances[name].error

    def visit(self, name: str, scale: Any, roundings: int, inherited: Any) -> None:
        """Note the allowance of a quantity."""
        if name in self.hand:
            error = np.abs(self.hand[name] - self.jax[name])
        else:
            error = np.asarray(roundings * self.eps * scale + inherited, np.float64)
        largest = max(float(scale.max()), self.smallest)
        inherited = np.asarray(inherited, np.float64)
        self.allowances[name] = Allowance(error, inherited, largest, roundings)

    def slope_error(self, activation: str, slope: float, Z: str) -> Wide:
        """How far g′ may differ because the two sides' Z do.

        Smooth activations have |g″| < 1. The others jump by |1 − slope| where the two Z, though
        within rounding of one another, lie on different sides of 0.
        """
        if activation in ("sigmoid", "tanh"):
            return self.error(Z)
        jump = {"identity": 0.0, "relu": 1.0, "leaky_relu": abs(1 - slope)}[activation]
        if Z in self.hand:
            crossed = (self.hand[Z] >= 0) != (self.jax[Z] >= 0)
        else:
            # An error of 0 leaves no doubt on which side an exact 0 lies.
            crossed = (np.abs(self.jax[Z]) <= self.error(Z)) & (self.error(Z) > 0)
        return jump * crossed.astype(np.float64)
