"""The slips in the notes: each is planted, and what catches it is shown."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof import manual
from backproof.compare import GradientMismatch, check, kill_rate, labels
from backproof.compare.builtin import Network
from backproof.compare.finding import KINK
from backproof.manual import logistic
from backproof.manual.activations import activation
from backproof.manual.initializers import initialize

RANDOM = np.random.default_rng(3)
START = RANDOM.bit_generator.state


@pytest.fixture(autouse=True)
def the_same_numbers_whatever_ran_before():
    RANDOM.bit_generator.state = START


def with_the_extra_y(parameters, X, Y):
    """The notes' da = −(y/a)·y + (1 − y)/(1 − a), carried through to dw and db."""
    cache = logistic.forward(parameters, X)
    A, Y, m = cache["A"], Y.astype(X.dtype), X.shape[1]
    dA = -(Y / A) * Y + (1 - Y) / (1 - A)
    dZ = dA * A * (1 - A)
    return {"dZ": dZ, "dw": X @ dZ.T / m, "db": dZ.sum(axis=1, keepdims=True) / m}


def slip(by_hand, kind="logistic", *hidden, loss="cross_entropy"):
    """Return a gradient of the parameters, with a slip in it, for a network."""
    pair = Network("slip", kind, hidden, loss=loss).pair(by_hand)
    return replace(pair, wrt="parameters")


def test_the_extra_y_in_da_is_caught_by_soft_labels():
    with pytest.raises(GradientMismatch) as raised:
        check(slip(with_the_extra_y, loss="naive_cross_entropy"))
    report = raised.value.report
    judgement, example = report.failure
    assert judgement.first_wrong.quantity == "dZ"
    assert example.kinds.get("Y", "soft") == "soft"
    assert report.story.when == "soft labels (Y)"
    (cause,) = report.story.causes
    assert (cause.quantity, cause.mistake.name) == ("dZ", "label squared")


def test_the_extra_y_in_da_is_not_caught_by_0_and_1_labels():
    """y·y = y there: the very same numbers, on every shape that is tried."""
    pair = slip(with_the_extra_y, loss="naive_cross_entropy")
    hard = replace(pair, values={**pair.values, "Y": labels("hard")})
    assert check(hard, examples=30).agrees


def test_that_0_and_1_labels_let_the_extra_y_through_can_be_known_beforehand():
    """A right gradient is asked what its own labels would not show."""

    def right(parameters, X, Y):
        return logistic.gradients(parameters, X, Y, "naive_cross_entropy")[2]

    pair = slip(right, loss="naive_cross_entropy")
    hard = replace(pair, values={**pair.values, "Y": labels("hard")})
    for some, through in ((pair, False), (hard, True)):
        missed = {(name, line) for name, line, _ in kill_rate(some, examples=30).let_through}
        assert (("label squared", "dZ") in missed) is through


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_the_extra_y_is_provably_invisible_with_0_and_1_labels(seed):
    """Bit for bit; and with soft labels dz is off by y(1 − y)(1 − a), no more and no less."""
    random = np.random.default_rng(seed)
    X, hard, soft = random.normal(size=(2, 9)), random.integers(0, 2, (1, 9)), random.random((1, 9))
    unit = {"w": random.normal(size=(2, 1)), "b": random.normal(size=(1, 1))}
    for Y, off in ((hard, 0), (soft, soft * (1 - soft))):
        _, cache, right = logistic.gradients(unit, X, Y, "naive_cross_entropy")
        slip = with_the_extra_y(unit, X, Y)["dZ"] - right["dZ"]
        np.testing.assert_allclose(slip, off * (1 - cache["A"]), rtol=1e-9, atol=1e-15)
    hard = hard.astype(float)
    np.testing.assert_array_equal(-(hard / cache["A"]) * hard, -hard / cache["A"])


def test_z_without_x_has_the_wrong_shape():
    """z = wᵀ + b: the notes lost the x."""
    w, b, X = np.ones((3, 1)), np.zeros((1, 1)), np.ones((3, 5))
    assert (w.T + b).shape == (1, 3) != logistic.forward({"w": w, "b": b}, X)["Z"].shape == (1, 5)


def test_sigmoid_prime_is_not_sigmoid():
    """The notes write g(z) = g(z)(1 − g(z)); that would make every g 0."""
    g, g_prime = activation("sigmoid")
    Z = np.linspace(-4, 4, 9)[None, :]
    A = g(Z)
    assert (np.abs(A - A * (1 - A)) > 1e-4).all()
    np.testing.assert_allclose(g_prime(Z, A), (g(Z + 1e-6) - g(Z - 1e-6)) / 2e-6, atol=1e-9)


def test_w_and_b_do_not_carry_the_number_of_the_example():
    """(x, z, a) take (i), not (w, z, a): one w for all examples, one gradient that sums them."""
    parameters = {"w": np.ones((3, 1)), "b": np.zeros((1, 1))}
    X, Y = RANDOM.normal(size=(3, 4)), RANDOM.integers(0, 2, (1, 4))
    _, _, gradients = logistic.gradients(parameters, X, Y)
    alone = [logistic.gradients(parameters, X[:, [j]], Y[:, [j]])[2]["dw"] for j in range(4)]
    np.testing.assert_allclose(gradients["dw"], sum(alone) / 4)


def test_zero_initialisation_makes_units_equal_not_layers():
    """A layer's units share one gradient; the layers do not."""
    parameters = initialize("constant", (3, 4, 2, 1), scale=0.3)
    X, Y = RANDOM.normal(size=(3, 6)), RANDOM.integers(0, 2, (1, 6))
    _, _, d = manual.deep.gradients(parameters, X, Y, ("tanh", "tanh", "sigmoid"))
    assert np.abs(d["dW1"] - d["dW1"][[0]]).max() < 1e-16
    assert abs(d["db1"][0] - d["db2"][0]) > 1e-6


def test_rand_is_neither_small_nor_symmetric():
    """np.random.rand is uniform on [0, 1): all positive, mean 1/2."""
    rand = RANDOM.random((50, 50))
    normal = initialize("normal", (50, 50))["W1"]
    assert rand.min() >= 0
    assert rand.mean() > 0.4
    assert abs(normal.mean()) < 1e-3
    assert np.abs(normal).max() < 0.1


def test_one_entry_that_is_not_zero_breaks_no_symmetry():
    """'Not all 0' is not enough: constant 0.5 is as symmetric as 0."""
    X, Y = RANDOM.normal(size=(3, 6)), RANDOM.integers(0, 2, (1, 6))
    _, _, constant = manual.shallow.gradients(initialize("constant", (3, 4, 1)), X, Y)
    assert constant["dW1"].any()
    assert np.abs(constant["dW1"] - constant["dW1"][[0]]).max() == 0


def test_the_loop_of_backprop_runs_over_layers_not_examples():
    """1 … L: three layers and seven examples give three dW."""
    X, Y = RANDOM.normal(size=(2, 7)), RANDOM.integers(0, 2, (1, 7))
    parameters = initialize("he", (2, 3, 3, 1))
    _, _, d = manual.deep.gradients(parameters, X, Y, ("relu", "relu", "sigmoid"))
    assert [name for name in d if name.startswith("dW")] == ["dW3", "dW2", "dW1"]


def test_W_of_a_later_layer_does_not_have_n_x_columns():
    """W[p] is (n_p, n_{p−1}); the notes' (n_p, n_x) is true for p = 1 alone."""
    shapes = [initialize("he", (3, 5, 4, 1))[f"W{p}"].shape for p in (1, 2, 3)]
    assert shapes == [(5, 3), (4, 5), (1, 4)]
    wrong = initialize("he", (3, 5, 4, 1)) | {"W2": np.zeros((4, 3))}
    with pytest.raises(ValueError, match=r"W2 has shape \(4, 3\): expected \(n_2, n_1=5\)"):
        manual.deep.forward(wrong, np.ones((3, 2)), ("tanh", "tanh", "sigmoid"))


def test_dz_x_without_one_over_m_is_right_for_one_example_only():
    """The notes' dw = dz x, for m examples at once."""

    def no_mean(parameters, X, Y):
        gradients = logistic.gradients(parameters, X, Y)[2]
        return gradients | {"dw": X @ gradients["dZ"].T}

    with pytest.raises(GradientMismatch) as raised:
        check(slip(no_mean))
    report = raised.value.report
    judgement, example = report.failure
    assert [f.quantity for f in judgement.findings if not f.passes] == ["dw"]
    assert example.sizes["m"] > 1
    assert report.story.when == "m > 1"
    (cause,) = report.story.causes
    assert str(cause) == "dw is m times too large: the division by m is missing"


def test_leaky_relu_as_a_maximum_is_wrong_for_slopes_above_one():
    """max(slope·z, z) picks the other branch there, on both sides of 0."""
    Z = np.array([[-2.0, 3.0]])
    for slope in (0.01, 1.0):
        np.testing.assert_array_equal(
            np.maximum(slope * Z, Z), activation("leaky_relu", slope).g(Z)
        )
    np.testing.assert_array_equal(activation("leaky_relu", 2.0).g(Z), [[-4, 3]])
    np.testing.assert_array_equal(np.maximum(2 * Z, Z), [[-2, 6]])


@pytest.mark.parametrize("start", ["zeros", "one_hot", "integers"])
def test_z_is_exactly_zero_more_often_than_the_notes_think(start):
    """Zero initialisation, one-hot data and whole numbers all land on relu'(0)."""
    X = {
        "zeros": RANDOM.normal(size=(3, 40)),
        "one_hot": np.eye(3)[:, RANDOM.integers(3, size=40)],
        "integers": RANDOM.integers(-2, 3, (3, 40)).astype(float),
    }[start]
    W1 = np.zeros((4, 3)) if start == "zeros" else RANDOM.integers(-2, 3, (4, 3)).astype(float)
    parameters = {"W1": W1, "b1": np.zeros((4, 1)), "W2": np.ones((1, 4)), "b2": np.zeros((1, 1))}
    assert (manual.shallow.forward(parameters, X, "relu")["Z1"] == 0).mean() > 0.1


def test_the_other_choice_at_zero_is_told():
    """relu'(0) = 0 is a subgradient too, but not the notes': the check names both choices."""

    def other(parameters, X, Y):
        _, cache, d = manual.shallow.gradients(parameters, X, Y, "relu")
        dZ1 = d["dA1"] * (cache["Z1"] > 0)
        m = X.shape[1]
        dW1, db1 = dZ1 @ X.T / m, dZ1.sum(axis=1, keepdims=True) / m
        return cache | d | {"dZ1": dZ1, "dW1": dW1, "db1": db1}

    def right(parameters, X, Y):
        _, cache, d = manual.shallow.gradients(parameters, X, Y, "relu")
        return cache | d

    report = check(slip(other, "shallow", "relu"), examples=60)
    finding, example = report.noted[KINK]
    assert finding.quantity == "dZ1"
    assert finding.hand == 0 != finding.autodiff
    assert "one-sided derivatives" in str(report)
    assert f"0 by hand, {'the lower' if finding.autodiff > 0 else 'the upper'}" in finding.note
    assert example in " ".join(str(report).split())
    assert check(slip(right, "shallow", "relu"), examples=60).verdicts[KINK] == 0
