"""Hands that are wrong in one precision or memory order only, and what is said, and not said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name

from backproof.compare import Pair
from backproof.compare.search import search

WRONG: dict[str, Callable[[Any], Any]] = {
    "the sign": lambda x: -2 * x,
    "twice": lambda x: 4 * x,
    "zeros": lambda x: 0 * x,
    "a factor": lambda x: 2.8 * x,
    "a large factor": lambda x: 200 * x,
    "backwards": lambda x: 2 * x[::-1].copy(),
    "ones": np.ones_like,
    "a little": lambda x: 2 * x + x.dtype.type(1e-3),
}
WHERE: dict[str, Callable[[Any], bool]] = {
    "float32": lambda x: x.dtype == np.float32,
    "float64": lambda x: x.dtype == np.float64,
    "strided": lambda x: not x.flags.c_contiguous,
    "read-only": lambda x: not x.flags.writeable,
}


def squares(x: jax.Array) -> jax.Array:
    return jnp.sum(x**2)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_there_only_is_wrong(where: str, wrong: str) -> None:
    """No digit is lost by rounding where fewer digits, or another order, lose none."""

    def hand(x: Any) -> dict[str, Any]:
        return {"dx": WRONG[wrong](x) if WHERE[where](x) else 2 * x}

    assert search(Pair(hand, squares, {"x": "n"})).verdict == "wrong"


def test_a_hand_that_does_not_stop_where_the_loss_does_is_wrong() -> None:
    def target(x: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.sum((x - jax.lax.stop_gradient(y)) ** 2)

    def hand(x: Any, y: Any) -> dict[str, Any]:
        return {"dx": 2 * (x - y), "dy": -2 * (x - y)}

    report = search(Pair(hand, target, {"x": "n", "y": "n"}))
    assert report.story is not None
    assert (report.story.first.quantity, report.story.who) == ("dy", "")


def layer_norm(x: jax.Array) -> jax.Array:
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / jnp.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)


def normalised(of_mean: float, of_deviation: float) -> Callable[..., Any]:
    """Return a layer norm's gradient with so much of its two terms."""

    def mean(V: Any) -> Any:
        return V.mean(axis=1, keepdims=True)

    def hand(x: Any, dY: Any) -> dict[str, Any]:
        centred = x - mean(x)
        scale = np.sqrt(mean(centred**2) + 1e-5)
        h = centred / scale
        return {"dx": (dY - of_mean * mean(dY) - of_deviation * h * mean(dY * h)) / scale}

    return hand


@pytest.mark.parametrize(("of_mean", "of_deviation"), [(0, 1), (2, 1), (-1, 1), (1, 0), (1, 0.5)])
def test_a_term_that_is_missing_is_not_told_from_one_of_another_size(
    of_mean: float, of_deviation: float
) -> None:
    pair = Pair(
        normalised(of_mean, of_deviation),
        layer_norm,
        {"x": "n, k"},
        upstream="dY",
        constraints=["k >= 3"],
        dtypes=("float64",),
        values={"x": lambda random, shape, sizes: random.standard_normal(shape)},
    )
    story = search(pair).story
    assert story is not None
    which = "a mean's" if of_mean != 1 else "a deviation's"
    assert f"as where {which} term is missing or of another size" in story.why


def skip(W: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.sum(x) + jnp.sum(checkpoint_name(jnp.tanh(W @ x), "A"))


def test_a_path_around_a_layer_is_no_penalty() -> None:
    def hand(W: Any, x: Any) -> dict[str, Any]:
        A = np.tanh(W @ x)
        dZ = 1 - A**2
        return {"A": A, "dA": np.ones_like(A), "dW": dZ @ x.T, "dx": W.T @ dZ}

    story = search(Pair(hand, skip, {"W": "k, n", "x": "n, m"})).story
    assert story is not None
    assert story.first.quantity == "dx"
    assert "penalty" not in story.why + story.loss


def test_nothing_cancels_where_the_output_is_linear() -> None:
    def loss(W: jax.Array, X: jax.Array, Y: jax.Array) -> jax.Array:
        return jnp.sum((checkpoint_name(W @ X, "Z") - Y) ** 2) / 2

    def hand(W: Any, X: Any, Y: Any) -> dict[str, Any]:
        Z = W @ X
        dZ = (Z - Y) * (1 - Z**2)
        return {"Z": Z, "dZ": dZ, "dW": dZ @ X.T}

    story = search(Pair(hand, loss, {"W": "k, n", "X": "n, m", "Y": "k, m"}, wrt="W")).story
    assert story is not None
    assert (story.causes, "squared error" in story.loss) == ([], False)


@pytest.mark.parametrize(("factor", "said"), [(0.7, "0.7 times"), (1 - 1e-12, "unrecognised")])
def test_a_factor_is_no_updated_parameter_and_is_not_1(factor: float, said: str) -> None:
    pair = Pair(lambda x: 2 * factor * x, squares, {"x": "n"}, dtypes=("float64",))
    story = search(pair).story
    assert story is not None
    assert said in story.why


def test_a_condition_on_a_kind_of_values_holds_for_all_kinds() -> None:
    """It fails wherever an entry is 0, of which zeros are one kind, integers another."""

    def hand(x: Any) -> dict[str, Any]:
        return {"dx": 2 * x + np.any(x == 0)}

    story = search(Pair(hand, squares, {"x": "n"}, dtypes=("float64",))).story
    assert story is not None
    assert "x is " not in story.when
