"""What a report says of mistakes that look like others: it names what is true, or nothing."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.ad_checkpoint import checkpoint_name as mark

from backproof.compare import Pair, check, judge, kill_rate
from backproof.compare.explain import Story
from backproof.compare.finding import INHERITS, WRONG
from backproof.compare.search import search


def story_of(pair: Pair) -> Story:
    story = search(pair).story
    assert story is not None
    return story


def affine(b: Any, x: Any) -> Any:
    return jnp.sum(jnp.tanh(mark(b + x, "z")) * x)


def with_slip(b: Any, x: Any) -> dict[str, Any]:
    dz = np.sin(1 - np.tanh(b + x)) * x
    return {"dz": dz, "db": dz.copy()}


def test_a_line_is_not_said_to_be_one_that_follows_from_it() -> None:
    story = story_of(Pair(with_slip, affine, {"b": "n", "x": "n"}, wrt="b"))
    assert (story.first.quantity, story.causes) == ("dz", [])


def halved(x: Any, w: Any) -> Any:
    return mark(jnp.tanh(x / 2), "P") @ w


def not_halved(x: Any, w: Any, dY: Any) -> dict[str, Any]:
    P = np.tanh(x)
    return {"P": P, "dw": P.T @ dY}


def test_what_follows_from_a_wrong_value_inherits_it_though_no_dP_is_returned() -> None:
    story = story_of(Pair(not_halved, halved, {"x": "n, k", "w": "k, m"}, wrt="w", upstream="dY"))
    verdicts = {finding.quantity: finding.verdict for finding in story.judgement.findings}
    assert verdicts == {"P": WRONG, "dw": INHERITS}
    assert [cause.quantity for cause in story.causes] == ["P"]


def test_a_factor_seen_at_one_size_alone_is_not_said_to_depend_on_it() -> None:
    def hand(x: Any) -> Any:
        return 3 * x**2 * (2 if len(x) == 4 else 1)

    story = story_of(Pair(hand, lambda x: jnp.sum(x**3), {"x": "n"}))
    assert story.why == "dx is twice what it should be"


def all_to_each(X: Any, dY: Any) -> Any:
    return (X.max(1, keepdims=True) == X) * dY[:, None]


def test_a_maximum_that_gives_all_to_each_of_several_is_said_to_be_wrong_at_ties() -> None:
    pair = Pair(all_to_each, lambda X: jnp.max(X, axis=1), {"X": "m, n"}, upstream="dY")
    story = story_of(pair)
    assert story.causes == ()
    assert story.why.startswith("right but at ties: one-sided derivatives")
    assert story.when.startswith("at ties: ")


def test_a_layer_may_mark_its_output_by_the_name_that_its_upstream_gradient_gives_it() -> None:
    def layer(x: Any, c: Any) -> Any:
        c2 = mark(x * c, "c2")
        return x * jnp.tanh(c2), c2

    def hand(x: Any, c: Any, dh2: Any, dc2: Any) -> dict[str, Any]:
        t = np.tanh(x * c)
        d = dh2 * x * (1 - t**2) + dc2
        return {"dx": dh2 * t + d * c, "dc": d * x}

    check(Pair(hand, layer, {"x": "n", "c": "n"}, upstream=["dh2", "dc2"]), examples=40)


def test_lists_of_numbers_are_arrays() -> None:
    def hand(W: Any, x: Any) -> list[Any]:
        t = 1 - np.tanh(W @ x) ** 2
        return [np.outer(t, x).tolist(), (W.T @ t).tolist()]

    pair = Pair(
        hand, lambda W, x: jnp.sum(jnp.tanh(W @ x)), {"W": "k, n", "x": "n"}, dtypes=("float64",)
    )
    check(pair, examples=40)


def quadratic(W: Any, X: Any) -> Any:
    return jnp.sum((W @ X) ** 2) / X.shape[1]


def test_a_size_that_a_constraint_fixes_is_vacuous_and_lets_mistakes_through() -> None:
    shapes = {"W": "k, n", "X": "n, m"}
    pair = Pair(lambda W, X: 2 * W @ X @ X.T, quadratic, shapes, wrt="W", constraints=["m == 1"])
    assert search(pair, 20).vacuous[0] == "m is fixed by the constraints"
    missed = [(name, detail) for name, _, detail in kill_rate(pair).let_through]
    assert ("no mean", "m") in missed


def test_a_pair_and_a_judgement_are_short_where_pytest_shows_them() -> None:
    pair = Pair(lambda x: 3 * x, lambda x: jnp.sum(x**2), {"x": "n"})
    judgement = judge(pair, x=np.array([1.0, 2.0]))
    assert repr(judgement) == "<Judgement n=2: dx at [1] wrong>"
    assert repr(pair).startswith("<Pair lambda (test_stories.py, line ")
    assert judgement._repr_html_().startswith('<table><thead><tr><th scope="col">line</th>')


def attention_without_sum(S: Any, Y: Any) -> dict[str, Any]:
    e = np.exp(S - S.max(axis=1, keepdims=True))
    P = e / e.sum(axis=1, keepdims=True)
    return {"P": P, "dP": Y.copy(), "dS": P * Y}


def test_softmax_without_its_sum_is_not_told_as_a_factor_too_many() -> None:
    def loss(S: Any, Y: Any) -> Any:
        e = jnp.exp(S - jnp.max(S, axis=1, keepdims=True))
        return jnp.sum(mark(e / jnp.sum(e, axis=1, keepdims=True), "P") * Y)

    pair = Pair(attention_without_sum, loss, {"S": "n, m", "Y": "n, m"}, wrt="S")
    (cause,) = story_of(pair).causes
    assert str(cause) == "dS lacks the term −P Σ P ∗ dP"
