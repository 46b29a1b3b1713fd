"""Every mistake of the table is planted, and recognised by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name

from backproof.compare import Example, Pair, integers
from backproof.compare.builtin import Network
from backproof.compare.diagnosis import diagnosed, planted
from backproof.compare.finding import Finding
from backproof.compare.line import Line, consequences
from backproof.compare.mistakes import MISTAKES
from backproof.compare.search import search
from backproof.compare.trial import Trial

BY_NAME = {mistake.name: mistake for mistake in MISTAKES}


def network(hidden: str, output: str, loss: str) -> Pair:
    return Network(f"{hidden}-{output}", "deep", (hidden,), output, loss).pair()


def decayed(W, b, X, Y):
    """Linear regression with a penalty on W."""
    Z = checkpoint_name(W @ X + b, "Z")
    return jnp.sum((Z - Y) ** 2) / (2 * X.shape[1]) + 0.15 * jnp.sum(W**2)


def decayed_by_hand(W, b, X, Y):
    Z, m = W @ X + b, X.shape[1]
    dZ = (Z - Y) / m
    return {
        "Z": Z,
        "dZ": dZ,
        "dW": dZ @ X.T + W.dtype.type(0.3) * W,
        "db": dZ.sum(1, keepdims=True),
    }


def softmax(Z):
    return jax.nn.softmax(Z, axis=0)


def softmax_by_hand(Z, dS):
    e = np.exp(Z - Z.max(axis=0))
    S = e / e.sum(axis=0)
    return S * (dS - (dS * S).sum(axis=0))


def marked_softmax(Z, Y):
    return jnp.sum(checkpoint_name(softmax(Z), "S") * jnp.sin(Y))


def softmax_and_by_hand(Z, Y):
    e = np.exp(Z - Z.max(axis=0))
    S, dS = e / e.sum(axis=0), np.sin(Y)
    return {"S": S, "dS": dS, "dZ": S * (dS - (dS * S).sum(axis=0))}


def embedding(table, rows):
    return table[rows]


def embedding_by_hand(table, rows, dY):
    dtable = np.zeros_like(table)
    np.add.at(dtable, rows, dY)
    return dtable


def layer_norm(x, gain, shift):
    centred = x - jnp.mean(x, axis=1, keepdims=True)
    deviation = jnp.sqrt(jnp.mean(centred**2, axis=1, keepdims=True) + 2.0**-10)
    return centred / deviation * gain + shift


def layer_norm_by_hand(x, gain, shift, dy):
    centred = x - x.mean(axis=1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True) + x.dtype.type(2.0**-10))
    h, dh = centred / deviation, dy * gain
    terms = dh.mean(axis=1, keepdims=True) + h * (dh * h).mean(axis=1, keepdims=True)
    return {"dx": (dh - terms) / deviation, "dgain": (dy * h).sum(0), "dshift": dy.sum(0)}


def skip(x, W):
    """Two paths: x goes into both terms."""
    u = checkpoint_name(jnp.sin(x), "u")
    v = checkpoint_name(W @ x, "v")
    return jnp.sum(jnp.cos(u) * v) + jnp.sum(v**3)


def skip_by_hand(x, W):
    u, v = np.sin(x), W @ x
    du, dv = -np.sin(u) * v, np.cos(u) + 3 * v**2
    return {"u": u, "v": v, "du": du, "dv": dv, "dx": np.cos(x) * du + W.T @ dv, "dW": dv @ x.T}


def running(x):
    return jnp.cumsum(x, axis=1)


def running_by_hand(x, dy):
    return np.flip(np.cumsum(np.flip(dy, 1), 1), 1)


def filtered(x, k):
    """A convolution along a line, valid part only, written as a sum of shifts."""
    return sum(k[i] * x[:, i : x.shape[1] - 2 + i] for i in range(3))


def filtered_by_hand(x, k, dy):
    n = dy.shape[1]
    dx = np.zeros_like(x)
    for i in range(3):
        dx[:, i : n + i] += k[i] * dy
    return {"dx": dx, "dk": np.stack([(dy * x[:, i : n + i]).sum() for i in range(3)])}


SQUARE = {"W": "k, n", "b": "k, 1", "X": "n, m", "Y": "k, m"}
PAIRS: dict[str, Callable[[], Pair]] = {
    "tanh": lambda: network("tanh", "sigmoid", "cross_entropy"),
    "relu": lambda: network("relu", "sigmoid", "cross_entropy"),
    "leaky": lambda: network("leaky_relu", "identity", "half_squared_error"),
    "decay": lambda: Pair(decayed_by_hand, decayed, SQUARE, wrt=["W", "b"], name="decay"),
    "softmax": lambda: Pair(softmax_by_hand, softmax, {"Z": "n, m"}, upstream="dS"),
    "named softmax": lambda: Pair(
        softmax_and_by_hand, marked_softmax, {"Z": "n, m", "Y": "n, m"}, wrt="Z"
    ),
    "embedding": lambda: Pair(
        embedding_by_hand,
        embedding,
        {"table": "v, d", "rows": "int[t]"},
        {"rows": integers("v")},
        wrt="table",
        upstream="dY",
    ),
    "norm": lambda: Pair(
        layer_norm_by_hand,
        layer_norm,
        {"x": "m, n", "gain": "n", "shift": "n"},
        upstream="dy",
        constraints=["n >= 3"],
    ),
    "running": lambda: Pair(running_by_hand, running, {"x": "n, m"}, upstream="dy"),
    "filter": lambda: Pair(filtered_by_hand, filtered, {"x": "n, m + 2", "k": "3"}, upstream="dy"),
    "skip": lambda: Pair(skip_by_hand, skip, {"x": "n, m", "W": "n, n"}),
}
# Where each mistake is planted: a pair, the line, the details.
PLANTED = {
    "zeros": ("tanh", "db1", ""),
    "no mean": ("tanh", "dW1", "m"),
    "divided twice": ("tanh", "dW2", "m"),
    "wrong count": ("tanh", "dW1", "n_x in place of m"),
    "sign": ("relu", "dZ2", ""),
    "factor 2": ("tanh", "dZ2", "half"),
    "n − 1": ("norm", "dshift", "m − 1 in place of m"),
    "no activation derivative": ("tanh", "dZ1", "dA1"),
    "activation derivative twice": ("leaky", "dZ1", "dA1"),
    "slope assigned": ("leaky", "dZ1", "dA1"),
    "mask of the upstream gradient": ("relu", "dZ1", "dA1"),
    "updated parameter": ("tanh", "dA1", "W2 − 0.1 dW2 in place of W2"),
    "wrong array": ("tanh", "dZ1", "A1 in place of Z1"),
    "diagonal only": ("softmax", "dZ", "dS"),
    "sum missing": ("named softmax", "dZ", "−S Σ S ∗ dS"),
    "elementwise product": ("skip", "dW", "dv ∗ x"),
    "wrong activation derivative": ("tanh", "dZ1", "1 − Z1²"),
    "cancelled derivative": ("tanh", "dZ2", "A2(1 − A2)"),
    "wrong term": ("tanh", "dZ2", "Z2 in place of A2"),
    "label squared": ("tanh", "dZ2", "a = A2, y = Y"),
    "sign within": ("tanh", "dZ2", "a = A2, y = Y"),
    "transpose": ("skip", "dx", "W"),
    "penalty missing": ("decay", "dW", ""),
    "penalty twice": ("decay", "dW", ""),
    "factor ignored": ("norm", "dx", "gain"),
    "term ignored": ("tanh", "Z1", "b1"),
    "upstream ignored": ("embedding", "dtable", "dY"),
    "path missing": ("skip", "dx", "dv"),
    "constant factor": ("tanh", "dW1", "3"),
    "penalty added": ("decay", "db", "0.1 b too much"),
    "one step only": ("tanh", "dW1", "last of X along axis 1"),
    "= for +=": ("embedding", "dtable", "dY"),
    "steps backwards": ("running", "dx", "along axis 1"),
    "mean's term missing": ("norm", "dx", "over axis 1 of x"),
    "deviation's term missing": ("norm", "dx", "over axis 1 of x"),
    "other activation": ("tanh", "A1", "sigmoid of Z1"),
    "reordered": ("tanh", "dW1", "reversed along axis 0"),
    "flipped": ("filter", "dx", "k reversed along axis 0"),
    "summed too much": ("tanh", "db1", "summed over axis 0"),
    "clipped": ("tanh", "dW1", "0.1"),
    "part zero": ("tanh", "dW1", ""),
    "sign in part": ("tanh", "dW1", ""),
    "float32 digits": ("tanh", "dW1", ""),
    "other quantity": ("tanh", "db1", "b1"),
}
# Told under another name, which says the same of these numbers.
SAME = {
    "path missing": ("term ignored", "dx", "W"),
}


@cache
def the_pair(name: str) -> Pair:
    return PAIRS[name]()


def with_mistake(pair: Pair, mistake: str, name: str, details: str) -> Pair:
    """Return a pair whose hand-derived side makes a mistake in one line, and is right else."""

    def hand(**arguments: Any) -> dict[str, Any]:
        trial = Trial(pair, arguments, thorough=False)
        for found, wrong in planted(Line(trial, name), BY_NAME[mistake]):
            if found == details:
                return trial.hand | consequences(trial, name, wrong)
        return trial.hand

    return replace(pair, hand=hand)


def evidence(pair: Pair, name: str) -> list[tuple[Trial, list[str]]]:
    """Return unrelated problems, on which the line `name` is wrong."""
    random = np.random.default_rng(1)
    found = []
    for i in range(40):
        sides = random.integers(3, 6, len(pair.size_names)).tolist()
        example = Example(dict(zip(pair.size_names, sides, strict=True)), i)
        trial = Trial(pair, pair.arguments(example), thorough=False)
        if not np.allclose(trial.hand[name], trial.plain[name], rtol=1e-12):
            found.append((trial, [name]))
    return found[:8]


def test_there_is_a_case_for_every_mistake_of_the_table() -> None:
    assert list(PLANTED) == [mistake.name for mistake in MISTAKES]
    assert len(MISTAKES) >= 30


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_every_mistake_says_in_a_sentence_what_a_learner_needs(mistake: Any) -> None:
    assert mistake.lesson.endswith(".")
    assert "\n" not in mistake.lesson
    assert "{q}" in mistake.says


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_caught_and_recognised(mistake: str) -> None:
    where, name, details = PLANTED[mistake]
    pair = with_mistake(the_pair(where), mistake, name, details)
    report = search(pair, examples=60)
    assert report.failure is not None
    first = report.failure[0].first_wrong
    assert first is not None
    assert first.quantity == name
    (cause,) = diagnosed(evidence(pair, name))
    told = (cause.mistake.name, cause.quantity, cause.detail)
    assert told == SAME.get(mistake, (mistake, name, details))


@pytest.mark.parametrize("where", PAIRS)
def test_the_right_ones_agree(where: str) -> None:
    assert search(the_pair(where)).agrees


@pytest.mark.parametrize("where", ["tanh", "leaky"])
def test_a_mistake_in_a_line_that_is_not_shown_is_named_all_the_same(where: str) -> None:
    """With dW and db alone, the mistake in dZ1 explains both dW1 and db1."""
    whole = with_mistake(the_pair(where), "activation derivative twice", "dZ1", "dA1")

    def quiet(**arguments: Any) -> dict[str, Any]:
        results = whole.hand(**arguments)
        return {name: results[name] for name in ("dW1", "db1", "dW2", "db2", "dX")}

    report = search(Pair(quiet, whole.loss, whole.shapes, whole.values, whole.wrt, per_example="m"))
    assert report.story is not None
    (cause,) = report.story.causes
    assert (cause.mistake.name, cause.quantity) == ("activation derivative twice", "dZ1")


def test_what_no_row_explains_is_said_to_be_unrecognised() -> None:
    right = the_pair("tanh")

    def hand(**arguments: Any) -> dict[str, Any]:
        results = right.hand(**arguments)
        return results | {"dW1": np.cos(1 + results["dW1"])}

    pair = Pair(hand, right.loss, right.shapes, right.values, right.wrt, per_example="m")
    report = search(pair)
    assert report.story is not None
    assert report.story.causes == []
    assert "why       unrecognised: none of the known mistakes gives these numbers" in str(report)


def test_two_mistakes_are_told_apart_and_both_are_named() -> None:
    right = the_pair("tanh")

    def hand(**arguments: Any) -> dict[str, Any]:
        trial = Trial(right, arguments, thorough=False)
        wrong = trial.hand | consequences(trial, "dZ1", trial.hand["dA1"])
        m = arguments["X"].shape[1]
        return wrong | {"dW1": wrong["dW1"] * m}

    pair = Pair(hand, right.loss, right.shapes, right.values, right.wrt, per_example="m")
    report = search(pair)
    assert report.story is not None
    assert report.story.first.quantity == "dZ1"
    assert [(cause.quantity, cause.mistake.name) for cause in report.story.causes] == [
        ("dZ1", "no activation derivative"),
        ("dW1", "no mean"),
    ]


def test_a_finding_reads_as_a_sentence() -> None:
    finding = Finding("dW1", "wrong", (2, 3), (0, 1), 1.0, 2.0, note="because")
    assert str(finding) == "dW1 at [0, 1] wrong: because"
