"""Where a gradient by hand and JAX's differ although nothing is derived wrongly: who is right.

Kinks, smooth points that JAX reaches by a tie, numbers that saturate, NaN, types of numbers. Each
row of the tables is judged in both precisions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pairs import with_hand

from backproof.compare import Pair, between, integers, judge, labels, positive, real
from backproof.compare.example import Example
from backproof.compare.finding import (
    AGREES,
    AUTODIFF_NOT_FINITE,
    AUTODIFF_WRONG,
    BOTH_NOT_FINITE,
    DTYPE,
    IMPRECISE,
    KINK,
    NOT_FINITE,
    WRONG,
)
from backproof.compare.search import search
from backproof.compare.values import LABELS, REAL, choice

DTYPES = ("float32", "float64")
Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """A pair, arrays to judge it on, and the verdict: in float32 and in float64, if they differ.

    `note` is part of what the finding says besides.
    """

    name: str
    pair: Pair
    arrays: Mapping[str, Any]
    verdict: str | tuple[str, str]
    note: str = ""

    def expected(self, dtype: str) -> str:
        """Return the verdict in this precision."""
        return self.verdict if isinstance(self.verdict, str) else self.verdict[DTYPES.index(dtype)]

    def given(self, dtype: str) -> dict[str, Any]:
        """Return the arrays, floats in this precision."""
        arrays = {name: np.asarray(array) for name, array in self.arrays.items()}
        return {n: a.astype(dtype) if a.dtype.kind == "f" else a for n, a in arrays.items()}


@cache
def of_layer(g: Function, shapes: str) -> Pair:
    """Return a pair of a layer of z alone, whose hand-derived side does not matter."""
    return Pair(g, lambda z: g(z), shapes={"z": shapes}, upstream="dY")


def layer(g: Function, derivative: Function, shapes: str = "n") -> Pair:
    """Return the pair of a layer of z alone, and of its derivative (z, dY) → dz."""

    def hand(z: Any, dY: Any) -> Any:
        return {"dz": np.asarray(derivative(z, dY), z.dtype)}

    return with_hand(of_layer(g, shapes), hand)


def elementwise(name: str, g: Function, slope: Function, z: list[float], *verdict: Any) -> Case:
    """Return a case of a function of one number and its slope; upstream gradients are 3, 4, …."""
    arrays = {"z": np.array(z, float), "dY": np.arange(3.0, 3.0 + len(z))}
    return Case(name, layer(g, lambda z, dY: dY * slope(z)), arrays, *verdict)


# Kinks: the slope below and above one, and what JAX takes there.

KINKED: dict[str, tuple[Function, float, tuple[float, float], float]] = {
    "jax.nn.relu": (jax.nn.relu, 0, (0, 1), 0),
    "max(z, 0)": (lambda z: jnp.maximum(z, 0), 0, (0, 1), 0.5),
    "clip(z, 0)": (lambda z: jnp.clip(z, 0), 0, (0, 1), 0.5),
    "where(z ≥ 0, z, 0)": (lambda z: jnp.where(z >= 0, z, 0), 0, (0, 1), 1),
    "where(z > 0, z, 0)": (lambda z: jnp.where(z > 0, z, 0), 0, (0, 1), 0),
    "leaky_relu": (jax.nn.leaky_relu, 0, (0.01, 1), 1),
    "hard_tanh": (jax.nn.hard_tanh, 1, (1, 0), 1),
    "elu, α = ½": (lambda z: jax.nn.elu(z, 0.5), 0, (0.5, 1), 0.5),
    "abs": (jnp.abs, 0, (-1, 1), 1),
}


def at_kink(name: str, share: float) -> Case:
    """The slope at a kink, chosen by hand so much of the way from the lower one to the upper one.

    Either both have chosen the same, or the note tells what each has; beyond the two, it is wrong.
    """
    g, kink, slopes, by_autodiff = KINKED[name]
    below, above = slopes
    low, high = sorted(slopes)
    by_hand = low + share * (high - low)

    def slope(z: Any) -> Any:
        return np.where(z > kink, above, np.where(z < kink, below, by_hand))

    ends = f"one-sided derivatives {3 * low:.4g} and {3 * high:.4g}"
    verdict, note = (KINK if 0 <= share <= 1 else WRONG), ends
    if by_hand == by_autodiff:
        verdict, note = AGREES, ""
    elif verdict == KINK:
        words = {0: "the lower", 0.25: "0.25 of the way up", 0.5: "half-way", 1: "the upper"}
        chosen = {"hand": by_hand, "autodiff": by_autodiff}
        note += ": " + "; ".join(
            f"{3 * slope:.4g} by {who}, {words[(slope - low) / (high - low)]}"
            for who, slope in chosen.items()
        )
    z = [float(kink), kink + 0.25]
    return elementwise(f"{name}: {by_hand:g} by hand", g, slope, z, verdict, note)


def sign(z: Any) -> Any:
    return np.sign(z)


def largest(which: Function) -> Function:
    """Return the derivative of a maximum that gives all to one of its equals."""

    def derivative(z: Any, dY: Any) -> Any:
        dz = np.zeros_like(z)
        dz[which(np.flatnonzero(z == z.max()))] = dY
        return dz

    return derivative


def evenly(z: Any, dY: Any) -> Any:
    return (z == z.max()) * dY / (z == z.max()).sum()


def to_each(z: Any, dY: Any) -> Any:
    return (z == z.max()) * dY


TIED = {"z": np.array([1.0, 3, 2, 3, 3]), "dY": np.array(2.0)}
UPPER = "one-sided derivatives 0 and 2: 2 by hand, the upper; 0.6667 by autodiff, 0.33"
KINKS = [
    *(at_kink(name, share) for name in KINKED for share in (0, 0.25, 0.5, 1, -0.01, 1.5)),
    elementwise("abs at ±0, np.sign", jnp.abs, sign, [-1, 0.0, -0.0, 1], KINK, "0 by hand, half-"),
    elementwise("abs at −0 alone", jnp.abs, sign, [-0.0], KINK, "0 by hand, half-way; 3 by autod"),
    Case("max, all to the first", layer(jnp.max, largest(lambda i: i[0])), TIED, KINK, UPPER),
    Case("max, all to the last", layer(jnp.max, largest(lambda i: i[-1])), TIED, KINK, UPPER),
    Case("max, all to the second", layer(jnp.max, largest(lambda i: i[1])), TIED, KINK, UPPER),
    Case("max, split evenly", layer(jnp.max, evenly), TIED, AGREES),
    Case("max, all to each", layer(jnp.max, to_each), TIED, WRONG, "not all at once"),
    Case(
        "max of 19 equals, all to the tenth",
        layer(jnp.max, largest(lambda i: i[9])),
        {"z": np.zeros(19), "dY": np.array(2.0)},
        KINK,
        "2 by hand, the upper; 0.1053 by autodiff",
    ),
]


# Smooth points that JAX reaches by a tie.


def sigmoid(z: Any) -> Any:
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


@cache
def of_loss(loss: Function) -> Pair:
    """Return a pair of a loss of logits z and labels y, whose hand-derived side does not matter."""
    shapes, values = {"z": "n", "y": "n"}, {"y": labels()}
    return Pair(loss, loss, shapes, values, wrt="z")


def of_cross_entropy(loss: Function, derivative: Function | None = None) -> Pair:
    """Return the pair of a cross-entropy of logits and labels, and of a − y if not of another."""

    def hand(z: Any, y: Any) -> Any:
        return {"dz": np.asarray((derivative or a_minus_y)(z, y), z.dtype)}

    return with_hand(of_loss(loss), hand)


def a_minus_y(z: Any, y: Any) -> Any:
    return sigmoid(z) - y


def exact(z: Any, y: Any) -> Any:
    """The same without a difference of equals: −y σ(−z) + (1 − y) σ(z)."""
    return (1 - y) * sigmoid(z) - y * sigmoid(-z)


def with_maximum(z: Any, y: Any) -> Any:
    return jnp.sum(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))


def with_relu(z: Any, y: Any) -> Any:
    return jnp.sum(jax.nn.relu(z) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))


def with_logaddexp(z: Any, y: Any) -> Any:
    return jnp.sum(jnp.logaddexp(z, 0) - z * y)


def at_zero(instead: Function) -> Function:
    """Return a − y with another derivative at z = 0."""
    return lambda z, y: np.where(z == 0, instead(y), a_minus_y(z, y))


START = {"z": np.array([0.0, 0, 0, 1, -2]), "y": np.array([0.25, 0, 1, 1, 0])}
SMOOTH = "a smooth point: the derivative from every side is "
SMOOTH_POINTS = [
    *(
        case
        for name, loss, of_jax in (
            ("max(z, 0)", with_maximum, lambda y: -y),
            ("jax.nn.relu", with_relu, lambda y: -y - 0.5),
        )
        for case in (
            Case(
                f"{name} − zy + log1p(exp(−|z|)) at 0",
                of_cross_entropy(loss),
                START,
                AUTODIFF_WRONG,
                SMOOTH + "0.25",
            ),
            Case(
                f"{name}: JAX's derivative copied by hand",
                of_cross_entropy(loss, at_zero(of_jax)),
                START,
                WRONG,
                SMOOTH + "0.25, and autodiff is wrong in the same way",
            ),
            Case(
                f"{name}: σ′(0) taken for σ(0)",
                of_cross_entropy(loss, at_zero(lambda y: 0.25 - y)),
                START,
                WRONG,
                SMOOTH + "0.25",
            ),
            Case(
                f"{name}: what complex step gives",
                of_cross_entropy(loss, at_zero(lambda y: 1 - y)),
                START,
                WRONG,
                SMOOTH + "0.25",
            ),
        )
    ),
    Case("log(e^z + 1) − zy at 0", of_cross_entropy(with_logaddexp), START, AGREES),
    Case(
        "log(e^z + 1) − zy at 0: what complex step gives",
        of_cross_entropy(with_logaddexp, at_zero(lambda y: 1 - y)),
        START,
        WRONG,
    ),
    *(
        elementwise(
            f"elu at 0: {slope:g} by hand",
            jax.nn.elu,
            lambda z, slope=slope: np.where(z > 0, 1, np.where(z < 0, np.exp(z), slope)),
            [-1, 0, 1],
            verdict,
        )
        for slope, verdict in ((1, AGREES), (0, WRONG), (0.5, WRONG))
    ),
    elementwise(
        "relu(z) − relu(−z), which is z",
        lambda z: jax.nn.relu(z) - jax.nn.relu(-z),
        np.ones_like,
        [-1, 0, 1],
        AUTODIFF_WRONG,
        SMOOTH + "4",
    ),
]


# Numbers that saturate.


def naive(z: Any, y: Any) -> Any:
    a = jax.nn.sigmoid(z)
    return -jnp.sum(y * jnp.log(a) + (1 - y) * jnp.log(1 - a))


def with_epsilon(z: Any, y: Any) -> Any:
    a = jax.nn.sigmoid(z)
    return -jnp.sum(y * jnp.log(a + 1e-7) + (1 - y) * jnp.log(1 - a + 1e-7))


def with_clip(z: Any, y: Any) -> Any:
    a = jnp.clip(jax.nn.sigmoid(z), 1e-7, 1 - 1e-7)
    return -jnp.sum(y * jnp.log(a) + (1 - y) * jnp.log(1 - a))


def softplus_minus(z: Any, y: Any) -> Any:
    return jnp.sum(jax.nn.softplus(z) - y * z)


def both_softplus(z: Any, y: Any) -> Any:
    return jnp.sum(y * jax.nn.softplus(-z) + (1 - y) * jax.nn.softplus(z))


def never_learns(z: Any, y: Any) -> Any:
    return np.where(np.abs(z) > 15, 5, a_minus_y(z, y))


def at(name: str, pair: Pair, z: float, y: float, *verdict: Any) -> Case:
    arrays = {"z": np.array([z], float), "y": np.array([y], float)}
    return Case(f"{name}, z = {z:g}, y = {y:g}", pair, arrays, *verdict)


NAIVE, NAIVE_AND_WRONG = of_cross_entropy(naive), of_cross_entropy(naive, never_learns)
EPSILON, CLIP = of_cross_entropy(with_epsilon), of_cross_entropy(with_clip)
IN_FLOAT32, IN_BOTH = (AUTODIFF_NOT_FINITE, AGREES), AUTODIFF_NOT_FINITE
DIFFERENCE = {hand: of_cross_entropy(softplus_minus, hand) for hand in (a_minus_y, exact)}
SUM = {hand: of_cross_entropy(both_softplus, hand) for hand in (a_minus_y, exact)}
FAR = np.array([-800.0, -100, -40, -17, -1, 0, 1, 17, 40, 100, 800])
SATURATED = [
    *(
        at("naive cross-entropy", NAIVE, z, y, verdict)
        for z, verdict in (
            (16, AGREES),
            (17, IN_FLOAT32),
            (36, IN_FLOAT32),
            (37, IN_BOTH),
            (60, IN_BOTH),
            (-88, AGREES),  # XLA takes e⁻⁸⁸ for 0 in float32, and has NaN from here
            (-89, IN_FLOAT32),
            (-745, IN_BOTH),
        )
        for y in (0, 0.5)
    ),
    at("naive cross-entropy", NAIVE, 17, 1, IN_FLOAT32),
    at("naive cross-entropy", NAIVE, 36, 1, (AUTODIFF_NOT_FINITE, IMPRECISE)),
    at("naive cross-entropy", NAIVE, 37, 1, IN_BOTH),
    at("naive cross-entropy", NAIVE, -745, 1, IN_BOTH, "nan by autodiff, -1 by hand"),
    Case(
        "naive cross-entropy, some entries far out",
        NAIVE,
        {"z": [1.0, 36, 40, -3], "y": [0.5, 1, 0, 0]},
        IN_BOTH,
    ),
    at("5 where autodiff is NaN", NAIVE_AND_WRONG, 17, 0, WRONG),
    at("5 where autodiff is NaN", NAIVE_AND_WRONG, 40, 0, WRONG, "nan by autodiff, 1 with more"),
    at("5 where no precision is finite", NAIVE_AND_WRONG, 100, 0, IN_BOTH),
    # These are other losses: what is right of the cross-entropy is wrong of them.
    at("log(a + ε)", EPSILON, 0.5, 1, (AGREES, WRONG)),
    at("log(a + ε)", EPSILON, 18, 0, WRONG),
    at("log(a + ε)", EPSILON, 100, 0, WRONG),
    at("log of clipped a", CLIP, 12, 0, AGREES),
    at("log of clipped a", CLIP, 18, 0, WRONG),
    at("log of clipped a", CLIP, -40, 1, WRONG),
    *(
        Case(
            f"softplus(z) − yz, {hand.__name__}, y = {y:g}",
            pair,
            {"z": FAR, "y": 0 * FAR + y},
            AGREES,
        )
        for hand, pair in DIFFERENCE.items()
        for y in (0, 0.25, 1)
    ),
    *(
        at(f"softplus(z) − yz, {hand.__name__}", pair, z, 1, AGREES)
        for hand, pair in DIFFERENCE.items()
        for z in (16, 36, 100)
    ),
    *(
        Case(
            f"y softplus(−z) + …, exact, y = {y:g}",
            SUM[exact],
            {"z": FAR, "y": 0 * FAR + y},
            AGREES,
        )
        for y in (0, 0.25, 1)
    ),
    *(at("y softplus(−z) + …, exact", SUM[exact], z, 1, AGREES) for z in (16, 36, 100)),
    *(at("a − y", SUM[a_minus_y], z, y, AGREES) for z in (16, 36, 100) for y in (0, 0.25)),
    at("a − y", SUM[a_minus_y], 16, 1, IMPRECISE, " digits are lost"),
    at("a − y", SUM[a_minus_y], 36, 1, IMPRECISE, " digits are lost"),
    at("a − y", SUM[a_minus_y], 60, 1, IMPRECISE, " digits are lost"),
    at("a − y", SUM[a_minus_y], 100, 1, IMPRECISE, " digits are lost"),
    *(
        elementwise(f"tanh at {z:g}: {words}", jnp.tanh, slope, [z], AGREES)
        for z in (0.5, 7, 8, 9, 10, 18, 19, 20, 100, -20)
        for words, slope in (
            ("1 − tanh²", lambda z: 1 - np.tanh(z) ** 2),
            ("1/cosh²", lambda z: 1 / np.cosh(z) ** 2),
        )
    ),
]


# NaN by one side.


def of_root(z: Any, dY: Any) -> Any:
    return np.where(z > 0, dY / 2 / np.sqrt(np.where(z > 0, z, 1)), 0)


def of_norm(z: Any, dY: Any) -> Any:
    return dY * z / (np.sqrt(np.sum(z * z)) or 1)


def of_deviation(z: Any, dY: Any) -> Any:
    return dY * (z - z.mean()) / (z.std() or 1) / z.size


def once_guarded(z: Any) -> Any:
    return jnp.where(z > 0, jnp.sqrt(z), 0)


def twice_guarded(z: Any) -> Any:
    return jnp.where(z > 0, jnp.sqrt(jnp.where(z > 0, z, 1)), 0)


def guarded_norm(z: Any) -> Any:
    s = jnp.sum(z * z)
    return jnp.where(s > 0, jnp.sqrt(jnp.where(s > 0, s, 1)), 0)


ORIGIN, LEVEL = {"z": np.zeros(3), "dY": 2.0}, {"z": np.full(3, 0.5), "dY": 2.0}
ROOTS = {"z": np.array([0.0, 4, 1]), "dY": np.array([2.0, 3, 4])}
NOT_FINITES = [
    Case("where(z > 0, √z, 0) at 0", layer(once_guarded, of_root), ROOTS, IN_BOTH, "nan by autod"),
    Case("double where at 0", layer(twice_guarded, of_root), ROOTS, AGREES),
    Case("norm at 0", layer(jnp.linalg.norm, of_norm), ORIGIN, IN_BOTH, "nan by autodiff, 0 by"),
    Case("√Σz² at 0", layer(lambda z: jnp.sqrt(jnp.sum(z * z)), of_norm), ORIGIN, IN_BOTH),
    Case("norm with double where at 0", layer(guarded_norm, of_norm), ORIGIN, AGREES),
    Case("deviation of a constant", layer(jnp.std, of_deviation), LEVEL, IN_BOTH, "nan by autod"),
    Case(
        "norm at 0, 0/0 by hand",
        layer(jnp.linalg.norm, lambda z, dY: dY * z / np.linalg.norm(z)),
        ORIGIN,
        BOTH_NOT_FINITE,
    ),
    Case(
        "norm with double where at 0, 0/0 by hand",
        layer(guarded_norm, lambda z, dY: dY * z / np.linalg.norm(z)),
        ORIGIN,
        NOT_FINITE,
        "nan by hand",
    ),
    Case(
        "NaN in one row does not hide what is wrong in another",
        layer(
            lambda z: jnp.linalg.norm(z, axis=1),
            lambda z, dY: 1.5 * (dY * z.T / np.maximum(np.hypot(*z.T), 1e-30)).T,
            "n, 2",
        ),
        {"z": np.array([[0.0, 0], [3, 4]]), "dY": np.array([2.0, 3])},
        WRONG,
    ),
]


# Types of numbers.


def half_squared_error(z: Any, y: Any) -> Any:
    return jnp.sum((z - y) ** 2) / 2


def of_squared_error(hand: Function, y: str = "n", **options: Any) -> Pair:
    return Pair(
        lambda z, y: {"dz": hand(z, y)},
        half_squared_error,
        shapes={"z": "n", "y": y},
        wrt="z",
        **options,
    )


def minus_first(z: Any, y: Any) -> Any:
    """−y + z, which wraps unsigned labels: −1 is 255."""
    return -y + z


BINARY, WHOLE = {"z": [0.5, 2.0], "y": [0.0, 1]}, {"z": [0.5, 2.0], "y": [0, 1]}
BYTES = {"z": [0.5, 2.0], "y": np.array([0, 1], np.uint8)}
INTEGERS = {"y": "int[n]", "values": {"y": integers(below=2)}}
TYPES = [
    Case(
        "float32 − int64 is float64",
        of_squared_error(lambda z, y: z - y, **INTEGERS),
        WHOLE,
        (DTYPE, AGREES),
    ),
    Case(
        "labels cast at the door",
        of_squared_error(lambda z, y: z - y.astype(z.dtype), **INTEGERS),
        WHOLE,
        AGREES,
    ),
    Case("−y of floats", of_squared_error(minus_first), BINARY, AGREES),
    Case("−y of uint8", of_squared_error(minus_first), BYTES, WRONG),
    Case(
        "−y of uint8, cast at the door",
        of_squared_error(lambda z, y: minus_first(z, y.astype(z.dtype))),
        BYTES,
        AGREES,
    ),
    Case(
        "jnp.asarray without x64",
        of_squared_error(lambda z, y: jnp.asarray(z) - jnp.asarray(y)),
        BINARY,
        (AGREES, DTYPE),
    ),
    Case(
        "through float32 and back",
        of_squared_error(lambda z, y: np.asarray(jnp.asarray(z) - jnp.asarray(y), z.dtype)),
        {"z": [0.1, 2.3], "y": [0.0, 1]},
        (AGREES, WRONG),
    ),
]
CASES = [*KINKS, *SMOOTH_POINTS, *SATURATED, *NOT_FINITES, *TYPES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_who_is_right(case: Case) -> None:
    for dtype in DTYPES:
        finding = judge(case.pair, **case.given(dtype)).of("dz")
        assert finding.verdict == case.expected(dtype), (dtype, str(finding))
        assert case.note in finding.note, (dtype, finding.note)


def network(g: Function, value: Function, slope: Function) -> Pair:
    """Return the pair of two layers without biases, whose hand-derived side shows no intermediate."""

    def hand(W: Any, V: Any, X: Any, dY: Any) -> dict[str, Any]:
        Z = W @ X
        A = value(Z)
        dU = dY * slope(V @ A)
        dZ = (V.T @ dU) * slope(Z)
        return {"dW": dZ @ X.T, "dV": dU @ A.T, "dX": W.T @ dZ}

    kinds = real("zeros", "integers", "one_hot")
    return Pair(
        hand,
        lambda W, V, X: g(V @ g(W @ X)),
        shapes={"W": "h, n", "V": "k, h", "X": "n, m"},
        values={"W": kinds, "V": real("unit", "zeros", "integers"), "X": real("unit", "integers")},
        upstream="dY",
    )


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("jax.nn.relu", 1),
        ("jax.nn.relu", 0.5),
        ("max(z, 0)", 0),
        ("where(z ≥ 0, z, 0)", 0),
        ("where(z ≥ 0, z, 0)", 1),
        ("abs", 0.5),
    ],
)
def test_whatever_is_chosen_at_ties_of_two_layers_stands(name: str, by_hand: float) -> None:
    """Even where it is not what any direction gives: max(0, v max(0, wx)) is 0 for v < 0."""
    g, _, (low, high), _ = KINKED[name]

    def slope(z: Any) -> Any:
        at = low + by_hand * (high - low)
        return np.where(z > 0, high, np.where(z < 0, low, at)).astype(z.dtype)

    report = search(network(g, lambda z: z * np.where(z > 0, z.dtype.type(high), low), slope), 24)
    assert report.agrees, report.failure
    assert WRONG not in report.verdicts


@pytest.mark.parametrize(
    ("loss", "told"),
    [(with_epsilon, ""), (with_clip, "the right gradient of another loss")],
    ids=["log(a + ε), too near for that", "log of clipped a"],
)
def test_a_loss_that_is_another_one_is_told_from_a_wrong_derivation(
    loss: Function, told: str
) -> None:
    """a − y is wrong of a loss whose own gradient vanishes far out; but it is a gradient."""
    story = search(of_cross_entropy(loss), 60, dtype="float64").story
    assert story is not None
    assert story.first.verdict == WRONG
    assert story.loss.startswith(told)
    assert bool(story.loss) == bool(told)
    assert story.who.startswith("complex step agrees with autodiff")


def test_unsigned_labels_are_the_condition_on_which_it_is_wrong() -> None:
    """−1 is 255 there; on the same floats it is right."""
    kinds = {"y": labels("soft", "hard", "uint8")}
    report = search(of_squared_error(minus_first, values=kinds), 60)
    assert report.story is not None
    assert report.story.first.verdict == WRONG
    assert report.story.example.kinds == {"y": "uint8"}
    assert round(report.story.first.hand - report.story.first.autodiff) == 256


def test_a_type_that_is_wrong_in_one_precision_says_in_which() -> None:
    report = search(of_squared_error(lambda z, y: z - y, **INTEGERS), 20)
    assert report.verdict == DTYPE
    assert report.story is not None
    assert report.story.why == "dtype float64, expected float32"
    assert report.story.example.dtype == "float32"


def test_a_cost_of_shape_1_1_is_refused() -> None:
    pair = Pair(
        lambda W, x: {"dW": x.T}, lambda W, x: W @ x, shapes={"W": "1, n", "x": "n, 1"}, wrt="W"
    )
    with pytest.raises(ValueError, match=r"the loss returns an array of shape \(1, 1\).*one float"):
        judge(pair, W=np.ones((1, 2)), x=np.ones((2, 1)))


SMALLEST = np.finfo(np.float32).tiny
DRAWN = {
    **{kind: real(kind) for kind in REAL},
    **{f"{kind} of 2⁻¹²⁰": real(kind, scale=2.0**-120) for kind in REAL},
    **{kind: labels(kind) for kind in LABELS},
    "positive": positive(),
    "between": between(-1e-38, 1e-38),
    "choice": choice(1e-45, 3e-39),
    "own": lambda random, shape, sizes: random.standard_normal(shape) * 1e-38,
}


@pytest.mark.parametrize("name", DRAWN)
def test_no_subnormal_is_drawn(name: str) -> None:
    """XLA takes them for 0 on a CPU, NumPy does not."""
    pair = of_squared_error(lambda z, y: z - y, values={"y": DRAWN[name]})
    for kind in pair.kinds["y"].kinds:
        for dtype in DTYPES:
            drawn = pair.arguments(Example({"n": 999}, 7, dtype, kinds={"y": kind}))["y"]
            assert np.all((drawn == 0) | (np.abs(drawn.astype(float)) >= SMALLEST))
