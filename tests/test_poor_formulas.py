"""Formulas that are right and lose digits, or overflow, are never said to be wrong.

Each is what one writes first, before somebody shows how it cancels. It is imprecise, or not
finite; and with an error of a millionth it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name as mark
from pairs import with_hand

from backproof.compare import Pair, between, labels, positive, real, soft_labels
from backproof.compare.finding import (
    AGREES,
    BOTH_NOT_FINITE,
    IMPRECISE,
    INHERITS,
    NOT_FINITE,
    RAISES,
    WRONG,
)
from backproof.compare.search import search

EXAMPLES = 100
MILLIONTH = 1 + 1e-6


@dataclass(frozen=True)
class Formula:
    """A pair whose hand-derived side has a poor formula, and the verdict that shows it.

    Also that of its gradients `alone`, where it shows more than those.
    """

    name: str
    verdict: str
    pair: Pair
    alone: str = ""


def layer(hand: Callable[..., Any], function: Callable[..., Any], **options: Any) -> Pair:
    """Return the pair of a layer, which returns Y for x unless `options` say otherwise."""
    return Pair(hand, function, **{"shapes": {"x": "n"}, "upstream": "dY"} | options)


# Saturation and overflow.


def through_dA(z, y):
    A = 1 / (1 + np.exp(-z))
    dA = -y / A + (1 - y) / (1 - A)
    return {"A": A, "dA": dA, "dz": dA * A * (1 - A)}


def without_dA(z, y):
    return {"dz": through_dA(z, y)["dz"]}


def cross_entropy(z, y):
    return jnp.sum(y * jax.nn.softplus(-z) + (1 - y) * jax.nn.softplus(z))


def naive_cross_entropy(z, y):
    A = mark(jax.nn.sigmoid(z), "A")
    return -jnp.sum(y * jnp.log(A) + (1 - y) * jnp.log(1 - A))


OF_LABELS = {
    "shapes": {"z": "n", "y": "n"},
    "wrt": "z",
    "values": {"y": labels(), "z": real("unit", "large")},
}


def naive_softmax(x, dY):
    Y = np.exp(x) / np.exp(x).sum(axis=0)
    return {"Y": Y, "dx": Y * (dY - (Y * dY).sum(axis=0))}


def softmax(x):
    return jax.nn.softmax(x, axis=0)


def divided_again(x, T):
    S = np.exp(x - x.max(axis=0)) / np.exp(x - x.max(axis=0)).sum(axis=0)
    dS = -T / S
    return {"dx": S * (dS - (S * dS).sum(axis=0))}


def softmax_cross_entropy(x, T):
    return -jnp.sum(T * jax.nn.log_softmax(x, axis=0))


def naive_logsumexp(x, dY):
    return {"Y": np.log(np.exp(x).sum(axis=0)), "dx": dY * np.exp(x) / np.exp(x).sum(axis=0)}


def naive_softplus(x, dY):
    return {"Y": np.log(1 + np.exp(x)), "dx": dY * np.exp(x) / (1 + np.exp(x))}


def sigmoid_of_exp(x, dY):
    Y = np.exp(x) / (1 + np.exp(x))
    return {"Y": Y, "dx": dY * Y * (1 - Y)}


def tanh_of_exp(x, dY):
    Y = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    return {"Y": Y, "dx": dY * (1 - Y**2)}


def naive_hypotenuse(a, b, dY):
    Y = np.sqrt(a**2 + b**2)
    return {"da": dY * a / Y, "db": dY * b / Y}


def huge(random, shape, sizes):
    return random.standard_normal(shape) * 2.0**70


# Cancellation.


def one_pass(x, dY):
    n = x.shape[0]
    mean, var = x.mean(axis=0), (x**2).mean(axis=0) - x.mean(axis=0) ** 2
    h = (x - mean) / np.sqrt(var + x.dtype.type(0.01))
    dvar = -(dY * h).sum(axis=0) / (var + x.dtype.type(0.01)) / 2
    dx = (dY - dY.mean(axis=0)) / np.sqrt(var + x.dtype.type(0.01)) + 2 * dvar * (x - mean) / n
    return {"var": var, "dvar": dvar, "dx": dx}


def batch_norm(x):
    mean = jnp.mean(x, axis=0)
    var = mark(jnp.mean((x - mean) ** 2, axis=0), "var")
    return (x - mean) / jnp.sqrt(var + 0.01)


def exp_minus_one(x, dY):
    return {"Y": (np.exp(x) - 1) ** 2, "dx": dY * 2 * (np.exp(x) - 1) * np.exp(x)}


def one_minus_cos(x, dY):
    return {"Y": 1 - np.cos(x), "dx": dY * np.sin(x)}


def squared_one_minus_cos(x, dY):
    return {"dx": dY * 2 * (1 - np.cos(x)) * np.sin(x)}


def log_of_one_plus(x, dY):
    return {"Y": np.log(1 + x), "dx": dY / (1 + x)}


def quadratic(b, c, dY):
    root = np.sqrt(b**2 - c)
    Y = -b + root
    return {"Y": Y, "db": dY * (-1 + b / root), "dc": -dY / (2 * root)}


def smaller_root(b, c):
    return -c / (b + jnp.sqrt(b**2 - c))


def expanded_cube(x, dY):
    return {"Y": x**3 - 3 * x**2 + 3 * x - 1, "dx": dY * (3 * x**2 - 6 * x + 3)}


def expanded_distance(x, y, dY):
    Y = (x**2).sum(axis=1) - 2 * (x * y).sum(axis=1) + (y**2).sum(axis=1)
    return {"Y": Y, "dx": 2 * dY[:, None] * x - 2 * dY[:, None] * y}


def total_minus_prefix(x, dY):
    return {"dx": dY.sum() - np.cumsum(dY) + dY}


def from_the_end(x, dY):
    return {"dx": np.cumsum(dY[::-1])[::-1]}


def sinc_prime(x, dY):
    return {"dx": dY * (np.cos(x) / x - np.sin(x) / x**2)}


def sinc(x):
    """The sine of x over x, of x from 0.01 to 0.1, by its series."""
    return 1 - x**2 / 6 * (1 - x**2 / 20 * (1 - x**2 / 42 * (1 - x**2 / 72 * (1 - x**2 / 110))))


COLUMNS, NEAR, SMALL = {"shapes": {"x": "k, m"}}, between(0.99, 1.01), real("tiny", "unit")
OF_EXP = {"values": {"x": real("unit", "mixed")}}
FORMULAS = [
    Formula("dA · A (1 − A)", NOT_FINITE, Pair(without_dA, cross_entropy, **OF_LABELS)),
    Formula(
        "dA · A (1 − A), as JAX does",
        BOTH_NOT_FINITE,
        Pair(through_dA, naive_cross_entropy, **OF_LABELS),
        BOTH_NOT_FINITE,
    ),
    Formula(
        "softmax of large numbers",
        NOT_FINITE,
        layer(naive_softmax, softmax, **COLUMNS, **OF_EXP),
        NOT_FINITE,
    ),
    Formula(
        "softmax's cross-entropy through −t/s",
        NOT_FINITE,
        Pair(
            divided_again,
            softmax_cross_entropy,
            {"x": "k, m", "T": "k, m"},
            {"T": soft_labels(), **OF_EXP["values"]},
            "x",
        ),
    ),
    Formula(
        "log Σ eˣ",
        NOT_FINITE,
        layer(naive_logsumexp, lambda x: jax.nn.logsumexp(x, axis=0), **COLUMNS, **OF_EXP),
        NOT_FINITE,
    ),
    Formula(
        "log(1 + eˣ)",
        NOT_FINITE,
        layer(naive_softplus, lambda x: jax.nn.softplus(x), **OF_EXP),
        NOT_FINITE,
    ),
    Formula(
        "eˣ/(1 + eˣ)",
        NOT_FINITE,
        layer(sigmoid_of_exp, lambda x: jax.nn.sigmoid(x), **OF_EXP),
        NOT_FINITE,
    ),
    Formula(
        "tanh of exponentials",
        NOT_FINITE,
        layer(tanh_of_exp, lambda x: jnp.tanh(x), **OF_EXP),
        NOT_FINITE,
    ),
    Formula(
        "√(a² + b²)",
        IMPRECISE,
        layer(
            naive_hypotenuse,
            lambda a, b: jnp.hypot(a, b),
            shapes={"a": "n", "b": "n"},
            values={"a": huge, "b": huge},
        ),
    ),
    Formula(
        "E[x²] − E[x]²",
        IMPRECISE,
        layer(one_pass, batch_norm, shapes={"x": "n, m"}, values={"x": between(30, 31)}),
        IMPRECISE,
    ),
    Formula(
        "eˣ − 1",
        IMPRECISE,
        layer(exp_minus_one, lambda x: jnp.expm1(x) ** 2, values={"x": SMALL}),
        IMPRECISE,
    ),
    Formula(
        "1 − cos x",
        IMPRECISE,
        layer(one_minus_cos, lambda x: 2 * jnp.sin(x / 2) ** 2, values={"x": SMALL}),
        AGREES,
    ),
    Formula(
        "(1 − cos x)²",
        IMPRECISE,
        layer(squared_one_minus_cos, lambda x: 4 * jnp.sin(x / 2) ** 4, values={"x": SMALL}),
    ),
    Formula(
        "log(1 + x)",
        IMPRECISE,
        layer(log_of_one_plus, lambda x: jnp.log1p(x), values={"x": positive()}),
        AGREES,
    ),
    Formula(
        "−b + √(b² − c)",
        IMPRECISE,
        layer(
            quadratic,
            smaller_root,
            shapes={"b": "n", "c": "n"},
            values={"b": between(2, 1000), "c": between(0.01, 1)},
        ),
        IMPRECISE,
    ),
    Formula(
        "(x − 1)³ expanded",
        IMPRECISE,
        layer(expanded_cube, lambda x: (x - 1) ** 3, values={"x": NEAR}),
        IMPRECISE,
    ),
    Formula(
        "‖x − y‖² expanded",
        IMPRECISE,
        layer(
            expanded_distance,
            lambda x, y: jnp.sum((x - y) ** 2, axis=1),
            shapes={"x": "n, k", "y": "n, k"},
            wrt="x",
            values={"x": NEAR, "y": NEAR},
        ),
        IMPRECISE,
    ),
    Formula(
        "a sum, less what comes before",
        IMPRECISE,
        layer(total_minus_prefix, lambda x: jnp.cumsum(x)),
    ),
    Formula("sums from the other end", AGREES, layer(from_the_end, lambda x: jnp.cumsum(x))),
    Formula(
        "cos x/x − sin x/x²", IMPRECISE, layer(sinc_prime, sinc, values={"x": between(0.01, 0.1)})
    ),
]


def in_float32(x, dY):
    """Digits are thrown away on the way, which no other precision brings back."""
    return {"dx": (np.float32(dY) * np.exp(np.float32(x))).astype(x.dtype)}


def alone(pair: Pair) -> Pair:
    """Return the pair with a hand-derived side that shows nothing on the way to its gradients."""
    ends = {f"d{leaf.name}" for leaf in pair.leaves}

    def hand(**arguments: Any) -> dict[str, Any]:
        return {name: v for name, v in pair.hand(**arguments).items() if name in ends}

    return with_hand(pair, hand)


def off_by_a_millionth(pair: Pair) -> Pair:
    """Return the pair with a hand-derived side whose gradients are off by so little."""

    def hand(**arguments: Any) -> dict[str, Any]:
        results = pair.hand(**arguments)
        return {n: v * v.dtype.type(MILLIONTH) if n[0] == "d" else v for n, v in results.items()}

    return with_hand(pair, hand)


each_formula = pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)


def check_not_wrong(pair: Pair, verdict: str) -> None:
    report = search(pair, EXAMPLES)
    assert not report.fault
    assert {WRONG, INHERITS}.isdisjoint(report.verdicts), report.failure
    assert verdict in report.verdicts, dict(report.verdicts)
    assert report.agrees == (verdict != NOT_FINITE)


@each_formula
def test_a_poor_formula_is_not_wrong(formula: Formula) -> None:
    check_not_wrong(formula.pair, formula.verdict)


@pytest.mark.parametrize("formula", [f for f in FORMULAS if f.alone], ids=lambda f: f.name)
def test_nor_is_its_gradient_alone(formula: Formula) -> None:
    check_not_wrong(alone(formula.pair), formula.alone)


@each_formula
def test_off_by_a_millionth_it_is_wrong(formula: Formula) -> None:
    assert search(off_by_a_millionth(formula.pair), EXAMPLES).verdict == WRONG


@pytest.mark.parametrize(
    "formula", [f for f in FORMULAS if f.verdict == NOT_FINITE], ids=lambda formula: formula.name
)
def test_where_nothing_overflows_it_agrees(formula: Formula) -> None:
    small = {name: real("unit") for name in formula.pair.values if name in ("x", "z")}
    report = search(replace(formula.pair, values={**formula.pair.values, **small}), EXAMPLES // 4)
    assert report.verdicts[AGREES] > 0.9 * report.quantities
    assert report.agrees


def test_what_went_through_float32_is_wrong_in_float64() -> None:
    report = search(layer(in_float32, lambda x: jnp.exp(x)), EXAMPLES)
    assert report.verdict == WRONG
    assert report.story is not None
    assert report.story.example.dtype == "float64"
    assert [cause.mistake.name for cause in report.story.causes] == ["float32 digits"]


@pytest.mark.parametrize("off", [1e-1, 1e-2, 1e-3, 1e-4])
def test_what_is_wrong_in_float32_only_is_wrong(off: float) -> None:
    """Its error falls with the unit roundoff, and by more than that."""

    def hand(x: Any, dY: Any) -> dict[str, Any]:
        return {"dx": dY * np.exp(x) * x.dtype.type(1 + off * (x.dtype == np.float32))}

    report = search(layer(hand, lambda x: jnp.exp(x)), EXAMPLES)
    assert report.verdict == WRONG
    assert report.failure is not None
    assert report.failure[1].dtype == "float32"


def careful(x: Any) -> Any:
    if not np.all(x):
        raise ZeroDivisionError("log 0")
    return 1 / x


def test_a_hand_may_raise_where_autodiff_is_not_finite() -> None:
    report = search(Pair(careful, lambda x: jnp.sum(jnp.log(jnp.abs(x))), {"x": "n"}), EXAMPLES)
    assert report.agrees
    finding, _ = report.noted[BOTH_NOT_FINITE]
    assert "ZeroDivisionError: log 0 (test_poor_formulas.py, line" in finding.note


def test_and_may_not_where_it_is() -> None:
    of_square = Pair(lambda x: 2 / careful(x), lambda x: jnp.sum(x**2), {"x": "n"})
    report = search(of_square, EXAMPLES)
    assert report.failure is not None
    assert report.failure[0].findings[0].verdict == RAISES
