"""The shapes and values that are drawn really are of every family and of every kind."""

from collections import Counter
from dataclasses import replace
from itertools import combinations, islice, product

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

from backproof import manual
from backproof.arguments import FLOATS
from backproof.compare import (
    PAIRS,
    Example,
    Pair,
    between,
    choice,
    integers,
    labels,
    positive,
    real,
    soft_labels,
)
from backproof.compare.builtin import NETWORKS
from backproof.compare.search import members
from backproof.compare.shapes import (
    FEW,
    LARGEST,
    drawn,
    families,
    largest_side,
    smaller,
    some_allowed,
)
from backproof.compare.values import COINS, LABELS, ORDERS, REAL, arranged

NAMES = [tuple("nmkabcdefg"[:count]) for count in (1, 2, 3, 4, 6, 9)]
RANDOM = np.random.default_rng(0)


def collected(strategy, count=300):
    """Draw from a strategy as a test would, reproducibly."""
    found = []

    @seed(0)
    @settings(max_examples=count, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(value):
        found.append(value)

    collect()
    return found


def always(sizes):
    return True


def of_family(names):
    """Return what every family of shapes holds to, by its name."""
    found = {
        "all ones": lambda sides: set(sides) == {1},
        "all equal": lambda sides: len(set(sides)) == 1 and sides[0] > 1,
        "all distinct": lambda sides: len(set(sides)) == len(sides),
    }
    for i, name in enumerate(names):
        found[f"{name} is 1"] = lambda sides, i=i: sides[i] == 1 and (len(set(sides)) == len(sides))
    for (i, one), (j, other) in combinations(enumerate(names), 2):
        found[f"{one} = {other}"] = lambda sides, i=i, j=j: (
            sides[i] == sides[j] and (len(set(sides)) == len(sides) - 1)
        )
    return found


@pytest.mark.parametrize("names", NAMES, ids=len)
def test_every_family_has_a_member(names):
    found = [tuple(sizes[name] for name in names) for sizes in families(names, always)]
    for family, holds in of_family(names).items():
        assert any(map(holds, found)), family
    assert len(set(found)) == len(found)
    assert all(1 <= side <= max(LARGEST, 2 * len(names) + 8) for sides in found for side in sides)
    primes = next(sides for sides in found if sides[0] == 2)
    assert primes[::-1] in found  # what is the larger of two sides is the smaller one there


def test_a_member_that_is_not_allowed_is_left_out():
    found = families(["n", "m"], lambda sizes: sizes["n"] < sizes["m"])
    assert found == [{"n": 2, "m": 3}, {"n": 1, "m": 3}]
    assert families([], always) == [{}]


@pytest.mark.parametrize("names", NAMES[1:], ids=len)
def test_shapes_are_drawn_of_every_family(names):
    """Two sides that are equal, or distinct ones, come by themselves; ones and squares do not."""
    found = [tuple(sizes.values()) for sizes in collected(drawn(names, LARGEST, always))]
    assert any(len(set(sides)) == 1 and sides[0] > 1 for sides in found)
    for i in range(len(names)):
        assert any(sides[i] == 1 < max(sides) for sides in found)
        assert any(sides[i] == LARGEST for sides in found)
    if len(names) < 9:
        assert any(len(set(sides)) == len(sides) for sides in found)
    for i, j in combinations(range(len(names)), 2):
        assert any(sides[i] == sides[j] for sides in found)
        assert any(sides[i] != sides[j] for sides in found)
    assert all(1 <= side <= LARGEST for sides in found for side in sides)
    assert len(set(found)) > 100


def test_only_allowed_shapes_are_drawn():
    found = collected(drawn(["n", "m"], 5, lambda sizes: sizes["n"] > sizes["m"]), 30)
    assert all(5 >= sizes["n"] > sizes["m"] >= 1 for sizes in found)


@pytest.mark.parametrize(("rank", "side"), [(0, 19), (1, 19), (2, 19), (3, 19), (4, 11), (5, 6)])
def test_arrays_of_more_axes_have_shorter_ones(rank, side):
    assert largest_side(rank) == side


def test_smaller_shapes_have_one_side_less():
    assert list(smaller({"n": 3, "m": 2})) == [
        {"n": 1, "m": 2},
        {"n": 2, "m": 2},
        {"n": 3, "m": 1},
    ]
    assert list(smaller({"n": 1})) == []


def test_narrow_constraints_are_met_all_the_same():
    """Of 6 859 shapes, eight that are allowed, small ones first."""
    found = some_allowed(["a", "b", "c"], LARGEST, lambda n: n["a"] * n["b"] == n["c"])
    assert len(found) == FEW
    assert found[:2] == [{"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 2, "c": 2}]
    assert some_allowed(["a"], LARGEST, lambda n: n["a"] > 19) == []


def test_a_pair_takes_sizes_that_its_constraints_allow():
    def loss(x, y):
        return jnp.sum(x) + jnp.sum(y)

    shapes = {"x": "n", "y": "m"}
    loose = Pair(print, loss, shapes, constraints=["n >= m", "m >= 2"])
    assert {"n": 3, "m": 2} in loose.families
    assert all(sizes["n"] >= sizes["m"] >= 2 for sizes in loose.families)
    for example in [*collected(loose.examples(), 30), *islice(members(loose, 0, FLOATS), 30)]:
        assert example.sizes["n"] >= example.sizes["m"] >= 2
    narrow = Pair(print, loss, shapes, constraints=["n >= 4*m"])
    assert len(narrow.families) >= FEW
    assert all(sizes["n"] >= 4 * sizes["m"] for sizes in narrow.families)


@pytest.mark.parametrize("pair", ["shallow-tanh-sigmoid-cross_entropy", "logistic-cross_entropy"])
def test_examples_cover_every_kind_label_order_and_dtype(pair):
    found = collected(PAIRS[pair].examples())
    for name, expected in {"X": [*REAL], "parameters": [*REAL], "Y": [*LABELS]}.items():
        assert {example.kinds.get(name, expected[0]) for example in found} == set(expected)
    for field, expected in {"order": ORDERS, "dtype": FLOATS}.items():
        assert Counter(getattr(example, field) for example in found).keys() == set(expected)
    assert len({example.seed for example in found}) > 50


def test_a_pair_of_one_precision_draws_no_other():
    pair = replace(PAIRS["logistic-cross_entropy"], dtypes=("float64",))
    assert {example.dtype for example in collected(pair.examples(), 50)} == {"float64"}
    some = PAIRS["logistic-cross_entropy"].examples(dtypes=("float32",))
    assert {example.dtype for example in collected(some, 50)} == {"float32"}


def test_deep_examples_cover_every_activation_and_depth():
    deep = [network for network in NETWORKS.values() if network.kind == "deep"]
    assert {len(network.hidden) + 1 for network in deep} == {1, 2, 3, 4}
    assert {name for n in deep for name in n.hidden} == set(manual.activations.ACTIVATIONS)
    pair = PAIRS["deep-3-identity-half_squared_error"]
    slopes, of_labels = ([*pair.kinds[name].kinds] for name in ("slope", "Y"))
    assert slopes == ["0.01", "0.2", "1.5", "-0.5"]
    assert of_labels == ["real", *LABELS]
    found = collected(pair.examples())
    assert {example.kinds.get("slope", "0.01") for example in found} == set(slopes)
    assert {example.kinds.get("Y", "real") for example in found} == set(of_labels)
    example = Example(pair.families[0], kinds={"slope": "1.5"})
    assert pair.arguments(example)["slope"] == 1.5


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_a_check_always_starts_with_one_member_of_every_family(pair):
    found = list(islice(members(pair, 0, FLOATS), len(pair.families)))
    shapes = [tuple(example.sizes[name] for name in pair.size_names) for example in found]
    for name, holds in of_family(pair.size_names).items():
        assert any(map(holds, shapes)), name
    assert {example.dtype for example in found} == set(FLOATS)


@pytest.mark.parametrize("first", [0, 7])
def test_a_search_tries_every_kind_of_value_with_other_labels_orders_and_precisions(first):
    """Of all sizes too: nothing goes by the same turns as the families do."""
    pair = PAIRS["shallow-tanh-sigmoid-cross_entropy"]
    tried = list(islice(members(pair, first, FLOATS), 50))
    assert [example.seed for example in tried] == list(range(first, first + 50))
    for name, kinds in {"X": REAL, "parameters": REAL, "Y": LABELS}.items():
        assert {example.kinds.get(name, next(iter(kinds))) for example in tried} == set(kinds)
    both = {(example.order, example.dtype) for example in tried}
    assert both == set(product(ORDERS, FLOATS))
    many = list(islice(members(pair, first, FLOATS), 400))
    for name in ("order", "dtype"):
        of_sizes = {(str(e.sizes), getattr(e, name)) for e in many}
        assert len(of_sizes) == len(pair.families) * len({getattr(e, name) for e in many})
    of_labels = {(e.kinds.get("Y", "soft"), e.kinds.get("X", "unit")) for e in many}
    assert of_labels == set(product(LABELS, REAL))


def test_variations_are_rare_kinds_one_by_one_and_everywhere_and_usual_ones_between_them():
    pair = PAIRS["logistic-cross_entropy"]
    rare = {tuple((name, kind) for name, kind in v.items() if name != "Y") for v in pair.variations}
    assert {(("X", kind),) for kind in [*REAL][1:]} <= rare
    assert {(("parameters", kind),) for kind in [*REAL][1:]} <= rare
    for kind in [*REAL][1:]:
        assert any(dict(v) == {"X": kind, "parameters": kind} for v in rare)
    assert len(rare) == 1 + 3 * 6
    usual = sum(not ({"X", "parameters"} & v.keys()) for v in pair.variations)
    assert len(pair.variations) / 4 <= usual <= len(pair.variations) / 2
    of_labels = {v.get("Y", "soft") for v in pair.variations}
    assert of_labels == set(LABELS)


def made(values, shape="n, m", *, dtype="float64", kind=None, **about):
    """Return the array x that a pair with these values is given."""
    pair = Pair(print, lambda x, p: jnp.sum(p), {"x": shape, "p": "n, m"}, {"x": values}, "p")
    kinds = {} if kind is None else {"x": kind}
    return pair.arguments(Example({"n": 6, "m": 50}, 3, dtype, kinds=kinds, **about))["x"]


@pytest.mark.parametrize("kind", REAL)
def test_every_kind_of_number_is_what_it_says(kind):
    V = made(real(), kind=kind)
    assert V.dtype == np.float64
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
    np.testing.assert_array_equal(made(real(kind, scale=0.5)), V / 2)


@pytest.mark.parametrize("shape", ["", "n", "n, m, n"])
def test_a_one_hot_array_of_any_rank_has_one_1_along_its_first_axis(shape):
    V = made(real("one_hot"), shape)
    assert V.shape == {"": (), "n": (6,), "n, m, n": (6, 50, 6)}[shape]
    assert np.all(V.sum(axis=0) == 1) if V.ndim else V == 1


@pytest.mark.parametrize(
    ("kind", "dtype"), [("soft", "f8"), ("hard", "f8"), ("bool", "?"), ("uint8", "u1")]
)
def test_every_kind_of_label_is_what_it_says(kind, dtype):
    """The hand-derived side is given truth values and small integers as they are."""
    Y = made(labels(*LABELS), kind=kind)
    assert Y.dtype == dtype
    assert ((Y > 0) & (Y < 1)).all() if kind == "soft" else set(np.unique(Y)) == {0, 1}


def test_values_of_other_kinds_are_what_they_say():
    soft = made(soft_labels())
    assert ((soft > 0) & (soft < 1)).all()
    assert [*labels().kinds] == ["soft", "hard"]
    for kind, (low, high) in {"unit": (0.3, 3), "tiny": (3e-4, 3e-3), "large": (23, 175)}.items():
        V = made(positive(), kind=kind)
        assert low < V.min() < V.max() < high
        assert V.max() > 5 * V.min()
    V = made(between(-2, 3))
    assert -2 <= V.min() < -1.8 < 2.8 < V.max() <= 3
    for kind, count in {"uniform": 50, "equal": 1}.items():
        i = made(integers(below="m", low=-1), "int[n, m]", kind=kind)
        assert i.dtype.kind == "i"
        assert -1 <= i.min() <= i.max() < 50
        assert len(np.unique(i)) <= 1 if count == 1 else len(np.unique(i)) > 40
    assert set(np.unique(made(integers(below=3), "int[n, m]"))) == {0, 1, 2}
    assert made(choice(0.25, 4), kind="4").tolist() == [[4.0] * 50] * 6
    coins = made(COINS, "bool[n, m]")
    assert coins.dtype == bool
    assert 100 < coins.sum() < 200
    mine = made(lambda random, shape, sizes: np.full(shape, sizes["m"]))
    assert mine.dtype == np.float64
    assert mine.tolist() == [[50] * 50] * 6


@pytest.mark.parametrize("shape", [(), (3,), (3, 4), (3, 4, 2)])
@pytest.mark.parametrize("order", ORDERS)
def test_every_memory_order_holds_the_same_values(order, shape):
    V = RANDOM.normal(size=shape)
    W = arranged(V, order)
    np.testing.assert_array_equal(V, W)
    if len(shape) > 1:
        assert W.flags.f_contiguous == (order == "F")
        assert W.flags.c_contiguous == (order in ("C", "read_only"))
    elif shape:
        assert W.flags.contiguous == (order != "strided")
    assert W.flags.writeable == (order != "read_only")


@pytest.mark.parametrize("order", ORDERS)
def test_every_array_of_an_example_is_in_its_memory_order(order):
    pair = PAIRS["shallow-tanh-sigmoid-cross_entropy"]
    sizes = {"n_1": 3, "n_x": 4, "n_y": 2, "m": 5}
    usual = pair.arguments(Example(sizes, 1))
    arrays = pair.arguments(Example(sizes, 1, order=order))
    for name in ("W1", "W2"):
        V = arrays["parameters"][name]
        np.testing.assert_array_equal(V, usual["parameters"][name])
        assert V.flags.f_contiguous == (order == "F")
        assert V.flags.c_contiguous == (order in ("C", "read_only"))
    assert {V.flags.writeable for V in (arrays["X"], arrays["Y"])} == {order != "read_only"}


def test_both_precisions_are_given_the_same_problem():
    pair = PAIRS["shallow-relu-sigmoid-cross_entropy"]
    wide, narrow = (
        pair.arguments(
            Example({"n_1": 3, "n_x": 4, "n_y": 2, "m": 5}, 3, dtype, kinds={"X": "mixed"})
        )
        for dtype in ("float64", "float32")
    )
    for name, V in wide["parameters"].items():
        assert V.dtype == np.float64
        assert narrow["parameters"][name].dtype == np.float32
        np.testing.assert_array_equal(V, narrow["parameters"][name])
    np.testing.assert_array_equal(wide["X"], narrow["X"])
    np.testing.assert_array_equal(wide["Y"], narrow["Y"])


def test_an_example_is_made_again_from_its_text():
    """Every word of it counts: other sizes, another seed, another kind are other numbers."""
    pair = PAIRS["shallow-relu-relu-half_squared_error"]
    for example in [*collected(pair.examples(), 50), *islice(members(pair, 2, FLOATS), 50)]:
        assert pair.example(str(example)) == example
    example = pair.example("n_1=3,n_x=4,n_y=2,m=5,seed=7,dtype=float32,order=F,X=large")
    assert example == Example(
        {"n_1": 3, "n_x": 4, "n_y": 2, "m": 5}, 7, "float32", "F", {"X": "large"}
    )
    X = pair.arguments(example)["X"]
    np.testing.assert_array_equal(pair.arguments(pair.example(str(example)))["X"], X)
    for other in (
        replace(example, seed=8),
        replace(example, sizes={**example.sizes, "n_y": 3}),
        replace(example, kinds={"X": "mixed"}),
    ):
        assert not np.array_equal(pair.arguments(other)["X"], X)


def test_large_values_saturate_and_moderate_weights_do_not():
    """Saturation is tried, and kept away from the formula that divides by a and 1 − a."""
    name = "shallow-tanh-sigmoid-cross_entropy"
    pair = PAIRS[name]
    large = pair.example("n_1=5,n_x=4,n_y=1,m=30,dtype=float32,X=large,parameters=large")
    cache = NETWORKS[name].by_hand(**pair.arguments(large))
    assert (np.abs(cache["A1"]) == 1).all()
    assert ((cache["A2"] == 0) | (cache["A2"] == 1)).any()
    naive = "deep-2-sigmoid-naive_cross_entropy"
    pair = PAIRS[naive]
    for example in [*collected(pair.examples()), *islice(members(pair, 0, FLOATS), 100)]:
        cache = NETWORKS[naive].by_hand(**pair.arguments(example))
        A = cache["A2"]
        assert A.min() > 1e-6
        assert A.max() < 1 - 1e-6
