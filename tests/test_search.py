"""The search: how many examples, how many of them through XLA, and who has the last word."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from backproof.autodiff.program import DerivedProgram
from backproof.compare import PAIRS, GradientMismatch, Pair
from backproof.compare.builtin import NETWORKS, Network
from backproof.compare.reference import Reference
from backproof.compare.search import CONFIRMED, EXAMPLES, members, search

NAMES = [
    "logistic-cross_entropy",
    "shallow-tanh-sigmoid-cross_entropy",
    "deep-4-sigmoid-cross_entropy",
]
SHALLOW = PAIRS["shallow-tanh-sigmoid-cross_entropy"]


@pytest.mark.parametrize("name", NAMES)
def test_a_check_tries_200_examples_and_confirms_one_in_100(name: str) -> None:
    """A quarter are of the families, in turns; each of the others has a shape of its own."""
    pair = PAIRS[name]
    report = search(pair)
    assert report.examples == EXAMPLES == 200
    assert len(report.shapes) == len(pair.families) + 150
    assert {tuple(sizes.values()) for sizes in pair.families} <= report.shapes
    assert report.confirmed == EXAMPLES // CONFIRMED == 2
    assert report.way == "replay"
    assert report.agrees


def test_more_shapes_than_there_are_do_not_hang() -> None:
    report = search(PAIRS["logistic-cross_entropy"], examples=420, dtype="float64")
    assert report.examples == 420
    assert 300 < len(report.shapes) <= 361


def test_the_same_seed_tries_the_same_examples() -> None:
    pair = PAIRS["logistic-cross_entropy"]
    tried: list[list[str]] = []
    for seed in (5, 5, 6):
        examples: list[str] = []

        def hand(parameters: Any, X: Any, Y: Any, examples: list[str] = examples) -> dict[str, Any]:
            examples.append(f"{X.shape} {X.dtype} {X.tolist()} {Y.tolist()}")
            return NETWORKS[pair.name].by_hand(parameters, X, Y)

        search(replace(pair, hand=hand), examples=30, seed=seed)
        tried.append(examples)
    one, again, other = tried
    assert one == again != other
    assert len(set(one)) == 30


@pytest.mark.parametrize("name", NAMES)
def test_a_search_starts_with_every_family_twice(name: str) -> None:
    """The second time in another precision, with other values."""
    pair = PAIRS[name]
    count = len(pair.families)
    tried: list[str] = []

    def hand(parameters: Any, X: Any, Y: Any) -> dict[str, Any]:
        tried.append(f"{X.dtype} {X.tolist()} {Y.tolist()} {[*map(np.shape, parameters.values())]}")
        return NETWORKS[name].by_hand(parameters, X, Y)

    report = search(replace(pair, hand=hand), examples=2 * count, seed=3)
    assert report.agrees
    assert len(report.shapes) == count
    assert len(set(tried)) == 2 * count
    both = list(islice(members(pair, 3, pair.dtypes), 2 * count))
    assert [example.sizes for example in both] == 2 * pair.families
    for one, other in zip(both[:count], both[count:], strict=True):
        assert one.dtype != other.dtype
        assert one.kinds != other.kinds


def with_wrong_replay(monkeypatch: pytest.MonkeyPatch, pair: Pair, wrong_J: float = 0.0) -> Pair:
    """Return the pair with another dW1, and J, on autodiff's side, which XLA does not confirm."""
    pair, right = replace(pair), replace(pair).reference

    def wrong(**arguments: Any) -> Any:
        J, values, gradients = right.program.function(**arguments)
        return J + wrong_J, values, gradients | {"dW1": gradients["dW1"] * 1.5 + 1}

    program = DerivedProgram(wrong, right.program.signature)
    monkeypatch.setattr(pair.reference, "program", program)
    monkeypatch.setattr(pair.reference, "by_xla", right.by_xla)
    return pair


def test_a_replay_that_is_wrong_is_not_blamed_on_the_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    report = search(with_wrong_replay(monkeypatch, SHALLOW), examples=20)
    assert not report.agrees
    assert report.fault.startswith("dW1 at [0, 0]: ")
    assert report.fault.endswith("by XLA")
    assert report.verdict == "replay differs from XLA"
    assert "the replay differs from XLA, so nothing can be said: dW1 at [0, 0]" in " ".join(
        str(report).split()
    )
    assert report.verdicts["wrong"] == 0
    assert report.story is report.as_json()["failure"] is None


def test_nothing_is_told_of_the_hand_where_the_replay_is_at_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cost is no derivative, so complex step has no say: the hand's would be called wrong."""
    report = search(with_wrong_replay(monkeypatch, SHALLOW, wrong_J=1.0), examples=20)
    assert report.failure is not None
    assert report.failure[0].of("J").verdict == "wrong"
    assert report.verdict == "replay differs from XLA"
    assert report.fault.startswith("J: ")
    assert report.story is report.as_json()["failure"] is None
    assert not {"why", "who", "when", "loss"} & {
        line.split()[0] for line in str(report).split("\n") if line
    }


def test_a_wrong_replay_and_a_hand_that_agrees_with_it_are_found_by_XLA(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hand(parameters: Any, X: Any, Y: Any) -> dict[str, Any]:
        results = NETWORKS[SHALLOW.name].by_hand(parameters, X, Y)
        return results | {"dW1": results["dW1"] * 1.5 + 1}

    report = search(with_wrong_replay(monkeypatch, replace(SHALLOW, hand=hand)), examples=20)
    assert report.failure is None
    assert not report.agrees
    assert report.fault.startswith("dW1 at [0, 0]: ")
    assert report.confirmed == 1
    with pytest.raises(GradientMismatch, match="the replay differs from XLA"):
        raise GradientMismatch(report)


def test_a_disagreement_goes_through_XLA_before_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, ...]] = []
    by_xla = Reference.by_xla

    def counted(self: Reference, arguments: Any, *more: Any) -> Any:
        calls.append(arguments["X"].shape)
        return by_xla(self, arguments, *more)

    monkeypatch.setattr(Reference, "by_xla", counted)

    def by_hand(parameters: Any, X: Any, Y: Any) -> dict[str, Any]:
        W, b, m = parameters["W1"], parameters["b1"], X.shape[1]
        dZ = W @ X + b - Y
        dW, db = dZ @ X.T / m, dZ.sum(axis=1, keepdims=True) / m
        return {"dW1": dW * (2 if m == 13 else 1), "db1": db, "dX": W.T @ dZ}

    report = search(Network("mine", "deep", (), "identity", "half_squared_error").pair(by_hand))
    assert report.failure is not None
    judgement, example = report.failure
    assert example.sizes["m"] == 13
    assert [f.quantity for f in judgement.findings if not f.passes] == ["dW1"]
    assert report.fault == ""
    assert len(calls) == report.confirmed >= 2
    assert calls[-1][1] == 13


@pytest.mark.parametrize(("examples", "sizes"), [(1, (1, 1)), (2, (3, 3)), (5, (2, 3))])
def test_xla_confirms_where_no_two_sizes_are_the_same(
    monkeypatch: pytest.MonkeyPatch, examples: int, sizes: tuple[int, ...]
) -> None:
    calls: list[tuple[int, ...]] = []
    by_xla = Reference.by_xla

    def counted(self: Reference, arguments: Any) -> Any:
        calls.append(arguments["X"].shape)
        return by_xla(self, arguments)

    monkeypatch.setattr(Reference, "by_xla", counted)
    assert search(PAIRS["logistic-cross_entropy"], examples).confirmed == 1
    assert calls == [sizes]


def test_a_search_ends_with_the_first_failure() -> None:
    calls: list[tuple[int, ...]] = []

    def by_hand(parameters: Any, X: Any, Y: Any) -> dict[str, Any]:
        calls.append(X.shape)
        return {"dw": X @ (Y * 0 + 1).T, "db": np.ones_like(X[:1, :1]), "dX": X}

    report = search(Network("mine", "logistic").pair(by_hand))
    assert report.examples == 1
    assert set(calls) == {(1, 1)}
