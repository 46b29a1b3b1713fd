"""The search: how many shapes, how many of them through XLA, and who has the last word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof.compare import PAIRS, GradientMismatch, Pair, check, search
from backproof.compare.search import CONFIRMED, EXAMPLES

NAMES = [
    "logistic-cross_entropy",
    "shallow-tanh-sigmoid-cross_entropy",
    "deep-4-sigmoid-cross_entropy",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_check_tries_200_shapes_and_confirms_one_in_50(name: str) -> None:
    report = search(PAIRS[name])
    assert len(report.shapes) == EXAMPLES == 200
    assert report.confirmed == EXAMPLES // CONFIRMED == 4
    assert report.way == "replay"
    assert report.agrees


def test_more_shapes_than_there_are_do_not_hang() -> None:
    report = search(PAIRS["logistic-cross_entropy"], examples=420, dtype="float64")
    assert 300 < len(report.shapes) <= 420


def test_the_same_seed_tries_the_same_shapes() -> None:
    pair = PAIRS["logistic-cross_entropy"]
    one, again, other = (search(pair, examples=30, seed=seed) for seed in (5, 5, 6))
    assert one.shapes == again.shapes != other.shapes


def counted(monkeypatch: pytest.MonkeyPatch, method: str, change: Any) -> list[int]:
    """Change what a side derives; return a list that grows with every call."""
    calls: list[int] = []
    derive = getattr(Pair, method)

    def changed(*arguments: Any) -> Any:
        calls.append(1)
        results = derive(*arguments)
        return results | {"dW1": change(results["dW1"])}

    monkeypatch.setattr(Pair, method, changed)
    return calls


def test_a_replay_that_is_wrong_is_not_blamed_on_the_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    counted(monkeypatch, "derive_by_replay", lambda dW1: dW1 * 1.5 + 1)
    report = search(PAIRS["shallow-tanh-sigmoid-cross_entropy"])
    assert not report.agrees
    assert {finding.quantity for finding in report.failures} == {"dW1"}
    assert all(
        finding.reason.startswith("the replay differs from XLA") for finding in report.failures
    )


def test_a_wrong_replay_and_a_hand_that_agrees_with_it_are_found_by_XLA(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for method in ("derive_by_replay", "derive_by_hand"):
        counted(monkeypatch, method, lambda dW1: dW1 + np.ones_like(dW1))
    report = search(PAIRS["shallow-tanh-sigmoid-cross_entropy"])
    assert not report.agrees
    assert report.confirmed == 1


def test_a_disagreement_goes_through_XLA_before_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, "derive_by_xla", lambda dW1: dW1)

    def by_hand(parameters: Any, X: Any, Y: Any) -> dict[str, Any]:
        W, b, m = parameters["W1"], parameters["b1"], X.shape[1]
        dZ = W @ X + b - Y
        dW, db = dZ @ X.T / m, dZ.sum(axis=1, keepdims=True) / m
        return {"dW1": dW * (2 if m == 13 else 1), "db1": db}

    pair = Pair("mine", output="identity", loss="half_squared_error", by_hand=by_hand)
    with pytest.raises(GradientMismatch) as raised:
        check(pair)
    report = raised.value.report
    assert report.failures[0].example.shape[-1] == 13
    assert "by hand" in report.failures[0].reason
    assert len(calls) == report.confirmed >= 2
