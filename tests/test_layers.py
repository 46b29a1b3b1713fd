"""Layers of all sorts, and rules of `jax.custom_vjp`: right ones agree, wrong ones are explained.

Each layer comes with mistakes that are made in it, and with what should be found: the line and the
mistake's row of the table, or a verdict other than wrong.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.ad_checkpoint import checkpoint_name as mark
from jaxtyping import Array, Float
from pairs import with_hand

from backproof.compare import Pair, between, integers, judge, labels
from backproof.compare.finding import AGREES, ALIASES, OVERWRITES, UNSTABLE, WRONG
from backproof.compare.search import search

EXAMPLES = 100


@dataclass(frozen=True)
class Layer:
    """A pair that agrees, and `wrong` hand-derived sides of it, each with what is found.

    Where a rule of `jax.custom_vjp` is the hand-derived side, they are pairs.
    """

    name: str
    pair: Pair
    wrong: Mapping[str, tuple[Any, str]] = field(default_factory=dict)


# Normalisations.


def softmax(x, dY, the_others=True):
    S = np.exp(x - x.max(axis=0)) / np.exp(x - x.max(axis=0)).sum(axis=0)  # (k, m)
    return {"dx": S * (dY - (S * dY).sum(axis=0)) if the_others else S * (1 - S) * dY}


def normalised(x, axis):
    """Return x with mean 0 and deviation 1 along an axis, and 1 over the deviation it had."""
    centred = x - x.mean(axis=axis, keepdims=True)
    scale = 1 / np.sqrt((centred**2).mean(axis=axis, keepdims=True) + x.dtype.type(1e-5))
    return centred * scale, scale


def through(h, scale, dh, axis, mean, deviation):
    """Return dx of a normalisation h from dh: its own term, that of the mean, of the deviation."""
    dx = dh
    if mean:
        dx = dx - dh.mean(axis=axis, keepdims=True)
    if deviation:
        dx = dx - h * (dh * h).mean(axis=axis, keepdims=True)
    return dx * scale


def layer_norm(x, gain, bias, dY, mean=True, deviation=True, gained=True, upstream=True):
    h, scale = normalised(x, axis=1)  # (n, d), (n, 1)
    dY = dY if upstream else np.ones_like(dY)
    dx = through(h, scale, dY * gain if gained else dY, 1, mean, deviation)  # (n, d)
    return {"dx": dx, "dgain": (dY * h).sum(axis=0), "dbias": dY.sum(axis=0)}


def batch_norm(x, gain, bias, dY, mean=True, deviation=True):
    h, scale = normalised(x, axis=1)  # (n, m), (n, 1)
    dx = through(h, scale, dY * gain, 1, mean, deviation)  # (n, m)
    dgain, dbias = ((dY * of).sum(axis=1, keepdims=True) for of in (h, 1))  # (n, 1)
    return {"dx": dx, "dgain": dgain, "dbias": dbias}


def normalised_in_jax(x, gain, bias):
    centred = x - jnp.mean(x, axis=1, keepdims=True)
    return centred / jnp.sqrt(jnp.mean(centred**2, axis=1, keepdims=True) + 1e-5) * gain + bias


NORMALISATIONS = [
    Layer(
        "softmax",
        Pair(softmax, lambda x: jax.nn.softmax(x, axis=0), {"x": "k, m"}, upstream="dY"),
        {"its own input only": (partial(softmax, the_others=False), "dx: diagonal only")},
    ),
    Layer(
        "layer norm",
        Pair(layer_norm, normalised_in_jax, {"x": "n, d", "gain": "d", "bias": "d"}, upstream="dY"),
        {
            "mean held": (partial(layer_norm, mean=False), "dx: mean's term missing"),
            "deviation held": (
                partial(layer_norm, deviation=False),
                "dx: deviation's term missing",
            ),
            "gain of 1": (partial(layer_norm, gained=False), "dx: factor ignored"),
            "upstream of 1": (partial(layer_norm, upstream=False), "dbias: upstream ignored"),
        },
    ),
    Layer(
        "batch norm",
        Pair(
            batch_norm,
            normalised_in_jax,
            {"x": "n, m", "gain": "n, 1", "bias": "n, 1"},
            upstream="dY",
        ),
        {
            "mean held": (partial(batch_norm, mean=False), "dx: mean's term missing"),
            "deviation held": (
                partial(batch_norm, deviation=False),
                "dx: deviation's term missing",
            ),
        },
    ),
]


# Entries that are read several times.


def embedding(E, rows, dY):
    dE = np.zeros_like(E)
    np.add.at(dE, rows, dY)
    return {"dE": dE}


def embedding_assigned(E, rows, dY):
    dE = np.zeros_like(E)
    dE[rows] = dY
    return {"dE": dE}


def embedding_buffered(E, rows, dY):
    dE = np.zeros_like(E)
    dE[rows] += dY
    return {"dE": dE}


def causal(x, w, dY, added=True, last_only=False):
    """Y[t] = Σ w[j] x[t − k + 1 + j], with zeros before the first x."""
    k, n = len(w), len(x)
    padded = np.concatenate([np.zeros(k - 1, x.dtype), x])  # (n + k − 1,)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for t in range(n):
        window = slice(t, t + k)
        dpadded[window] = (dpadded[window] if added else 0) + dY[t] * w
        dw = (0 if last_only else dw) + dY[t] * padded[window]
    return {"dx": dpadded[k - 1 :], "dw": dw}


def causal_in_jax(x, w):
    k, n = w.shape[0], x.shape[0]
    padded = jnp.concatenate([jnp.zeros(k - 1, x.dtype), x])
    return padded[jnp.arange(n)[:, None] + jnp.arange(k)] @ w


def convolution(X, K, dY, added=True):
    dX, dK = np.zeros_like(X), np.zeros_like(K)
    for i, j in np.ndindex(dY.shape):
        window = (slice(i, i + K.shape[0]), slice(j, j + K.shape[1]))
        dX[window] = (dX[window] if added else 0) + dY[i, j] * K
        dK += dY[i, j] * X[window]
    return {"dX": dX, "dK": dK}


def convolution_in_jax(X, K):
    """As a matrix product: each window of X becomes a row (im2col)."""
    (a, b), (h, w) = X.shape, K.shape
    down = jnp.arange(a - h + 1)[:, None, None, None] + jnp.arange(h)[:, None]
    across = jnp.arange(b - w + 1)[:, None, None] + jnp.arange(w)
    return jnp.einsum("pqhw,hw->pq", X[down, across], K)


def pooled(x, dY, size=3, added=True):
    dx = np.zeros_like(x)
    for t in range(len(dY)):
        largest = t + int(np.argmax(x[t : t + size]))
        dx[largest] = (dx[largest] if added else 0) + dY[t]
    return {"dx": dx}


def pooled_in_jax(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (3,), (1,), "VALID")


def pooled_by_twos(x, dY, to_each=False):
    pairs = x.reshape(-1, 2)  # (n, 2)
    largest = pairs == pairs.max(axis=1, keepdims=True)
    if not to_each:
        largest[:, 1] &= ~largest[:, 0]  # of equals the first takes all
    return {"dx": (largest * dY[:, None]).reshape(-1).astype(x.dtype)}


READ_OFTEN = [
    Layer(
        "embedding",
        Pair(
            embedding,
            lambda E, rows: E[rows],
            {"E": "v, d", "rows": "int[m]"},
            {"rows": integers(below="v")},
            upstream="dY",
        ),
        {
            "assigned": (embedding_assigned, "dE: = for +="),
            "added to a copy": (embedding_buffered, "dE: = for +="),
        },
    ),
    Layer(
        "causal convolution",
        Pair(causal, causal_in_jax, {"x": "n", "w": "k"}, upstream="dY"),
        {
            "assigned": (partial(causal, added=False), "dx: = for +="),
            "last window": (partial(causal, last_only=True), "dw: one step only"),
        },
    ),
    Layer(
        "convolution by im2col",
        Pair(
            convolution,
            convolution_in_jax,
            {"X": "a, b", "K": "h, w"},
            constraints=("a >= h", "b >= w"),
            upstream="dY",
        ),
        {"assigned": (partial(convolution, added=False), "dX: = for +=")},
    ),
    Layer(
        "overlapping max-pool",
        Pair(pooled, pooled_in_jax, {"x": "n"}, constraints=("n >= 3",), upstream="dY"),
        {"assigned": (partial(pooled, added=False), "dx: = for +=")},
    ),
    Layer(
        "max-pool",
        Pair(
            pooled_by_twos,
            lambda x: jnp.max(x.reshape(-1, 2), axis=1),
            {"x": "2*n"},
            upstream="dY",
        ),
        {"all to each of equals": (partial(pooled_by_twos, to_each=True), WRONG)},
    ),
]


# Steps, scores and masks.


def recurrent(X, h0, W, U, dH, last_loss_only=False):
    H = [h0]  # (h,) each
    for x in X:
        H.append(np.tanh(W @ x + U @ H[-1]))
    if last_loss_only:
        dH = np.where(np.arange(len(X))[:, None] < len(X) - 1, 0, dH)
    dX, dW, dU, dh = (np.zeros_like(of) for of in (X, W, U, h0))
    for t in reversed(range(len(X))):
        dz = (dH[t] + dh) * (1 - H[t + 1] ** 2)  # (h,)
        dW += np.outer(dz, X[t])  # (h, n)
        dU += np.outer(dz, H[t])  # (h, h)
        dX[t] = W.T @ dz  # (n,)
        dh = U.T @ dz  # (h,)
    return {"dX": dX, "dh0": dh, "dW": dW, "dU": dU}


def recurrent_in_jax(X, h0, W, U):
    def step(h, x):
        h = jnp.tanh(W @ x + U @ h)
        return h, h

    return lax.scan(step, h0, X)[1]


def attention(Q, K, V, dY, the_others=True, scores_of_values=False):
    scale = Q.dtype.type(1 / np.sqrt(Q.shape[1]))
    S = Q @ K.T * scale  # (n, m)
    A = np.exp(S - S.max(axis=1, keepdims=True))  # (n, m)
    A /= A.sum(axis=1, keepdims=True)
    dA = dY @ V.T  # (n, m)
    dS = A * (dA - (A * dA).sum(axis=1, keepdims=True)) if the_others else A * (1 - A) * dA
    dV = (S if scores_of_values else A).T @ dY  # (m, v)
    dQ, dK = dS @ K * scale, dS.T @ Q * scale  # (n, d), (m, d)
    return {"S": S, "A": A, "dA": dA, "dS": dS, "dQ": dQ, "dK": dK, "dV": dV}


def attention_in_jax(Q, K, V):
    S = mark(Q @ K.T / jnp.sqrt(Q.shape[1]), "S")
    return mark(jax.nn.softmax(S, axis=1), "A") @ V


def dropout(x, kept, dY, scaled=True, masked=True):
    dx = dY / x.dtype.type(0.8) if scaled else dY
    return {"dx": np.where(kept, dx, 0) if masked else dx * 1}


def summed_on(x, dY):
    return {"dx": np.cumsum(dY[::-1])[::-1]}


STEPS = [
    Layer(
        "recurrent network",
        Pair(
            recurrent,
            recurrent_in_jax,
            {"X": "t, n", "h0": "h", "W": "h, n", "U": "h, h"},
            upstream="dH",
        ),
        {
            "loss of the last step": (partial(recurrent, last_loss_only=True), "dW: one step only"),
        },
    ),
    Layer(
        "attention",
        Pair(
            attention,
            attention_in_jax,
            {"Q": "n, d", "K": "m, d", "V": "m, v"},
            upstream="dY",
        ),
        {
            "softmax of one": (partial(attention, the_others=False), "dS: diagonal only"),
            "scores for weights": (partial(attention, scores_of_values=True), "dV: wrong array"),
        },
    ),
    Layer(
        "dropout",
        Pair(
            dropout,
            lambda x, kept: jnp.where(kept, x / 0.8, 0),
            {"x": "n, m", "kept": "bool[n, m]"},
            upstream="dY",
        ),
        {
            "not scaled": (partial(dropout, scaled=False), "dx: constant factor"),
            "not masked": (partial(dropout, masked=False), "dx: factor ignored"),
        },
    ),
    Layer(
        "cumulative sum",
        Pair(summed_on, lambda x: jnp.cumsum(x), {"x": "n"}, upstream="dY"),
        {
            "from the wrong end": (lambda x, dY: {"dx": np.cumsum(dY)}, WRONG),
            "dY as it is": (lambda x, dY: {"dx": dY}, ALIASES),
        },
    ),
]


# What a hand-derived side may be, take and return.


def rectified(z, dY, upstream=True):
    return {"dz": (dY if upstream else 1) * (z > 0).astype(z.dtype)}


def rectified_in_place(z, dY):
    dY *= z > 0
    return {"dz": dY.copy()}


def dense(W, b, X, dY):
    return {"dW": dY @ X.T, "db": dY.sum(axis=1, keepdims=True), "dX": W.T @ dY}


def dense_in_jax(W: Float[Array, "k n"], b: Float[Array, "k 1"], X: Float[Array, "n m"]) -> Any:
    return W @ X + b


class Dense:
    """A layer that keeps what it has seen for its backward pass."""

    def forward(self, W, b, X):
        """Return WX + b."""
        self.seen, self.W = X, W
        return W @ X + b

    def backward(self, W, b, X, dY):
        """Return the gradients, after a forward pass."""
        self.forward(W, b, X)
        return {"dW": dY @ self.seen.T, "db": dY.sum(axis=1, keepdims=True), "dX": self.W.T @ dY}


class Accumulating(Dense):
    """A layer whose gradients nobody sets to zero."""

    sums: Mapping[str, Any] = {}

    def backward(self, W, b, X, dY):
        """Add to the gradients that are there."""
        gradients = super().backward(W, b, X, dY)
        if "dW" in self.sums and self.sums["dW"].shape == W.shape:
            gradients["dW"] = gradients["dW"] + self.sums["dW"]
        self.sums = gradients
        return gradients


def two_outputs(W, X, dZ, ds, both=True):
    dZ = dZ + (1 - np.tanh(W @ X) ** 2) * ds if both else dZ
    return {"dW": dZ @ X.T, "dX": W.T @ dZ}


def two_outputs_in_jax(W, X):
    Z = W @ X
    return Z, jnp.sum(jnp.tanh(Z), axis=0)


NESTED = {"p": {"hidden": {"W": "h, n", "b": "h, 1"}, "out": {"V": "k, h"}}, "X": "n, m"}


def nested(p, X, dY, returned="names", slope=True):
    hidden, V = p["hidden"], p["out"]["V"]
    A = np.tanh(hidden["W"] @ X + hidden["b"])  # (h, m)
    dZ = (V.T @ dY) * (1 - A**2 if slope else 1)  # (h, m)
    dW, db, dV = dZ @ X.T, dZ.sum(axis=1, keepdims=True), dY @ A.T
    return {
        "names": {"dW": dW, "db": db, "dV": dV},
        "in order": (dW, db, dV),
        "nested": {"dp": {"out": {"V": dV}, "hidden": {"b": db, "W": dW}}},
        "nested in order": [{"hidden": {"W": dW, "b": db}, "out": {"V": dV}}],
    }[returned]


def nested_in_jax(p, X):
    return p["out"]["V"] @ jnp.tanh(p["hidden"]["W"] @ X + p["hidden"]["b"])


C = """
void cube_backward(long n, const double *x, const double *dY, double *dx) {
    for (long i = 0; i < n; i++) dx[i] = 3 * x[i] * x[i] * dY[i];
}
"""


@cache
def cube_in_c() -> Callable[[Any, Any], Any]:
    """Return x, dY → 3x² dY: compiled where there is a compiler, else by the C library's pow."""
    compiler = shutil.which("cc")
    if compiler is None:
        power = ctypes.CDLL(ctypes.util.find_library("m")).pow
        power.restype, power.argtypes = ctypes.c_double, [ctypes.c_double] * 2
        return lambda x, dY: np.array([3 * power(a, 2) * d for a, d in zip(x, dY, strict=True)])
    with TemporaryDirectory() as folder:
        source, library = Path(folder, "cube.c"), Path(folder, "cube.so")
        source.write_text(C)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
        function = ctypes.CDLL(str(library)).cube_backward

    def backward(x: Any, dY: Any) -> Any:
        x, dY = np.ascontiguousarray(x), np.ascontiguousarray(dY)
        dx = np.empty_like(x)
        addresses = (ctypes.c_void_p(array.ctypes.data) for array in (x, dY, dx))
        function(ctypes.c_long(len(x)), *addresses)
        return dx

    return backward


def in_double(z, dY):
    return np.float64(dY) * np.exp(np.float64(z))


OF_DENSE = {"shapes": {"W": "k, n", "b": "k, 1", "X": "n, m"}, "upstream": "dY"}
ONES = {
    "p": {"hidden": {"W": np.ones((2, 3)), "b": np.ones((2, 1))}, "out": {"V": np.ones((1, 2))}},
    "X": np.ones((3, 4)),
    "dY": np.ones((1, 4)),
}
OF_NESTED = {"shapes": NESTED, "wrt": "p", "upstream": "dY"}
FORMS = [
    Layer(
        "rectified",
        Pair(rectified, lambda z: jnp.where(z > 0, z, 0), {"z": "n, m"}, upstream="dY"),
        {
            "upstream of 1": (partial(rectified, upstream=False), "dz: upstream ignored"),
            "in place": (rectified_in_place, OVERWRITES),
            "as it is": (lambda z, dY: {"dz": dY}, ALIASES),
            "a view": (lambda z, dY: {"dz": dY[:, ::-1]}, ALIASES),
        },
    ),
    Layer(
        "a layer annotated with jaxtyping",
        Pair(dense, dense_in_jax, upstream="dY"),
        {
            "mean of b": (
                lambda W, b, X, dY: dense(W, b, X, dY) | {"db": dY.mean(axis=1, keepdims=True)},
                "db: divided twice",
            )
        },
    ),
    Layer(
        "a method, with a state",
        Pair(Dense().backward, lambda W, b, X: W @ X + b, **OF_DENSE),
        {"never set to zero": (Accumulating().backward, UNSTABLE)},
    ),
    Layer(
        "two outputs",
        Pair(
            two_outputs,
            two_outputs_in_jax,
            {"W": "k, n", "X": "n, m"},
            upstream=("dZ", "ds"),
        ),
        {"one forgotten": (partial(two_outputs, both=False), "dX: path missing")},
    ),
    *(
        Layer(
            f"nested parameters, returned as {returned}",
            Pair(partial(nested, returned=returned), nested_in_jax, **OF_NESTED),
        )
        for returned in ("names", "in order", "nested", "nested in order")
    ),
    Layer(
        "a tuple in the order of wrt",
        Pair(
            lambda W, b, X, dY: (dY.sum(axis=1, keepdims=True), dY @ X.T),
            lambda W, b, X: W @ X + b,
            wrt=("b", "W"),
            **OF_DENSE,
        ),
        {
            "doubled": (
                lambda W, b, X, dY: (dY.sum(axis=1, keepdims=True), 2 * dY @ X.T),
                "dW: factor 2",
            )
        },
    ),
    Layer(
        "one array, for one argument",
        Pair(lambda W, b, X, dY: dY @ X.T, lambda W, b, X: W @ X + b, wrt="W", **OF_DENSE),
        {"minus": (lambda W, b, X, dY: -dY @ X.T, "dW: sign")},
    ),
    Layer(
        "float64 only",
        Pair(in_double, lambda z: jnp.exp(z), {"z": "n"}, upstream="dY", dtypes=("float64",)),
        {"minus": (lambda z, dY: -in_double(z, dY), "dz: sign")},
    ),
    Layer(
        "a function in C",
        Pair(
            lambda x, dY: cube_in_c()(x, dY),
            lambda x: x**3,
            {"x": "n"},
            upstream="dY",
            dtypes=("float64",),
        ),
        {"half of it": (lambda x, dY: cube_in_c()(x, dY) / 2, "dx: factor 2")},
    ),
    Layer(
        "a ufunc, which tells no names",
        Pair(np.multiply, lambda x: x**2 / 2, {"x": "n, m"}, upstream="dY"),
        {"not times x": (np.copysign, WRONG)},
    ),
]


# Rules of jax.custom_vjp.


def with_rule(rule: Callable[[Any, Any], Any]) -> Any:
    """Return log σ with its own rule (x, dY) → dx."""

    @jax.custom_vjp
    def log_sigmoid(x):
        return jnp.minimum(x, 0) - jnp.log1p(jnp.exp(-jnp.abs(x)))

    log_sigmoid.defvjp(lambda x: (log_sigmoid(x), x), lambda x, dY: (rule(x, dY),))
    return log_sigmoid


def of_log_sigmoid(rule: Callable[[Any, Any], Any]) -> Pair:
    return Pair.from_custom_vjp(
        with_rule(rule), lambda x: -jax.nn.softplus(-x), shapes={"x": "n, m"}, upstream="dY"
    )


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def leaky(x, slope):
    return jnp.where(x > 0, x, slope * x)


leaky.defvjp(
    lambda x, slope: (leaky(x, slope), x), lambda slope, x, dY: (jnp.where(x > 0, dY, slope * dY),)
)


@jax.custom_vjp
def affine(p, x):
    return p["W"] @ x + p["b"], jnp.sum(x)


def affine_backward(saved, upstream):
    (p, x), (dY, ds) = saved, upstream
    return {"W": dY @ x.T, "b": jnp.sum(dY, axis=1, keepdims=True)}, p["W"].T @ dY + ds


affine.defvjp(lambda p, x: (affine(p, x), (p, x)), affine_backward)


@jax.custom_vjp
def cross_entropy(z, y):
    return jnp.sum(jax.nn.softplus(z) - y * z)


cross_entropy.defvjp(
    lambda z, y: (cross_entropy(z, y), (z, y)),
    lambda saved, dJ: (dJ * (jax.nn.sigmoid(saved[0]) - saved[1]), -dJ * saved[0]),
)

CUSTOM = [
    Layer(
        "custom_vjp",
        of_log_sigmoid(lambda x, dY: dY * jax.nn.sigmoid(-x)),
        {
            "sign": (of_log_sigmoid(lambda x, dY: -dY * jax.nn.sigmoid(-x)), "dx: sign"),
            "half": (of_log_sigmoid(lambda x, dY: dY * jax.nn.sigmoid(-x) / 2), "dx: factor 2"),
            "0.9": (
                of_log_sigmoid(lambda x, dY: 0.9 * dY * jax.nn.sigmoid(-x)),
                "dx: constant factor",
            ),
            "upstream of 1": (
                of_log_sigmoid(lambda x, dY: jax.nn.sigmoid(-x)),
                "dx: upstream ignored",
            ),
            "no derivative": (of_log_sigmoid(lambda x, dY: dY), "dx: no activation derivative"),
        },
    ),
    Layer(
        "custom_vjp with nondiff_argnums",
        Pair.from_custom_vjp(
            lambda x: leaky(x, 0.1),
            lambda x: jnp.maximum(x, 0.1 * x),
            shapes={"x": "n"},
            upstream="dY",
        ),
    ),
    Layer(
        "custom_vjp of nested arguments, with two outputs",
        Pair.from_custom_vjp(
            affine,
            lambda p, x: (p["W"] @ x + p["b"], jnp.sum(x)),
            shapes={"p": {"W": "k, n", "b": "k, 1"}, "x": "n, m"},
            upstream=("dY", "ds"),
        ),
    ),
    Layer(
        "custom_vjp of a loss",
        Pair.from_custom_vjp(
            cross_entropy,
            lambda z, y: jnp.sum(y * jax.nn.softplus(-z) + (1 - y) * jax.nn.softplus(z)),
            shapes={"z": "n", "y": "n"},
            values={"y": labels()},
        ),
    ),
]

LAYERS = [*NORMALISATIONS, *READ_OFTEN, *STEPS, *FORMS, *CUSTOM]
WRONG_ONES = [
    pytest.param(layer.pair, wrong, found, id=f"{layer.name}, {name}")
    for layer in LAYERS
    for name, (wrong, found) in layer.wrong.items()
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_a_right_layer_agrees(layer: Layer) -> None:
    report = search(layer.pair, EXAMPLES)
    assert report.agrees, report.failure
    assert not report.vacuous
    assert report.verdicts[AGREES] > 0.7 * report.quantities


@pytest.mark.parametrize(("pair", "wrong", "found"), WRONG_ONES)
def test_a_wrong_layer_is_explained(pair: Pair, wrong: Any, found: str) -> None:
    report = search(wrong if isinstance(wrong, Pair) else with_hand(pair, wrong), EXAMPLES)
    if ": " not in found:
        assert report.verdict == found
        return
    assert report.verdict == WRONG
    assert report.story is not None
    causes = [f"{cause.quantity}: {cause.mistake.name}" for cause in report.story.causes]
    assert found in causes, report.story.why


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("off", [0, 1e-4])
def test_a_layer_of_one_precision_is_called_in_no_other(dtype: str, off: float) -> None:
    """What it loses to rounding is another error on each problem, and so told from a wrong one."""
    seen = set()

    def expanded(x: Any, dY: Any) -> Any:
        seen.update({x.dtype.name, dY.dtype.name})
        return dY * (3 * x**2 - 6 * x + x.dtype.type(3 + off))

    pair = Pair(
        expanded,
        lambda x: (x - 1) ** 3,
        shapes={"x": "n, 9"},
        values={"x": between(0.8, 1.2)},
        upstream="dY",
        dtypes=(dtype,),
    )
    report = search(pair, 60)
    assert seen == {dtype}
    assert report.verdict == (WRONG if off else AGREES)


def test_gradients_that_are_not_nested_as_the_argument_is_are_refused() -> None:
    def hand(p: Any, X: Any, dY: Any) -> Any:
        gradients = nested(p, X, dY, returned="nested")["dp"]
        return {"dp": {"hidden": gradients["hidden"], "output": gradients["out"]}}

    expected = "'dp', which is not nested as p is: expected hidden → W, hidden → b, out → V"
    with pytest.raises(ValueError, match=expected):
        judge(Pair(hand, nested_in_jax, **OF_NESTED), **ONES)
