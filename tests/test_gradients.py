"""The hand-derived gradients against JAX: a gradient-check suite to take as a model."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof import autodiff, manual
from backproof.arguments import LOSSES
from backproof.compare import PAIRS, GradientMismatch, Pair, check, judge
from backproof.compare.values import Example, Problem

SHAPES = 9


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_the_hand_derived_gradient_agrees_with_autodiff(pair):
    """On every family of shapes, with every kind of value, in both precisions."""
    report = check(pair, examples=SHAPES)
    assert report.quantities >= 60 * SHAPES / 2


@given(PAIRS["shallow-tanh-sigmoid-cross_entropy"].examples())
@settings(max_examples=10, deadline=None)
def test_one_example_at_a_time(example):
    """The same inside a Hypothesis test of one's own, which shrinks what it finds."""
    pair = PAIRS["shallow-tanh-sigmoid-cross_entropy"]
    assert [str(finding) for finding in judge(pair, example) if not finding.agrees] == []


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_everything_that_jax_derives_is_derived_by_hand(pair):
    """Cost, every forward value, every dZ and dA, every dW and db, dX: the same keys."""
    example = pair.members(seed=1)[-1]
    arrays = pair.problem(example)
    by_hand = pair.derive_by_hand(example, *arrays)
    assert set(by_hand) == set(pair.derive_by_xla(example, *arrays))
    assert set(by_hand) == set(pair.derive_by_replay(example, *arrays))
    assert {finding.quantity for finding in judge(pair, example)} == set(by_hand)


@pytest.mark.parametrize("name", manual.activations.ACTIVATIONS)
@given(slope=st.sampled_from([0.01, 0.2, 1.5, -0.5, 0.0]), dtype=st.sampled_from(["f4", "f8"]))
@settings(max_examples=10, deadline=None)
def test_every_derivative_of_an_activation_agrees_with_jax(name, slope, dtype):
    """From far left to far right, and at 0, in the notes' convention."""
    Z = np.concatenate([[0.0], np.linspace(-30, 30, 121), np.geomspace(1e-30, 1e2, 40)])[None, :]
    Z = np.concatenate([Z, -Z]).astype(dtype)
    g, g_prime = manual.activations.activation(name, slope)
    with jax.enable_x64(True):
        j = autodiff.activations.activation(name, slope)
        A, dA = jax.jvp(j, (jnp.asarray(Z),), (jnp.ones_like(Z),))
    assert g(Z).dtype == g_prime(Z, g(Z)).dtype == Z.dtype
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(g(Z), A, rtol=64 * eps, atol=4 * eps)
    np.testing.assert_allclose(g_prime(Z, g(Z)), dA, rtol=4 * eps, atol=8 * eps)


def loss_derivatives_agree(loss):
    """Hold dA and the fused dZ of a loss against JAX, where neither is rounded away."""
    random = np.random.default_rng(0)
    Z, Y = random.uniform(-5, 5, (3, 7)), random.uniform(0, 1, (3, 7))
    Y[0] = Y[0] > 0.5
    A = Z if loss == "half_squared_error" else manual.activations.sigmoid(Z)
    of = "half_squared_error" if loss == "half_squared_error" else "naive_cross_entropy"
    with jax.enable_x64(True):
        g = autodiff.activations.ACTIVATIONS["sigmoid" if of[0] == "n" else "identity"]
        J = getattr(autodiff.losses, of)
        m = Y.shape[1]
        dA = m * jax.grad(J)(jnp.asarray(A), Y)
        dZ = m * jax.grad(lambda Z: J(g(Z), Y))(jnp.asarray(Z))
    by_hand = getattr(manual.losses, f"{loss}_dA")(Z if loss == "cross_entropy" else A, Y)
    np.testing.assert_allclose(by_hand, dA, rtol=1e-11)
    np.testing.assert_allclose(getattr(manual.losses, f"{loss}_dZ")(A, Y), dZ, atol=1e-13)
    if loss == "cross_entropy":  # where e^|z| overflows, a label's weight of 0 still drops it
        far = manual.losses.cross_entropy_dA(np.array([[800.0, -800.0]]), np.array([[1, 0]]))
        np.testing.assert_array_equal(far, [[-1, 1]])


@pytest.mark.parametrize("loss", LOSSES)
def test_every_derivative_of_a_loss_agrees_with_jax(loss):
    loss_derivatives_agree(loss)


def test_a_gradient_of_ones_own_is_checked_and_a_wrong_one_is_named():
    """The first wrong line is named; what merely follows from it is not."""

    def by_hand(parameters, X, Y):
        J, cache, gradients = manual.shallow.gradients(parameters, X, Y)
        dZ1 = parameters["W2"].T @ gradients["dZ2"]  # the activation derivative is missing
        gradients["dZ1"] = dZ1
        gradients["dW1"] = dZ1 @ X.T / X.shape[1]
        gradients["db1"] = dZ1.mean(axis=1, keepdims=True)
        return {"J": J, **cache, **gradients}

    pair = Pair("mine", hidden=("tanh",), by_hand=by_hand)
    with pytest.raises(GradientMismatch, match="disagrees with autodiff") as raised:
        check(pair)
    assert [finding.quantity for finding in raised.value.report.failures] == ["dZ1"]
    again = str(raised.value).split("again: ")[1]
    repeated = eval(again, {"judge": judge, "pair": pair, "Example": Example})
    assert [f for f in repeated if not f.agrees] == raised.value.report.failures


def test_intermediates_are_optional():
    """With the gradients of the parameters alone, these are compared."""

    def by_hand(parameters, X, Y):
        return manual.shallow.gradients(parameters, X, Y)[2]

    def only(parameters, X, Y):
        return {name: by_hand(parameters, X, Y)[name] for name in ("dW1", "db1", "dW2", "db2")}

    def wrong(parameters, X, Y):
        return only(parameters, X, Y) | {"dW1": only(parameters, X, Y)["dW1"] * (1 + 1e-4)}

    assert check(Pair("mine", hidden=("tanh",), by_hand=only)).agrees
    with pytest.raises(GradientMismatch):
        check(Pair("mine", hidden=("tanh",), by_hand=wrong))


def test_relu_prime_at_zero_is_checked_without_intermediates_too():
    """The notes' choice is 1; a gradient that chooses 0 and returns dW and db alone is caught."""

    def other(parameters, X, Y):
        _, cache, d = manual.shallow.gradients(parameters, X, Y, "relu")
        dZ1, m = d["dA1"] * (cache["Z1"] > 0), X.shape[1]
        db1 = dZ1.sum(axis=1, keepdims=True) / m
        return {"dW1": dZ1 @ X.T / m, "db1": db1, "dW2": d["dW2"], "db2": d["db2"]}

    with pytest.raises(GradientMismatch):
        check(Pair("mine", hidden=("relu",), by_hand=other))


def test_where_jax_rounds_the_exponent_of_a_tiny_dZ_nobody_is_blamed():
    """At z = −32, y = 1, a − y is exact to the last digit, JAX's exp(−z − softplus(−z)) is not."""
    pair = PAIRS["logistic-cross_entropy"]
    example = Example((1, 1, 1), (), 0.01, "float64", seed=0)
    for z in np.linspace(-40, 40, 201):
        for y in (0.0, 1.0):
            unit = {"w": np.ones((1, 1)), "b": np.zeros((1, 1))}
            arrays = Problem(unit, np.full((1, 1), z), np.full((1, 1), y))
            findings = judge(pair, example, arrays)
            assert all(finding.agrees for finding in findings), (z, y)


def test_a_quantity_without_an_allowance_does_not_agree():
    """Where a bound cannot be computed, a wrong value does not slip through as NaN <= NaN."""
    pair = Pair(
        "mine",
        "logistic",
        loss="naive_cross_entropy",
        by_hand=lambda p, X, Y: {
            "J": 7 * manual.logistic.gradients(p, X, Y)[0],
            **manual.logistic.gradients(p, X, Y, "naive_cross_entropy")[2],
        },
    )
    example = Example((1, 1, 1), (), 0.01, "float32", seed=0)
    unit = {"w": np.ones((1, 1), "f4"), "b": np.zeros((1, 1), "f4")}
    arrays = Problem(unit, np.full((1, 1), -10, "f4"), np.ones((1, 1), "f4"))
    assert "J" in [finding.quantity for finding in judge(pair, example, arrays) if finding.reason]


@pytest.mark.parametrize("hidden", [("tanh",) * 5, ("relu", "sigmoid") * 3])
def test_any_depth_can_be_checked(hidden):
    def by_hand(parameters, X, Y):
        _, cache, d = manual.deep.gradients(parameters, X, Y, (*hidden, "sigmoid"))
        return cache | d

    assert check(Pair("mine", hidden=hidden, by_hand=by_hand)).agrees


PAIRS_THAT_FIT_NOTHING = {
    "unknown network": ({"network": "conv"}, "network: 'conv' is unknown; choose one of logistic"),
    "unknown loss": ({"loss": "hinge"}, "loss: 'hinge' is unknown; choose one of cross_entropy"),
    "unknown output": (
        {"output": "gelu", "loss": "half_squared_error"},
        "output: 'gelu' is unknown",
    ),
    "unknown hidden": ({"hidden": ("gelu",)}, "activations, layer 1: 'gelu' is unknown"),
    "a loss that does not fit": ({"output": "tanh"}, "loss='cross_entropy' needs probabilities"),
    "hidden as a string": (
        {"hidden": "tanh"},
        "hidden='tanh' does not fit 'deep': expected a tuple",
    ),
    "hidden in a unit": (
        {"network": "logistic", "hidden": ("tanh",)},
        "expected a tuple with 0 names",
    ),
    "two in shallow": (
        {"network": "shallow", "hidden": ("tanh",) * 2},
        "expected a tuple with 1 names",
    ),
    "none in shallow": ({"network": "shallow"}, "does not fit 'shallow': expected a tuple with 1"),
    "hidden None": ({"hidden": None}, "hidden=None does not fit 'deep': expected a tuple"),
    "no slope": ({"slopes": ()}, "slopes=(): pass a tuple of numbers"),
    "a NaN slope": ({"slopes": (float("nan"),)}, "slopes=nan is not a finite real number"),
    "slopes as a number": ({"slopes": 0.01}, "slopes=0.01: pass a tuple of numbers"),
    "a loss that is not the unit's": (
        {"network": "logistic", "output": "identity", "loss": "half_squared_error"},
        "loss: 'half_squared_error' is unknown; choose one of cross_entropy, naive_cross_entropy",
    ),
    "by_hand of no function": ({"by_hand": 3}, "by_hand=3 is a int: pass a function"),
    "network None": ({"network": None}, "network: None is unknown"),
}


@pytest.mark.parametrize(
    ("fields", "text"), PAIRS_THAT_FIT_NOTHING.values(), ids=PAIRS_THAT_FIT_NOTHING
)
def test_a_pair_that_fits_nothing_is_refused_when_it_is_made(fields, text):
    with pytest.raises((ValueError, TypeError), match=re.escape(text)):
        Pair("mine", **fields)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"examples": 0}, "examples=0 is less than 1"),
        ({"seed": -1}, "seed=-1 is less than 0"),
        ({"dtype": "float16"}, "dtype: 'float16' is unknown"),
    ],
)
def test_a_search_refuses(options, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        check(PAIRS["logistic-cross_entropy"], **options)


def test_an_error_of_ones_own_says_on_which_example_it_happened():
    with pytest.raises(ZeroDivisionError) as raised:
        check(Pair("mine", by_hand=lambda *_: 1 / 0))
    (note,) = raised.value.__notes__
    assert note.startswith("while mine was checked at n_x=1 n_y=1 m=1 float32")


def test_numbers_that_are_no_arrays_are_read_as_one_would():
    """A cost may be a Python float; what is no array at all is a finding, by name."""

    def by_hand(parameters, X, Y):
        J, _, gradients = manual.deep.gradients(parameters, X, Y, ("sigmoid",))
        return gradients | {"J": float(J)}

    assert check(Pair("mine", by_hand=by_hand), dtype="float32").agrees
    ragged = Pair("mine", by_hand=lambda p, X, Y: by_hand(p, X, Y) | {"dW1": [[1], [1, 2]]})
    with pytest.raises(GradientMismatch, match="dW1: no array of numbers"):
        check(ragged)


def test_what_is_no_pair_is_refused():
    with pytest.raises(TypeError, match="pair='shallow' is a str: pass a Pair"):
        check("shallow")


@pytest.mark.parametrize("error", [1e-9, -1e-9])
def test_one_part_in_a_billion_is_caught(error):
    """There is no tolerance for a wrong digit to hide in."""

    def by_hand(parameters, X, Y):
        _, _, gradients = manual.shallow.gradients(parameters, X, Y)
        return gradients | {"dW1": gradients["dW1"] * (1 + error)}

    with pytest.raises(GradientMismatch):
        check(Pair("mine", hidden=("tanh",), by_hand=by_hand), dtype="float64")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d | {"db1": d["db1"][:, 0]}, "db1: shape (1,), expected (1, 1)"),
        (lambda d: d | {"dW1": d["dW1"].astype("f2")}, "dW1: dtype float16, expected float32"),
        (lambda d: d | {"dW2": d["dW2"] * np.nan}, "dW2 at [0, 0]: nan by hand"),
    ],
)
def test_shape_then_dtype_then_finiteness_are_told_apart(change, reason):
    """Nothing is broadcast, nothing is cast, NaN never compares as equal."""

    def by_hand(parameters, X, Y):
        return change(manual.shallow.gradients(parameters, X, Y)[2])

    with pytest.raises(GradientMismatch) as raised:
        check(Pair("mine", hidden=("tanh",), by_hand=by_hand), dtype="float32")
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("by_hand", "error", "message"),
    [
        (
            lambda *_: None,
            TypeError,
            "by_hand's result is a NoneType: pass a dict with keys dW1, db1",
        ),
        (lambda *_: {}, ValueError, "lacks dW1, db1: expected the keys dW1, db1, and any of A1, J"),
        (lambda *_: {"dW1": 0, "db1": 0, "dQ": 0}, ValueError, "has unknown dQ: expected"),
    ],
)
def test_what_is_no_gradient_at_all_is_refused(by_hand, error, message):
    with pytest.raises(error, match=message):
        check(Pair("mine", by_hand=by_hand))


def test_a_hand_derived_side_that_writes_into_its_arguments_is_reported():
    def by_hand(parameters, X, Y):
        gradients = manual.deep.gradients(parameters, X, Y, ("sigmoid",))[2]
        if X.flags.writeable:
            X += 1
        return gradients

    with pytest.raises(GradientMismatch, match="X: the hand-derived side wrote into its argument"):
        check(Pair("mine", by_hand=by_hand))
