"""The hand-derived gradients against JAX: a gradient-check suite to take as a model."""

import re
from dataclasses import replace
from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof import autodiff, manual
from backproof.arguments import LOSSES
from backproof.compare import PAIRS, Example, GradientMismatch, Pair, check, judge
from backproof.compare.builtin import NETWORKS, Network
from backproof.compare.finding import (
    AGREES,
    DTYPE,
    IMPRECISE,
    INHERITS,
    KINK,
    NOT_FINITE,
    OVERWRITES,
    SHAPE,
    WRONG,
)
from backproof.compare.search import members, search
from backproof.compare.trial import quantities

LEAST = 28  # problems: enough for every kind of value


def mine(hand, *hidden, output="sigmoid", loss="cross_entropy"):
    """Return a gradient of one's own for a network: of its parameters, and maybe of more."""
    pair = Network("mine", "deep", hidden, output, loss).pair(hand)
    return replace(pair, wrt="parameters")


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_the_hand_derived_gradient_agrees_with_autodiff(pair):
    """On every family of shapes, with every kind of value, in both precisions.

    It agrees or is imprecise, in a few of many; where JAX has a choice, it is the same.
    """
    problems = max(LEAST, 2 * len(pair.families))
    tried = list(islice(members(pair, 0, pair.dtypes), problems))
    for name, values in pair.kinds.items():
        first = next(iter(values.kinds))
        assert {example.kinds.get(name, first) for example in tried} == set(values.kinds)
    report = check(pair, examples=problems)
    assert report.quantities >= 7 * problems
    assert {tuple(sizes.values()) for sizes in pair.families} <= report.shapes
    assert report.verdicts.keys() <= {AGREES, IMPRECISE}
    assert report.verdicts[IMPRECISE] <= report.quantities / 10
    assert report.vacuous == []


@given(PAIRS["shallow-tanh-sigmoid-cross_entropy"].examples())
@settings(max_examples=10, deadline=None)
def test_one_example_at_a_time(example):
    """The same inside a Hypothesis test of one's own, which shrinks what it finds."""
    pair = PAIRS["shallow-tanh-sigmoid-cross_entropy"]
    judgement = judge(pair, **pair.arguments(example))
    assert [str(finding) for finding in judgement.findings if not finding.passes] == []


@pytest.mark.parametrize("name", PAIRS)
def test_everything_that_jax_derives_is_derived_by_hand(name):
    """Cost, every forward value, every dZ and dA, every dW and db, dX: the same keys.

    All but the derivative of an output that the cost is not computed from: that is 0 for JAX.
    """
    pair = PAIRS[name]
    arguments = pair.arguments(Example(pair.families[-1], seed=1))
    by_hand = NETWORKS[name].by_hand(**arguments)
    asked = quantities(pair, pair.families[-1])
    output = {f"d{asked.marks[-1]}"} if name.endswith("-cross_entropy") else set()
    assert asked.idle == output
    assert by_hand.keys() == set(asked.names)
    J, values, gradients = pair.reference.program(**arguments)
    derived = {"J": J, **values, **gradients}
    assert derived.keys() - asked.idle == by_hand.keys()
    assert all(not np.any(derived[name]) for name in asked.idle)
    with jax.enable_x64(True):
        J, values, gradients = jax.eval_shape(pair.reference.program.function, **arguments)
    assert {"J", *values, *gradients} == derived.keys()
    found = [finding.quantity for finding in judge(pair, **arguments).findings]
    assert found == asked.names


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
    """The first wrong line is named, and why; what merely follows from it is told apart."""

    def by_hand(parameters, X, Y):
        J, cache, gradients = manual.shallow.gradients(parameters, X, Y)
        dZ1 = parameters["W2"].T @ gradients["dZ2"]  # the activation derivative is missing
        gradients["dZ1"] = dZ1
        gradients["dW1"] = dZ1 @ X.T / X.shape[1]
        gradients["db1"] = dZ1.mean(axis=1, keepdims=True)
        return {"J": J, **cache, **gradients}

    pair = mine(by_hand, "tanh")
    with pytest.raises(
        GradientMismatch, match=r"mine: dZ1 is wrong; d.1 and d.1 inherit it"
    ) as told:
        check(pair)
    report = told.value.report
    assert str(told.value) == str(report)
    by_verdict = {}
    for finding in report.story.judgement.findings:
        by_verdict.setdefault(finding.verdict, set()).add(finding.quantity)
    assert by_verdict == {
        AGREES: {"Z1", "A1", "Z2", "A2", "J", "dZ2", "dW2", "db2", "dA1"},
        WRONG: {"dZ1"},
        INHERITS: {"dW1", "db1"},
    }
    assert "the activation's derivative is missing: dZ1 is dA1 as it is" in str(told.value)
    again = eval(report.again, {"judge": judge, "mine": pair})
    assert list(again.findings) == list(report.story.judgement.findings)


def test_intermediates_are_optional():
    """With the gradients of the parameters alone, these are compared."""

    def by_hand(parameters, X, Y):
        return manual.shallow.gradients(parameters, X, Y)[2]

    def only(parameters, X, Y):
        return {name: by_hand(parameters, X, Y)[name] for name in ("dW1", "db1", "dW2", "db2")}

    def wrong(parameters, X, Y):
        return only(parameters, X, Y) | {"dW1": only(parameters, X, Y)["dW1"] * (1 + 1e-4)}

    assert check(mine(only, "tanh"), examples=60).agrees
    judgement, _ = search(mine(wrong, "tanh")).failure
    verdicts = {finding.quantity: finding.verdict for finding in judgement.findings}
    assert verdicts == {"dW2": AGREES, "db2": AGREES, "dW1": WRONG, "db1": AGREES}


def with_relu_prime_at_zero(choice, *, all_lines):
    """Return the shallow network's gradient with another derivative of ReLU at 0."""

    def by_hand(parameters, X, Y):
        _, cache, d = manual.shallow.gradients(parameters, X, Y, "relu")
        slope = np.where(cache["Z1"] == 0, choice, cache["Z1"] > 0).astype(X.dtype)
        dZ1, m = d["dA1"] * slope, X.shape[1]
        of_layer = {"dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m}
        if all_lines:
            return cache | d | {"dZ1": dZ1} | of_layer
        return {"dW2": d["dW2"], "db2": d["db2"]} | of_layer

    return mine(by_hand, "relu")


@pytest.mark.parametrize("all_lines", [True, False])
@pytest.mark.parametrize("choice", [0, 0.5])
def test_another_choice_of_relu_prime_at_zero_is_told_as_a_kink(choice, all_lines):
    """The notes' choice is 1; whoever chooses another is not wrong, and is told that there are two.

    Without intermediates it shows in dW1 and db1, where several ties may add up.
    """
    report = check(with_relu_prime_at_zero(choice, all_lines=all_lines), examples=60)
    assert report.verdicts[KINK] >= 2
    finding, _ = report.noted[KINK]
    assert finding.quantity == "dZ1" if all_lines else finding.quantity in ("db1", "dW1")
    assert "one-sided derivatives" in finding.note
    assert "by autodiff" in finding.note
    if all_lines:  # of 0 and dA1, JAX takes dA1 as the notes do
        theirs = ("the upper", "the lower")[finding.autodiff < 0]
        ours = {0: ("the lower", "the upper")[finding.autodiff < 0], 0.5: "half-way"}[choice]
        assert re.search(
            f"0 by hand, {ours}|by hand, half-way; .* by autodiff, {theirs}$", finding.note
        )


@pytest.mark.parametrize("all_lines", [True, False])
@pytest.mark.parametrize("choice", [2, -1])
def test_what_is_no_derivative_of_relu_at_zero_is_wrong(choice, all_lines):
    report = search(with_relu_prime_at_zero(choice, all_lines=all_lines))
    first = report.failure[0].first_wrong
    assert first.verdict == WRONG
    assert first.quantity == "dZ1" if all_lines else first.quantity in ("db1", "dW1")


def test_where_jax_rounds_the_exponent_of_a_tiny_dZ_nobody_is_blamed():
    """At z = −32, y = 1, a − y is exact to the last digit, JAX's exp(−z − softplus(−z)) is not."""
    pair = PAIRS["logistic-cross_entropy"]
    unit = {"w": np.ones((1, 1)), "b": np.zeros((1, 1))}
    for z in np.linspace(-40, 40, 201):
        for y in (0.0, 1.0):
            found = judge(pair, parameters=unit, X=np.full((1, 1), z), Y=np.full((1, 1), y))
            assert found.agrees, (z, y, str(found))


@pytest.mark.parametrize("z", [-10, -20, -60])
def test_a_wrong_cost_is_wrong_however_far_the_formula_is_saturated(z):
    def by_hand(parameters, X, Y):
        J, _, gradients = manual.logistic.gradients(parameters, X, Y, "naive_cross_entropy")
        return gradients | {"J": 7 * J}

    pair = Network("mine", "logistic", loss="naive_cross_entropy").pair(by_hand)
    pair = replace(pair, wrt="parameters")
    unit = {"w": np.ones((1, 1), "f4"), "b": np.zeros((1, 1), "f4")}
    found = judge(pair, parameters=unit, X=np.full((1, 1), z, "f4"), Y=np.ones((1, 1), "f4"))
    assert found.of("J").verdict == WRONG


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(("factor", "verdict"), [(1, IMPRECISE), (7, WRONG)])
def test_a_quantity_without_a_bound_does_not_agree(factor, verdict, dtype):
    """Where a bound cannot be computed, a wrong value does not slip through as NaN <= NaN.

    Here eˣ − y may be 0 for all that rounding lets one know.
    """

    def by_hand(x, y):
        b = np.exp(x) - y
        return {"J": factor / b, "dx": -np.exp(x) / b**2}

    pair = Pair(by_hand, lambda x, y: 1 / (jnp.exp(x) - y), {"x": "", "y": ""}, wrt="x")
    x = np.array(0.3, dtype)
    y = np.nextafter(np.exp(x), np.array(2, dtype))
    assert pair.reference.program.bounded(x=x, y=y)[0].error == np.inf
    assert judge(pair, x=x, y=y).of("J").verdict == verdict


@pytest.mark.parametrize("hidden", [("tanh",) * 5, ("relu", "sigmoid") * 3])
def test_any_depth_can_be_checked(hidden):
    def by_hand(parameters, X, Y):
        _, cache, d = manual.deep.gradients(parameters, X, Y, (*hidden, "sigmoid"))
        return cache | d

    assert check(mine(by_hand, *hidden), examples=60).agrees


NETWORKS_THAT_FIT_NOTHING = {
    "unknown network": ({"kind": "conv"}, "network: 'conv' is unknown; choose one of logistic"),
    "unknown loss": ({"loss": "hinge"}, "loss: 'hinge' is unknown; choose one of cross_entropy"),
    "unknown output": (
        {"output": "gelu", "loss": "half_squared_error"},
        "layer 1: 'gelu' is unknown",
    ),
    "unknown hidden": ({"hidden": ("gelu",)}, "activations, layer 1: 'gelu' is unknown"),
    "a loss that does not fit": ({"output": "tanh"}, "loss='cross_entropy' needs probabilities"),
    "hidden as a string": (
        {"hidden": "tanh"},
        "hidden='tanh' does not fit 'deep': expected a tuple",
    ),
    "hidden in a unit": (
        {"kind": "logistic", "hidden": ("tanh",)},
        "expected a tuple with 0 names",
    ),
    "two in shallow": (
        {"kind": "shallow", "hidden": ("tanh",) * 2},
        "expected a tuple with 1 names",
    ),
    "none in shallow": ({"kind": "shallow"}, "does not fit 'shallow': expected a tuple with 1"),
    "hidden None": ({"hidden": None}, "hidden=None does not fit 'deep': expected a tuple"),
    "a loss that is not the unit's": (
        {"kind": "logistic", "output": "identity", "loss": "half_squared_error"},
        "loss: 'half_squared_error' is unknown; choose one of cross_entropy, naive_cross_entropy",
    ),
    "network None": ({"kind": None}, "network: None is unknown"),
}


@pytest.mark.parametrize(
    ("fields", "text"), NETWORKS_THAT_FIT_NOTHING.values(), ids=NETWORKS_THAT_FIT_NOTHING
)
def test_a_network_that_fits_nothing_is_refused_when_it_is_made(fields, text):
    with pytest.raises((ValueError, TypeError), match=re.escape(text)):
        Network(**{"name": "mine", "kind": "deep"} | fields)


def test_a_pair_of_a_network_refuses_a_hand_that_is_none():
    with pytest.raises(TypeError, match=re.escape("hand=3 is a int: pass a function")):
        Network("mine", "deep", ("leaky_relu",)).pair(hand=3)


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
        check(mine(lambda *_: 1 / 0))
    (note,) = raised.value.__notes__
    assert note.startswith("while mine was checked at n_y=1,n_x=1,m=1,seed=0,dtype=float32")


def test_an_error_on_some_examples_only_is_a_finding():
    """A hand-derived side that runs on squares only: told, not raised."""

    def by_hand(parameters, X, Y):
        _, _, d = manual.deep.gradients(parameters, X, Y, ("sigmoid",))
        return d | {"dW1": d["dW1"] @ np.eye(X.shape[1], dtype=X.dtype)}

    judgement, example = search(mine(by_hand)).failure
    (finding,) = judgement.findings
    assert (finding.quantity, finding.verdict) == ("mine", "raises")
    assert finding.note.startswith("ValueError: matmul")
    assert example.sizes["n_x"] != example.sizes["m"]


def test_numbers_that_are_no_arrays_are_read_as_one_would():
    """A cost may be a Python float; what is no array at all is refused, by name."""

    def by_hand(parameters, X, Y):
        J, _, gradients = manual.deep.gradients(parameters, X, Y, ("sigmoid",))
        return gradients | {"J": float(J)}

    assert check(mine(by_hand), examples=60, dtype="float32").agrees
    ragged = mine(lambda parameters, X, Y: by_hand(parameters, X, Y) | {"dW1": [[1], [1, 2]]})
    with pytest.raises(TypeError, match="mine returns 'dW1' as list, which is no array of real"):
        check(ragged)


def test_what_is_no_pair_is_refused():
    with pytest.raises(TypeError, match="pair='shallow' is a str: pass a Pair"):
        check("shallow")
    with pytest.raises(TypeError, match="pair='shallow' is a str: pass a Pair"):
        judge("shallow")


@pytest.mark.parametrize("error", [1e-9, -1e-9])
def test_one_part_in_a_billion_is_caught(error):
    """There is no tolerance for a wrong digit to hide in."""

    def by_hand(parameters, X, Y):
        _, _, gradients = manual.shallow.gradients(parameters, X, Y)
        return gradients | {"dW1": gradients["dW1"] * (1 + error)}

    judgement, _ = search(mine(by_hand, "tanh"), dtype="float64").failure
    assert (judgement.first_wrong.quantity, judgement.first_wrong.verdict) == ("dW1", WRONG)


@pytest.mark.parametrize(
    ("change", "quantity", "verdict", "reason"),
    [
        (lambda d: d | {"db1": d["db1"][:, 0]}, "db1", SHAPE, "shape (1,), expected (1, 1)"),
        (
            lambda d: d | {"dW1": d["dW1"].astype("f2")},
            "dW1",
            DTYPE,
            "dtype float16, expected float32",
        ),
        (lambda d: d | {"dW2": d["dW2"] * np.nan}, "dW2", NOT_FINITE, "nan by hand"),
    ],
)
def test_shape_then_dtype_then_finiteness_are_told_apart(change, quantity, verdict, reason):
    """Nothing is broadcast, nothing is cast, NaN never compares as equal."""

    def by_hand(parameters, X, Y):
        return change(manual.shallow.gradients(parameters, X, Y)[2])

    judgement, _ = search(mine(by_hand, "tanh"), dtype="float32").failure
    first = judgement.first_wrong
    assert (first.quantity, first.verdict) == (quantity, verdict)
    assert first.note.startswith(reason)
    assert str(first).startswith(f"{quantity}{' at [0, 0]' * (verdict == NOT_FINITE)} {verdict}")


@pytest.mark.parametrize(
    ("by_hand", "error", "message"),
    [
        (
            lambda *_: None,
            TypeError,
            "mine returns a NoneType: expected a dict with dW1, db1, or 2 arrays in this order",
        ),
        (lambda *_: {}, ValueError, "mine returns no 'dW1': expected dW1, db1; return it, or"),
        (
            lambda *_: {"dW1": 0, "db1": 0, "dQ": 0},
            ValueError,
            "mine returns 'dQ', which is nothing that the loss has.*it has Z1, A1, J, dZ1, d.1, d.1: rename",
        ),
    ],
)
def test_what_is_no_gradient_at_all_is_refused(by_hand, error, message):
    with pytest.raises(error, match=message):
        check(mine(by_hand))


def test_a_hand_derived_side_that_writes_into_its_arguments_is_reported():
    def by_hand(parameters, X, Y):
        gradients = manual.deep.gradients(parameters, X, Y, ("sigmoid",))[2]
        if X.flags.writeable:
            X += 1
        return gradients

    (finding,) = search(mine(by_hand)).failure[0].findings
    assert (finding.quantity, finding.verdict) == ("X", OVERWRITES)
    assert finding.note == "the hand-derived side wrote into it"
