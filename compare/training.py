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
from backproof.autodiff.result import by_name
from backproof.compare.builtin import NETWORKS
from backproof.compare.confirmation import differs_from_xla
from backproof.compare.dataset import Dataset
from backproof.compare.finding import WRONG, Finding, number
from backproof.compare.judging import judged
from backproof.compare.pair import Pair
from backproof.compare.trial import Trial

STEPS = 200
LEARNING_RATE = 0.03
HIDDEN = 8
SPREAD = 4
CHAOS = 1e-2
SLOPE = 0.01

Parameters: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class TrainingReport:
    """What training both sides on a data set found.

    `difference` and `allowed` are the trajectories' largest distance and what it may be, in `eps`
    of the largest entry of all parameters. `costs` are J by hand and by autodiff before each step,
    `scores` those of the two sides after the last: accuracy for classes, the cost for a regression.
    `ended` says why training could not go on, if
    it could not.
    """

    pair: Pair
    again: str
    has_classes: bool
    quantities: int
    failures: list[Finding]
    difference: float
    allowed: float
    eps: float
    scores: tuple[float, float]
    costs: list[tuple[float, float]]
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
            faults.append(f"the trajectories come {apart}")
        if not self.allowed * self.eps <= CHAOS:
            faults.append("rounding alone changes where this training goes: nothing to compare")
        if self.ended:
            faults.append(f"training came to an end: {self.ended}")
        # Scores are of the order of 1, as targets are standardised, and may part as parameters may.
        elif not abs(self.scores[0] - self.scores[1]) <= self.allowed * self.eps:
            faults.append(f"it ends at {self.scores[0]} by hand, {self.scores[1]} by autodiff")
        return faults

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "pair": self.pair.title,
            "agrees": self.agrees,
            "quantities": self.quantities,
            "failures": [finding.as_json() for finding in self.failures],
            "faults": self.faults(),
            "steps": STEPS,
            "trajectory_eps": number(self.difference),
            "allowed_eps": number(self.allowed),
            "score": "accuracy" if self.has_classes else "cost",
            "by_hand": number(self.scores[0]),
            "by_autodiff": number(self.scores[1]),
            "again": self.again,
        }

    def __str__(self) -> str:
        if self.agrees:
            return f"{self.pair.title}: both sides train alike, {self.quantities} quantities agree"
        lines = [f"{self.pair.title}: the two sides' trainings cannot be called the same"]
        lines += [f"  {what}" for what in (*self.failures, *self.faults())]
        return "\n".join([*lines, f"  again: {self.again}"])


def fits(pair: Pair, data: Dataset) -> bool:
    """Whether the pair's loss suits the labels, and its outputs their number."""
    network = NETWORKS[pair.name]
    if network.is_logistic and data.Y.shape[0] > 1:
        return False
    return data.is_classes or network.loss == "half_squared_error"


def train(
    pair: Pair,
    data: Dataset,
    seed: int = 0,
    dtype: str = "float64",
    tick: Callable[[], None] = lambda: None,
) -> TrainingReport:
    """Judge the gradients at the start and at the end, and every step in between as a whole."""
    X, Y = data.X.astype(dtype), data.Y.astype(dtype)
    start = by_hand = by_autodiff = shadow = _start(pair, data, seed, dtype)
    rate = min(LEARNING_RATE, 1 / X.shape[0])
    nudge = np.random.default_rng(seed)
    difference = spread = 0.0
    ended, costs = "", []

    def of_hand(parameters: Parameters) -> Parameters:
        results: Parameters = pair.hand(**_given(pair, parameters, X, Y))
        return results

    def of_autodiff(parameters: Parameters) -> Parameters:
        return by_name(pair.reference.by_xla(_given(pair, parameters, X, Y), dtype))

    findings = _judged(pair, start, X, Y)
    try:
        for _ in range(STEPS):
            left, right = of_hand(by_hand), of_autodiff(by_autodiff)
            costs.append((float(left["J"]), float(right["J"])))
            by_hand = manual.descent.update(by_hand, left, rate)
            moved = autodiff.descent.update(by_autodiff, right, rate)
            by_autodiff = {name: np.asarray(V) for name, V in moved.items()}
            shadow = _nudged(manual.descent.update(shadow, of_hand(shadow), rate), nudge)
            difference = max(difference, _distance(by_hand, by_autodiff))
            spread = max(spread, _distance(by_hand, shadow))
            tick()
        findings += _judged(pair, by_hand, X, Y)
    except ValueError as error:  # a value that is not finite: the training diverges
        ended = str(error)
    ends = (start, start) if ended else (by_hand, by_autodiff)
    return TrainingReport(
        pair=pair,
        again=f"backproof check --data {data.name} --pair {pair.name} --seed {seed} "
        f"--dtype {dtype}",
        has_classes=data.is_classes,
        quantities=len(findings),
        failures=[finding for finding in findings if not finding.passes],
        difference=difference,
        allowed=SPREAD * spread,
        eps=float(np.finfo(dtype).eps),
        scores=(_score(of_hand(ends[0]), data), _score(of_autodiff(ends[1]), data)),
        costs=costs,
        ended=ended,
    )


def _given(pair: Pair, parameters: Parameters, X: Any, Y: Any) -> dict[str, Any]:
    """Return the arguments of the pair, with leaky ReLU's usual slope where it has one."""
    given = {"parameters": parameters, "X": X, "Y": Y}
    has_slope = any(leaf.name == "slope" for leaf in pair.leaves)
    return given | ({"slope": np.asarray(SLOPE, X.dtype)} if has_slope else {})


def _judged(pair: Pair, parameters: Parameters, X: Any, Y: Any) -> list[Finding]:
    """Judge the gradients at these parameters, by replay, and the replay by XLA."""
    trial = Trial(pair, _given(pair, parameters, X, Y))
    findings = judged(trial, {})
    fault = differs_from_xla(trial, pair.reference.by_xla(trial.arguments))
    if fault:
        findings.append(Finding("the replay", WRONG, note=f"differs from XLA: {fault}"))
    return findings


def _start(pair: Pair, data: Dataset, seed: int, dtype: str) -> Parameters:
    network = NETWORKS[pair.name]
    sizes = (data.X.shape[0], *[HIDDEN] * len(network.hidden), data.Y.shape[0])
    start = manual.initializers.initialize("xavier", sizes, seed, dtype=dtype)
    return {"w": start["W1"].T, "b": start["b1"]} if network.is_logistic else start


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


def _score(results: Parameters, data: Dataset) -> float:
    """Return the accuracy of the last layer's A, or for a regression the cost."""
    if not data.is_classes:
        return float(results["J"])
    last = max(
        (name for name in results if name.startswith("A")), key=lambda name: (len(name), name)
    )
    A = results[last]
    return manual.descent.accuracy(A, data.Y.astype(A.dtype))
