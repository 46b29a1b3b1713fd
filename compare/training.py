"""Both sides on real data: the same start, 200 steps, and the two trajectories compared.

Rounding sends two right trainings apart, the further the longer they go, and how fast depends on
the data. So a third one sets the measure: the hand-derived training once more, each parameter
moved after each step by a random part of one eps. That is one draw of what rounding does, and in
float32 a few examples that cross a kink make it up; so the two sides may come SPREAD times as far
apart as that third training came from the first. Where that is more than CHAOS of the largest
parameter, trajectories cannot be compared, and the verdict is not agreement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from backproof import autodiff, manual
from backproof.compare.dataset import Dataset
from backproof.compare.judge import Finding, badness, judge, story
from backproof.compare.pair import Pair, Results
from backproof.compare.values import Example, Problem, of_unit

STEPS = 200
LEARNING_RATE = 0.03
HIDDEN = 8
SPREAD = 4
CHAOS = 1e-2

Parameters: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class TrainingReport:
    """What training both sides on a data set found.

    `difference` and `allowed` are the trajectories' largest distance and what it may be, in `eps`
    of the largest entry of all parameters. `scores` are those of the two sides after the last step:
    accuracy for classes, the cost for a regression. `ended` says why training could not go on, if
    it could not.
    """

    pair: Pair
    again: str
    has_classes: bool
    quantities: int
    worst: Finding
    failures: list[Finding]
    difference: float
    allowed: float
    eps: float
    scores: tuple[float, float]
    ended: str

    @property
    def agrees(self) -> bool:
        """Whether gradients, trajectories and scores agree."""
        return not self.failures and not self.faults()

    def faults(self) -> list[str]:
        """Say what is wrong with the training as a whole."""
        faults = []
        if not self.difference <= self.allowed:
            apart = f"{self.difference:.3g} eps apart, {self.allowed:.3g} allowed"
            faults.append(f"  the trajectories come {apart}")
        if not self.allowed * self.eps <= CHAOS:
            faults.append("  rounding alone changes where this training goes: nothing to compare")
        if self.ended:
            faults.append(f"  training came to an end: {self.ended}")
        # Scores are of the order of 1, as targets are standardised, and may part as parameters may.
        elif not abs(self.scores[0] - self.scores[1]) <= self.allowed * self.eps:
            faults.append(f"  it ends at {self.scores[0]} by hand, {self.scores[1]} by autodiff")
        return faults

    def __str__(self) -> str:
        if self.agrees:
            return f"{self.pair.name}: both sides train alike, {self.quantities} quantities agree"
        lines = (
            story(self.pair, self.failures)
            if self.failures
            else [f"{self.pair.name}: the two sides' trainings cannot be called the same"]
        )
        return "\n".join([*lines, *self.faults(), f"  again: {self.again}"])


def fits(pair: Pair, data: Dataset) -> bool:
    """Whether the pair's loss suits the labels, and its outputs their number."""
    if pair.is_logistic and data.Y.shape[0] > 1:
        return False
    return data.is_classes or pair.loss == "half_squared_error"


def train(
    pair: Pair,
    data: Dataset,
    seed: int = 0,
    dtype: str = "float64",
    tick: Callable[[], None] = lambda: None,
) -> TrainingReport:
    """Judge the gradients at the start and at the end, and every step in between as a whole."""
    example = _example(pair, data, seed, dtype)
    X, Y = data.X.astype(dtype), data.Y.astype(dtype)
    start = by_hand = by_autodiff = shadow = _start(pair, example)
    rate = min(LEARNING_RATE, 1 / X.shape[0])
    nudge = np.random.default_rng(seed)
    difference = spread = 0.0
    ended = ""
    findings = judge(pair, example, Problem(start, X, Y))
    try:
        for _ in range(STEPS):
            of_hand = pair.derive_by_hand(example, by_hand, X, Y)
            of_autodiff: Parameters = pair.derive_by_xla(example, by_autodiff, X, Y)
            of_shadow = pair.derive_by_hand(example, shadow, X, Y)
            by_hand = manual.descent.update(by_hand, of_hand, rate)
            by_autodiff = autodiff.descent.update(by_autodiff, of_autodiff, rate)
            shadow = _nudged(manual.descent.update(shadow, of_shadow, rate), nudge)
            difference = max(difference, _distance(by_hand, by_autodiff))
            spread = max(spread, _distance(by_hand, shadow))
            tick()
        findings += judge(pair, example, Problem(by_hand, X, Y))
    except ValueError as error:  # a value that is not finite: the training diverges
        ended = str(error)
    results = (
        pair.derive_by_hand(example, start if ended else by_hand, X, Y),
        pair.derive_by_xla(example, start if ended else by_autodiff, X, Y),
    )
    return TrainingReport(
        pair=pair,
        again=f"backproof check --data {data.name} --pair {pair.name} --seed {seed} "
        f"--dtype {dtype}",
        has_classes=data.is_classes,
        quantities=len(findings),
        worst=max(findings, key=badness),
        failures=[finding for finding in findings if not finding.agrees],
        difference=difference,
        allowed=SPREAD * spread,
        eps=float(np.finfo(dtype).eps),
        scores=(_score(results[0], data, example), _score(results[1], data, example)),
        ended=ended,
    )


def _example(pair: Pair, data: Dataset, seed: int, dtype: str) -> Example:
    shape = (data.X.shape[0], *[HIDDEN] * len(pair.hidden), *data.Y.shape)
    return Example(
        shape, pair.hidden, 0.01, dtype, seed, data=data.name, weights="xavier", labels="own"
    )


def _start(pair: Pair, example: Example) -> Parameters:
    sizes = example.shape[:-1]
    start = manual.initializers.initialize("xavier", sizes, example.seed, dtype=example.dtype)
    return of_unit(start) if pair.is_logistic else start


def _nudged(parameters: Parameters, random: np.random.Generator) -> Parameters:
    """Move every entry by a random part of one eps of itself."""
    return {
        name: V * (1 + np.finfo(V.dtype).eps * random.uniform(-1, 1, V.shape)).astype(V.dtype)
        for name, V in parameters.items()
    }


def _distance(one: Parameters, other: Parameters) -> float:
    """Return the largest |difference| of two sets of parameters, in eps of the largest entry."""
    eps = max(float(np.finfo(V.dtype).eps) for V in one.values())
    largest = max(float(np.abs(V).max()) for V in one.values())
    apart = max(float(np.abs(V - other[name]).max()) for name, V in one.items())
    return apart / (eps * largest) if apart else 0.0


def _score(results: Results, data: Dataset, example: Example) -> float:
    """Return the accuracy of the last layer's A, or for a regression the cost."""
    if not data.is_classes:
        return float(results["J"])
    A = results["A"] if "A" in results else results[f"A{len(example.shape) - 2}"]
    return manual.descent.accuracy(A, data.Y.astype(A.dtype))
