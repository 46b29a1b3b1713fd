"""Hulls: at a tie, all derivatives that a choice may give; elsewhere rounding, and no more."""

from __future__ import annotations

from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backproof.autodiff.bounded import Bounded
from backproof.autodiff.derive import derive
from backproof.autodiff.hull import Hull, Undecided
from backproof.compare import PAIRS, Example

# A function of one number, where it has a tie, and its derivatives from below and from above.
KINKS: dict[str, tuple[Any, float, float, float]] = {
    "relu": (jax.nn.relu, 0, 0, 1),
    "maximum": (lambda x: jnp.maximum(x, 0), 0, 0, 1),
    "maximum, number first": (lambda x: jnp.maximum(0, 3 * x), 0, 0, 3),
    "maximum of two": (lambda x: jnp.maximum(x, 2 - x), 1, -1, 1),
    "minimum": (lambda x: jnp.minimum(2 * x, 2), 1, 2, 0),
    "where >=": (lambda x: jnp.where(x >= 0, x, 0), 0, 0, 1),
    "where >": (lambda x: jnp.where(x > 0, x, -5 * x), 0, -5, 1),
    "where <": (lambda x: jnp.where(x < 1, x**2, 2 - x), 1, 2, -1),
    "where of two": (lambda x: jnp.where(x <= 2 - x, 3 * x, 3), 1, 3, 0),
    "mask": (lambda x: x * (x > 0), 0, 0, 1),
    "both": (lambda x: jnp.where((x >= 0) & (x < 5), x, 0), 0, 0, 1),
    "either": (lambda x: jnp.where((x > 0) | (x < -5), x, 0), 0, 0, 1),
    "not": (lambda x: jnp.where(~(x > 0), 0, x), 0, 0, 1),
    "abs": (jnp.abs, 0, -1, 1),
    "abs of a difference": (lambda x: 2 * jnp.abs(x - 1), 1, -2, 2),
    "lower end of clip": (lambda x: jnp.clip(x, -1, 1), -1, 0, 1),
    "upper end of clip": (lambda x: jnp.clip(3 * x, -3, 3), 1, 3, 0),
    "leaky relu": (lambda x: jax.nn.leaky_relu(x, 0.25), 0, 0.25, 1),
    "hinge": (lambda x: jnp.maximum(0, 1 - 2 * x), 0.5, -2, 0),
    "relu6": (jax.nn.relu6, 6, 1, 0),
    "hard tanh": (jax.nn.hard_tanh, -1, 0, 1),
    "a kink within": (lambda x: jnp.tanh(jax.nn.relu(x)) + 2 * x, 0, 2, 3),
    "a kink squared": (lambda x: (1 + jax.nn.relu(x)) ** 2, 0, 0, 2),
}
# Both sides have one derivative at the tie: it is no kink.
SMOOTH: dict[str, tuple[Any, float, float]] = {
    "square of relu": (lambda x: jax.nn.relu(x) ** 2, 0, 0),
    "a condition that holds anyhow": (lambda x: jnp.where((x >= 0) | (x < 5), x, 0), 0, 1),
    "a condition that never holds": (lambda x: jnp.where((x >= 0) & (x > 5), x, 0), 0, 0),
}
POINTS = np.array([-0.75, 0.125, 0.3, 1.75])


def hull_of(function: Any, x: Any) -> Any:
    """Return the hull of a derivative at every entry of x."""
    program = derive(lambda x: jnp.sum(function(x)), {"x": "n"})
    return program.hull(x=np.asarray(x))[2]["dx"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
@pytest.mark.parametrize("name", KINKS)
def test_the_hull_of_a_kink_holds_both_one_sided_derivatives_and_not_much_more(
    name: str, dtype: str
) -> None:
    function, at, below, above = KINKS[name]
    dx = hull_of(function, np.array([at, at], dtype))
    assert dx.dtype == dtype
    low, high = min(below, above), max(below, above)
    rounding = 32 * np.finfo("float32").eps if dtype == "float32" else 1e-14
    assert np.all(dx.value - dx.error <= low + rounding)
    assert np.all(dx.value + dx.error >= high - rounding)
    assert np.all(2 * dx.error <= 2 * (high - low) + rounding)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_hull_of_a_tie_that_is_no_kink_is_a_point(name: str) -> None:
    function, at, derivative = SMOOTH[name]
    dx = hull_of(function, [float(at)])
    assert derive(lambda x: jnp.sum(function(x)), {"x": "n"}).ties(x=np.array([float(at)]))
    assert abs(dx.value.item() - derivative) <= dx.error.item() + 1e-15
    assert dx.error.item() <= 1e-14


@pytest.mark.parametrize("name", [*KINKS, *SMOOTH])
def test_without_a_tie_there_is_rounding_only(name: str) -> None:
    function = (KINKS | SMOOTH)[name][0]
    program = derive(lambda x: jnp.sum(function(x)), {"x": "n"})
    assert program.ties(x=POINTS) == []
    J, _, gradients = program(x=POINTS)
    hull, _, hulls = program.hull(x=POINTS)
    bounded, _, bounds = program.bounded(x=POINTS)
    assert (hull.value, hull.error) == (J, bounded.error)
    np.testing.assert_array_equal(hulls["dx"].value, gradients["dx"])
    np.testing.assert_array_equal(hulls["dx"].error, bounds["dx"].error)
    assert np.all(hulls["dx"].error <= 1e-13)


def test_ties_are_taken_entry_by_entry() -> None:
    dx = hull_of(jax.nn.relu, [-1.0, 0.0, 2.0, 0.0])
    assert dx.value.tolist() == [0, 0.5, 1, 0.5]
    assert (dx.value - dx.error).round(12).tolist() == [0, 0, 1, 0]
    assert (dx.value + dx.error).round(12).tolist() == [0, 1, 1, 1]


def test_several_ties_that_meet_in_one_sum_make_a_hull_of_all_choices() -> None:
    """Σ yᵢ relu(w xᵢ) at w = 0: every term may have its choice, by itself."""
    y, x = np.array([1.0, -2, 4]), np.array([1.0, 1, 0.5])
    program = derive(
        lambda w, x, y: jnp.sum(y * jax.nn.relu(w * x)), {"w": "", "x": "n", "y": "n"}, wrt="w"
    )
    dw = program.hull(w=np.float64(0), x=x, y=y)[2]["dw"]
    choices = [float(np.sum(y * x * np.array(some))) for some in product((0, 1), repeat=3)]
    assert (dw.value - dw.error).round(12) == min(choices) == -2
    assert (dw.value + dw.error).round(12) == max(choices) == 3


@pytest.mark.parametrize(
    ("function", "at", "derivative"),
    [
        (lambda x: jax.nn.relu(x) - jax.nn.relu(-x), 0, 1),
        (lambda x: jnp.where(x > 0, 3 * x, x * 3), 0, 3),
        (jax.nn.elu, 0, 1),
        (lambda x: jnp.where(jnp.abs(x) <= 1, x**2 / 2, jnp.abs(x) - 0.5), 1, 1),
    ],
)
def test_choices_at_one_tie_are_taken_as_if_they_were_at_several(
    function: Any, at: float, derivative: float
) -> None:
    """relu(x) − relu(−x) is x, but each half has a choice of its own: a hull may be too wide."""
    dx = hull_of(function, [float(at)])
    assert abs(dx.value.item() - derivative) <= dx.error.item()
    assert 0 < dx.error.item() <= 2 * derivative


def test_the_hull_of_a_network_at_zero_weights_holds_both_conventions() -> None:
    """The notes' relu′(0) = 1 and JAX's own relu′(0) = 0, in every gradient."""
    pair = PAIRS["shallow-relu-sigmoid-cross_entropy"]
    arguments = pair.arguments(Example({"n_1": 3, "n_x": 2, "n_y": 2, "m": 4}, seed=1))
    arguments["parameters"] |= {"W1": np.zeros((3, 2)), "b1": np.zeros((3, 1))}
    program = pair.reference.program
    hulls = program.hull(**arguments)[2]
    at_1 = program(**arguments)[2]
    assert np.any(at_1["dZ1"])
    at_0 = {"dZ1": 0, "db1": 0, "dW1": 0, "dX": 0}
    for name, hull in hulls.items():
        for value in (at_1[name], at_0.get(name, at_1[name])):
            assert np.all(np.abs(hull.value - value) <= hull.error + 1e-15), name
    wide = np.abs(at_1["dZ1"])
    np.testing.assert_allclose(2 * hulls["dZ1"].error, wide, rtol=1e-12)
    assert np.all(hulls["dW2"].error <= 1e-14)


def test_what_is_not_finite_has_no_middle() -> None:
    """√x beside 0: the other side's derivative is infinite, and 0 stays what was computed."""
    x = Hull(np.array([0.0]))
    for beyond in (np.inf, np.nan):
        either = np.where(x > 0, np.array([beyond]), np.array([0.0]))
        assert either.value.item() == 0
        assert either.error.item() == np.inf


LOGIC = {
    "and": (lambda a, b: a & b, lambda a, b: a and b),
    "or": (lambda a, b: a | b, lambda a, b: a or b),
    "exclusive or": (lambda a, b: a ^ b, lambda a, b: a != b),
    "equal": (lambda a, b: a == b, lambda a, b: a == b),
    "not equal": (lambda a, b: a != b, lambda a, b: a != b),
    "not": (lambda a, b: ~a, lambda a, b: not a),
    "not and": (lambda a, b: ~(a & ~b), lambda a, b: not (a and not b)),
}


@pytest.mark.parametrize("name", LOGIC)
def test_logic_of_undecided_truths_is_undecided_where_it_matters(name: str) -> None:
    """Of every pair of True, False, and undecided either way: the truth, and whether it may turn."""
    of_arrays, of_truths = LOGIC[name]
    kinds = [(truth, undecided) for truth in (True, False) for undecided in (True, False)]
    pairs = list(product(kinds, kinds))
    a, b = (
        Undecided(*(np.array(part) for part in zip(*side, strict=True)))
        for side in zip(*pairs, strict=True)
    )
    found = of_arrays(a, b)
    assert type(found) is Undecided
    for i, ((x, x_undecided), (y, y_undecided)) in enumerate(pairs):
        truths = {of_truths(*some) for some in product({x, x ^ x_undecided}, {y, y ^ y_undecided})}
        assert found.parts[0][i] == of_truths(x, y)
        assert found.parts[1][i] == (len(truths) == 2), (x, x_undecided, y, y_undecided)


def test_undecided_truths_beside_decided_ones() -> None:
    undecided = Hull(np.zeros(2)) >= 0
    assert type(undecided) is Undecided
    plain = np.array([True, False])
    for found in (undecided & plain, plain & undecided):
        assert found.parts[1].tolist() == [True, False]
    for found in (undecided | plain, plain | undecided):
        assert found.parts[1].tolist() == [False, True]
    assert undecided.astype(bool).parts[1].tolist() == [True, True]
    assert undecided.astype(int).tolist() == [1, 1]


def test_undecided_truths_as_numbers_are_all_between_0_and_1() -> None:
    undecided = Hull(np.array([0.0, 1, -1], np.float32)) > 0
    for found in (undecided.astype(np.float32), undecided * Hull(np.ones(3, np.float32))):
        assert isinstance(found, Hull)
        assert found.dtype == np.float32
        assert found.value.tolist() == [0.5, 1, 0]
        np.testing.assert_allclose(found.error, [0.5, 0, 0], atol=1e-6)


@pytest.mark.parametrize(
    "compare", [np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal]
)
def test_a_comparison_is_undecided_where_equals_are_compared_with_a_number(compare: Any) -> None:
    x = Hull(np.array([-1.0, 0, 1]))
    found = compare(x, 0)
    assert found.parts[0].tolist() == compare(np.array([-1.0, 0, 1]), 0).tolist()
    assert found.parts[1].tolist() == [False, True, False]
    assert type(compare(x, 5)) is np.ndarray
    of_two = compare(x, Hull(np.array([-2.0, 0, 2])))
    if compare in (np.equal, np.not_equal):  # asks for NaN, or where a maximum was
        assert type(of_two) is np.ndarray
    else:
        assert of_two.parts[1].tolist() == [False, True, False]


def test_the_sign_of_zero_is_anything_from_minus_1_to_1() -> None:
    found = np.sign(Hull(np.array([-2.0, 0, 2])))
    assert found.value.tolist() == [-1, 0, 1]
    assert found.error.tolist() == [0, 1, 0]


def test_a_choice_between_bounded_numbers_keeps_their_errors() -> None:
    tie = Hull(np.array([0.0, 1, -1])) > 0
    one, other = Hull(np.full(3, 4.0), np.full(3, 0.25)), Bounded(np.zeros(3), np.full(3, 0.5))
    either = np.where(tie, one, other)
    assert (either.value - either.error).tolist() == [-0.5, 3.75, -0.5]
    assert (either.value + either.error).tolist() == [4.25, 4.25, 0.5]
