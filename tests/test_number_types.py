"""Derived programs on other number types: errors are bounded, ties noted, complex steps exact."""

from __future__ import annotations

from itertools import islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backproof.autodiff.bounded import Bounded
from backproof.autodiff.derive import derive
from backproof.compare import PAIRS, Example, Pair
from backproof.compare.search import members


def arguments(pair: Pair, example: Example, dtype: Any) -> dict[str, Any]:
    """Return the arguments of the pair's program, the same numbers in any float dtype."""
    signature = pair.reference.program.signature
    arrays = signature.flat(pair.arguments(example))
    return signature.nested({name: array.astype(dtype) for name, array in arrays.items()})


def results(program: Any, given: dict[str, Any]) -> dict[str, Any]:
    J, values, gradients = program(**given)
    return {"J": J, **values, **gradients}


@pytest.mark.parametrize("any_kind", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_errors_stay_within_their_bounds(name: str, any_kind: bool) -> None:
    """But for underflow, which no bound counts: it takes values that saturate."""
    pair, program = PAIRS[name], PAIRS[name].reference.program
    underflow = 1e3 * np.finfo("float32").tiny if any_kind else 0
    for example in islice(members(pair, 3, ("float32",)), len(pair.families)):
        if not any_kind:
            example = Example(example.sizes, example.seed)
        exact = results(program, arguments(pair, example, np.longdouble))
        plain = results(program, arguments(pair, example, np.float32))
        bounded = results(program.bounded, arguments(pair, example, np.float32))
        for quantity, number in bounded.items():
            assert number.dtype == np.float32
            np.testing.assert_array_equal(number.value, plain[quantity])
            error = np.abs(number.value.astype(np.longdouble) - exact[quantity])
            assert np.all(error <= number.error + underflow), (quantity, str(example))


def test_bounds_are_of_the_size_of_rounding() -> None:
    pair = PAIRS["shallow-tanh-sigmoid-cross_entropy"]
    example = Example({"n_x": 5, "n_1": 4, "n_y": 1, "m": 3}, seed=1)
    given = arguments(pair, example, np.float32)
    for quantity, number in results(pair.reference.program.bounded, given).items():
        scale = max(1, np.max(np.abs(number.value)))
        assert np.max(number.error) <= 1000 * np.finfo("float32").eps * scale, quantity


@pytest.mark.parametrize("name", ["logistic-cross_entropy", "shallow-tanh-sigmoid-cross_entropy"])
def test_bounds_may_take_the_rounding_of_the_arguments_in(name: str) -> None:
    """Of numbers that were rounded to float32, the exact results are within such bounds."""
    pair, program = PAIRS[name], PAIRS[name].reference.program
    half_eps = float(np.finfo("float32").eps) / 2
    random = np.random.default_rng(0)
    for example in islice(members(pair, 0, ("float64",)), len(pair.families)):
        signature = program.signature
        given = signature.flat(arguments(pair, example, np.longdouble))
        exact = {n: V * (1 + random.uniform(-1e-3, 1e-3, V.shape)) for n, V in given.items()}
        narrow = signature.nested({n: V.astype(np.float32) for n, V in exact.items()})
        found = results(program, signature.nested(exact))
        of_exact = results(program.bounded, narrow)
        of_rounded = results(lambda **a: program.bounded_from_rounded(half_eps, **a), narrow)
        for quantity, number in of_rounded.items():
            np.testing.assert_array_equal(number.value, of_exact[quantity].value)
            error = np.abs(number.value - found[quantity])
            underflow = 1e3 * np.finfo("float32").tiny
            assert np.all(error <= number.error + underflow), (quantity, str(example))


def test_a_difference_of_rounded_numbers_has_their_errors_not_its_own() -> None:
    program = derive(lambda x, y: jnp.sum((x - y) ** 2) / 2, {"x": "n", "y": "n"}, wrt="x")
    x = np.array([1, 3, 100]) / np.longdouble(7)
    y = x * (1 + 1e-5)
    narrow = {"x": x.astype(np.float32), "y": y.astype(np.float32)}
    error = np.abs(program(**narrow)[2]["dx"] - (x - y))
    half_eps = float(np.finfo("float32").eps) / 2
    assert np.all(error > 100 * program.bounded(**narrow)[2]["dx"].error)
    bound = program.bounded_from_rounded(half_eps, **narrow)[2]["dx"].error
    assert np.all(error <= bound)
    assert np.all(bound <= 3 * half_eps * np.abs(x))


UNARY = [
    np.exp, np.expm1, np.log1p, np.sqrt, np.square, np.tanh, np.sinh, np.cosh, np.arcsinh, np.sin,
    np.cos, np.tan, np.arctan, np.cbrt, np.exp2, np.log, np.arccosh, np.abs, np.negative, np.sign,
    np.floor, np.arcsin, np.arccos, np.arctanh,
]  # fmt: skip


@pytest.mark.parametrize("function", UNARY, ids=lambda function: function.__name__)
def test_an_error_is_carried_through_a_function(function: Any) -> None:
    random = np.random.default_rng(0)
    x = random.uniform(0.05, 0.95, 200) + (function is np.arccosh) * 1.5
    moved = x + random.uniform(-1e-4, 1e-4, 200)
    bounded = function(Bounded(x.astype(np.float32), np.full(200, 1.1e-4)))
    assert np.all(np.abs(function(moved) - bounded.value) <= bounded.error)
    assert np.all(bounded.error <= 1e-2)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / y,
        lambda x, y: x**y,
        lambda x, y: x @ y.T,
        lambda x, y: np.einsum("ij,kj->ik", x, y),
        lambda x, y: np.maximum(x, y),
        lambda x, y: np.arctan2(x, y),
        lambda x, y: np.sum(x * y, axis=0),
        lambda x, y: np.prod(x, axis=1),
        lambda x, y: np.max(x, axis=0, keepdims=True),
        lambda x, y: np.cumsum(x, axis=1),
        lambda x, y: np.cumprod(y, axis=0),
        lambda x, y: np.sort(x, axis=1),
        lambda x, y: np.where(y > 0.5, x, 0),
        lambda x, y: np.concatenate([x, y], axis=1),
    ],
)
def test_errors_of_two_operands_are_carried_along(function: Any) -> None:
    random = np.random.default_rng(1)
    x, y = random.uniform(0.2, 2, (2, 6, 5))
    noise = random.uniform(-1e-4, 1e-4, (2, 6, 5))
    wide = np.full((6, 5), 1.1e-4)
    bounded = function(Bounded(x.astype("f"), wide), Bounded(y.astype("f"), wide))
    exact = function(x + noise[0], np.where(np.abs(y - 0.5) < 1e-3, y, y + noise[1]))
    assert np.all(np.abs(exact - bounded.value) <= bounded.error)
    assert np.all(bounded.error <= 0.1)


def test_what_is_assigned_or_added_in_place_counts() -> None:
    x = Bounded(np.ones(3))
    assert np.all(np.multiply(x, x).error <= 1.2e-16)
    x[1] = Bounded(np.array(2.0), np.array(0.5))
    assert x.size == 3
    assert np.multiply(x, x).error.tolist() == pytest.approx([1.1e-16, 2.25, 1.1e-16], rel=0.05)
    np.add.at(x, [2, 2], Bounded(np.full(2, 10.0), np.full(2, 0.25)))
    assert np.add(x, 0).error.tolist() == pytest.approx([1.1e-16, 0.5, 0.5], rel=0.05)


@pytest.mark.parametrize("wave", [np.sin, np.cos])
def test_the_error_of_a_wave_is_bounded_where_it_is_flat_and_where_it_is_not(wave: Any) -> None:
    x = np.linspace(-9, 9, 721)
    for error in (1e-6, 0.1, 3.0):
        bound = wave(Bounded(x, np.full(x.shape, error))).error
        for moved in np.linspace(-error, error, 41):
            assert np.all(np.abs(wave(x + moved) - wave(x)) <= bound * (1 + 1e-12))
        assert np.all(bound <= error + 1e-15)


@pytest.mark.parametrize("step", [np.floor, np.ceil, np.trunc, np.round])
def test_a_step_is_off_by_all_that_lies_between(step: Any) -> None:
    x = np.linspace(-3, 3, 121)
    for error in (0.0, 0.126, 2.6):
        bound = step(Bounded(x, np.full(x.shape, error))).error
        for moved in np.linspace(-error, error, 41):
            assert np.all(np.abs(step(x + moved) - step(x)) <= bound)
    assert np.all(step(Bounded(x)).error == 0)


def test_an_operation_without_a_rule_is_refused() -> None:
    with pytest.raises(TypeError, match="no rule for the rounding error of nextafter"):
        np.nextafter(Bounded(np.ones(2)), 2.0)
    with pytest.raises(TypeError, match=r"use \.value"):
        np.asarray(Bounded(np.ones(2)))


def test_ties_are_noted_where_they_are() -> None:
    def loss(x: jax.Array) -> jax.Array:
        return jnp.sum(jnp.maximum(x, 0) + jnp.abs(x - 1) + jnp.where(x >= 2, x, 0)) + jnp.max(x)

    program = derive(loss, {"x": "n"})
    assert program.ties(x=np.array([0.5, 1.5, 2.5])) == []
    ties = program.ties(x=np.array([0.0, 1.0, 2.0, 2.0]))
    found = {tie.operation: tie.places.tolist() for tie in ties}
    assert found["maximum"] == [True, False, False, False]
    assert found["absolute"] == [False, True, False, False]
    assert found["greater_equal"] == [False, False, True, True]
    assert any(tie.places.tolist() == [False, False, True, True] for tie in ties[-3:])


def test_a_question_for_NaN_is_no_tie() -> None:
    pair = PAIRS["logistic-cross_entropy"]
    example = Example({"n_x": 3, "m": 4})
    assert pair.reference.program.ties(**arguments(pair, example, np.float64)) == []


@pytest.mark.parametrize("name", PAIRS)
def test_a_complex_step_gives_every_gradient(name: str) -> None:
    """(Im J)/h at V + ih∗direction is the derivative along it: away from kinks, to rounding."""
    pair, program, step = PAIRS[name], PAIRS[name].reference.program, 1e-100
    sizes = {"n_x": 3, "n_1": 4, "n_2": 2, "n_3": 3, "n_y": 1, "m": 5}
    kinds = {"slope": "0.2", "Y": "soft"}
    for seed in range(3):
        some = {name: sizes[name] for name in pair.size_names}
        kinds = {name: kind for name, kind in kinds.items() if name in pair.kinds}
        given = arguments(pair, Example(some, seed, kinds=kinds), np.float64)
        assert program.ties(**given) == []
        _, _, gradients = program(**given)
        random = np.random.default_rng(seed)
        for name_of, V in {**given["parameters"], "X": given["X"]}.items():
            direction = random.standard_normal(V.shape)
            moved = dict(given)
            if name_of == "X":
                moved["X"] = V + 1j * step * direction
            else:
                moved["parameters"] = given["parameters"] | {name_of: V + 1j * step * direction}
            J, _ = program.forward(**moved)
            # The notes' dX is per example: m times that of the cost.
            terms = gradients[f"d{name_of}"] * direction / (5 if name_of == "X" else 1)
            assert abs(np.imag(J) / step - np.sum(terms)) <= 1e-14 * np.sum(np.abs(terms))


CONSTANTS = {
    "1/n": lambda x, i: jnp.mean(x),
    "0.1": lambda x, i: jnp.sum(0.1 * x) + jnp.sum(x) / 3,
    "a size": lambda x, i: jnp.sum(x) / x.shape[0],
    "integers": lambda x, i: jnp.sum(x) * jnp.mean(i),
    "an array": lambda x, i: jnp.sum(x * jnp.linspace(0.1, 0.7, 3)),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_are_rounded_too(name: str) -> None:
    program = derive(CONSTANTS[name], {"x": "3", "i": "int[3]"})
    i = np.array([1, 2, 4])
    exact = program(x=np.ones(3, np.longdouble), i=i)[2]["dx"]
    dx = program.bounded(x=np.ones(3, np.float32), i=i)[2]["dx"]
    error = np.abs(dx.value.astype(np.longdouble) - exact)
    assert error.max() > 0
    assert np.all(error <= dx.error)
    assert dx.error.max() <= 20 * np.finfo("float32").eps * dx.value.max()


def test_the_largest_of_each_segment_has_a_bound() -> None:
    def loss(x: jax.Array, i: jax.Array) -> jax.Array:
        return jnp.sum(jax.ops.segment_max(3.3 * jnp.tile(x, 2), i, 3))

    x, i = np.array([0.1, 0.7, 0.3], np.float32), np.array([0, 1, 2, 2, 1, 0])
    program = derive(loss, {"x": "3", "i": "int[6]"})
    J, exact = program.bounded(x=x, i=i)[0], program(x=x.astype(np.longdouble), i=i)[0]
    assert 0 < abs(J.value - exact) <= J.error <= 1e-5


def test_complex_steps_pass_by_sizes_and_medians() -> None:
    program = derive(lambda x: jnp.median(x) * jnp.floor(x.shape[0] / 2.0), {"x": "n"})
    x = np.array([3.0, 1, 2], complex)
    x[2] += 1e-20j
    J, _ = program.forward(x=x)
    assert (J.real, J.imag / 1e-20) == (2, 1)
