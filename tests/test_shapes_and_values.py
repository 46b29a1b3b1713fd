"""The strategies really produce every family of shapes and every kind of value."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

from backproof import manual
from backproof.arguments import FLOATS
from backproof.compare import PAIRS
from backproof.compare.shapes import FAMILIES, LARGEST, primes, shapes
from backproof.compare.values import (
    KINDS,
    LABELS,
    ORDERS,
    Example,
    arranged,
    labels,
    numbers,
    problem,
    variants,
)

LAYERS = [1, 2, 3, 4, 7]
RANDOM = np.random.default_rng(0)


def drawn(strategy, count=300):
    """Draw from a strategy as a test would, reproducibly."""
    found = []

    @seed(0)
    @settings(max_examples=count, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(value):
        found.append(value)

    collect()
    return found


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_draws_its_own_and_has_a_member(name, layers):
    family = FAMILIES[name]
    for shape in [family.member(layers), *drawn(family.drawn(layers), 30)]:
        assert len(shape) == layers + 2
        assert family.holds(shape)
        assert all(1 <= side <= max(LARGEST, *primes(layers + 4)) for side in shape)


@pytest.mark.parametrize("layers", LAYERS)
def test_the_strategy_produces_every_family(layers):
    found = drawn(shapes(layers))
    assert all(any(family.holds(shape) for shape in found) for family in FAMILIES.values())
    assert any(shape[-1] > 1 for shape in found)
    assert len(set(found)) > 100


@pytest.mark.parametrize("pair", ["shallow-tanh-sigmoid-cross_entropy", "logistic-cross_entropy"])
def test_examples_cover_every_kind_label_order_and_dtype(pair):
    found = drawn(PAIRS[pair].examples())
    for field, expected in {
        "data": KINDS,
        "weights": KINDS,
        "labels": LABELS,
        "order": ORDERS,
        "dtype": FLOATS,
    }.items():
        assert Counter(getattr(example, field) for example in found).keys() == set(expected)


def test_deep_examples_cover_every_activation_and_depth():
    deep = [pair for pair in PAIRS.values() if pair.network == "deep"]
    assert {len(pair.hidden) + 1 for pair in deep} == {1, 2, 3, 4}
    assert {name for pair in deep for name in pair.hidden} == set(manual.activations.ACTIVATIONS)
    found = drawn(PAIRS["deep-3-identity-half_squared_error"].examples())
    assert {example.slope for example in found} == {0.01, 0.2, 1.5, -0.5}
    assert "real" in {example.labels for example in found}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_a_check_always_starts_with_one_member_of_every_family(pair):
    shapes = [example.shape for example in pair.members(seed=0)]
    applicable = FAMILIES.keys() - ({"several outputs"} if pair.is_logistic else set())
    for name in applicable - ({"all equal", "distinct primes"} if pair.is_logistic else set()):
        assert any(FAMILIES[name].holds(shape) for shape in shapes), name
    assert {example.dtype for example in pair.members(seed=0)} == set(FLOATS)


def test_variants_try_every_kind_of_data_with_other_weights_labels_and_orders():
    example = Example((2, 3, 1, 4), ("tanh",), 0.01, "float32", seed=5)
    tried = list(variants(example, KINDS, LABELS))
    assert [variant.data for variant in tried] == list(KINDS)
    assert {variant.weights for variant in tried} == set(KINDS)
    assert {variant.labels for variant in tried} == set(LABELS)
    assert {variant.order for variant in tried} == set(ORDERS)
    over_seeds = {
        (variant.labels, variant.order)
        for seed in range(16)
        for variant in variants(replace(example, seed=seed), KINDS, LABELS)
    }
    assert len(over_seeds) == len(LABELS) * len(ORDERS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_number_is_what_it_says(kind):
    V = numbers(kind, (6, 50), RANDOM)
    np.testing.assert_array_equal(V, V.astype(np.float32))
    sizes = np.abs(V[V != 0])
    assert not sizes.size or sizes.min() > 1e-30
    says = {
        "unit": lambda: 0.5 < V.std() < 2,
        "integers": lambda: set(np.unique(V)) == set(range(-3, 4)),
        "tiny": lambda: 0 < sizes.max() < 1e-5,
        "large": lambda: sizes.max() > 100,
        "zeros": lambda: not V.any(),
        "one_hot": lambda: (V.sum(axis=0) == 1).all() and set(np.unique(V)) == {0, 1},
        "mixed": lambda: sizes.max() / sizes.min() > 1e4,
    }
    assert says[kind]()


@pytest.mark.parametrize(
    ("kind", "dtype"), [("soft", "f8"), ("hard", "f8"), ("bool", "?"), ("uint8", "u1")]
)
def test_every_kind_of_label_is_what_it_says(kind, dtype):
    Y = labels(kind, (3, 50), RANDOM)
    assert Y.dtype == dtype
    assert ((Y > 0) & (Y < 1)).all() if kind == "soft" else set(np.unique(Y)) == {0, 1}


@pytest.mark.parametrize("order", ORDERS)
def test_every_memory_order_holds_the_same_values(order):
    V = RANDOM.normal(size=(3, 4))
    W = arranged(V, order)
    np.testing.assert_array_equal(V, W)
    assert W.flags.f_contiguous == (order == "F")
    assert W.flags.c_contiguous == (order in ("C", "read_only"))
    assert W.flags.writeable == (order != "read_only")


def test_both_precisions_are_given_the_same_problem():
    wide = Example((3, 4, 2, 5), ("relu",), 0.01, "float64", seed=3, data="mixed")
    narrow = Example((3, 4, 2, 5), ("relu",), 0.01, "float32", seed=3, data="mixed")
    for one, other in zip(
        problem(wide).parameters.values(), problem(narrow).parameters.values(), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(problem(wide).X, problem(narrow).X)


def test_large_values_saturate_and_moderate_weights_do_not():
    """Saturation is tried, and kept away from the formula that divides by a and 1 − a."""
    pair = PAIRS["shallow-tanh-sigmoid-cross_entropy"]
    large = Example((4, 5, 1, 30), ("tanh",), 0.01, "float32", 0, data="large", weights="large")
    cache = pair.derive_by_hand(large, *pair.problem(large))
    assert (np.abs(cache["A1"]) == 1).all()
    assert ((cache["A2"] == 0) | (cache["A2"] == 1)).any()
    naive = PAIRS["deep-2-sigmoid-naive_cross_entropy"]
    for example in drawn(naive.examples()):
        *_, A = [
            v
            for k, v in naive.derive_by_hand(example, *naive.problem(example)).items()
            if k.startswith("A")
        ]
        assert A.min() > 1e-6
        assert A.max() < 1 - 1e-6
