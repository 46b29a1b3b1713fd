"""Losses that people write in JAX and that backproof does not know, with what to run them on.

Each is a plain function of named arrays that returns a scalar; `LOSSES` is the table of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.ad_checkpoint import checkpoint_name
from jax.scipy.linalg import cho_solve, solve_triangular
from jax.scipy.special import gammaln, logsumexp

from backproof.autodiff.dimensions import evaluated
from backproof.autodiff.signature import Signature

Draw = Callable[[np.random.Generator, tuple[int, ...], dict[str, int]], Any]


class Foreign(NamedTuple):
    """A loss, the shapes of its arguments, the sizes it is run at, and what is expected of it.

    `sizes` holds one number per run for every dimension. Floats are half of standard normal and
    booleans are even chances, unless `draw` makes them; integers need an entry in `draw`.
    `per_shape` says that JAX cannot trace the loss once for all shapes, `through_xla` which
    primitives of it have no NumPy form.
    """

    loss: Callable[..., jax.Array]
    shapes: dict[str, Any]
    sizes: dict[str, Sequence[int]]
    draw: Mapping[str, Draw] = MappingProxyType({})
    wrt: Sequence[str] | None = None
    constraints: Sequence[str] = ()
    per_shape: bool = False
    through_xla: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.loss.__name__

    @property
    def runs(self) -> list[dict[str, int]]:
        """The sizes of each run."""
        return [
            dict(zip(self.sizes, run, strict=True))
            for run in zip(*self.sizes.values(), strict=True)
        ]

    def arguments(self, sizes: dict[str, int], dtype: str) -> dict[str, Any]:
        """Return arguments of these sizes; floats are representable in float32."""
        random = np.random.default_rng(sum(map(ord, self.name)))
        signature = Signature(self.shapes, self.constraints)
        made = {}
        for leaf in signature.leaves:
            shape = tuple(evaluated(str(size), sizes) for size in leaf.shape)
            draw = self.draw.get(leaf.name) or {"float": half_normal, "bool": coins}[leaf.kind]
            array = np.asarray(draw(random, shape, sizes))
            is_float = leaf.kind == "float"
            made[leaf.name] = array.astype(np.float32).astype(dtype) if is_float else array
        return signature.nested(made)


def half_normal(random: np.random.Generator, shape: tuple[int, ...], sizes: dict[str, int]) -> Any:
    return random.standard_normal(shape) / 2


def coins(random: np.random.Generator, shape: tuple[int, ...], sizes: dict[str, int]) -> Any:
    return random.random(shape) < 0.5


def between(low: float, high: float) -> Draw:
    """Return how to draw floats from low to high."""
    return lambda random, shape, sizes: random.uniform(low, high, shape)


def below(size: str) -> Draw:
    """Return how to draw integers from 0 to a size, which is excluded."""
    return lambda random, shape, sizes: random.integers(0, sizes[size], shape)


def counts(random: np.random.Generator, shape: tuple[int, ...], sizes: dict[str, int]) -> Any:
    return random.poisson(3, shape)


def signs(random: np.random.Generator, shape: tuple[int, ...], sizes: dict[str, int]) -> Any:
    return random.choice([-1.0, 1.0], shape)


def cameras(random: np.random.Generator, shape: tuple[int, ...], sizes: dict[str, int]) -> Any:
    """Draw rotation, translation, focal length, radial distortion; all points stay in front."""
    near = {"rotation": 0.4, "translation": 0.5, "lens": 0.1}
    drawn = [random.uniform(-radius, radius, (shape[0], 3)) for radius in near.values()]
    return np.hstack(drawn) + np.array([0, 0, 0, 0, 0, 4, 1, 0, 0])


# Networks.


def layer_norm(x, scale, shift):
    centred = x - jnp.mean(x, axis=-1, keepdims=True)
    return (
        centred * jax.lax.rsqrt(jnp.mean(centred**2, axis=-1, keepdims=True) + 1e-5) * scale + shift
    )


def attention_block(x, target, attention, mlp, norms):
    """Causal self-attention and a GELU MLP, each after a layer norm and around it a skip."""
    y = layer_norm(x, *norms[0])
    query, key, value = (jnp.einsum("bte,ehd->bhtd", y, attention[name]) for name in "qkv")
    scores = query @ key.swapaxes(-1, -2) / jnp.sqrt(key.shape[-1])
    past = jnp.tril(jnp.ones((x.shape[1], x.shape[1]), bool))
    weights = checkpoint_name(jax.nn.softmax(jnp.where(past, scores, -jnp.inf)), "weights")
    x = x + jnp.einsum("bhtd,hde->bte", weights @ value, attention["o"])
    hidden = jax.nn.gelu(layer_norm(x, *norms[1]) @ mlp["up"] + mlp["b_up"])
    x = x + checkpoint_name(hidden, "hidden") @ mlp["down"] + mlp["b_down"]
    return jnp.mean((x - target) ** 2)


def swiglu_with_dropout(x, kept, gain, gate, up, down):
    """RMS norm, a gated MLP, dropout by a given mask."""
    y = x * jax.lax.rsqrt(jnp.mean(x**2, axis=-1, keepdims=True) + 1e-6) * gain
    y = checkpoint_name(jax.nn.silu(y @ gate) * (y @ up), "gated")
    return jnp.mean(jnp.sin(x + jnp.where(kept, y / 0.5, 0) @ down) ** 2)


def cross_entropy(logits, labels):
    logs = jax.nn.log_softmax(logits)
    return -jnp.mean(jnp.take_along_axis(logs, labels[..., None], axis=-1))


def lstm(X, labels, W, U, b, V):
    """An LSTM that says a label after every step."""

    def step(state, x):
        h, c = state
        i, f, g, o = jnp.split(W @ x + U @ h + b, 4)
        c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((U.shape[1], X.shape[2]))
    _, H = jax.lax.scan(step, (zeros, zeros), X)
    return cross_entropy(jnp.einsum("ch,thb->tbc", V, checkpoint_name(H, "H")), labels)


def gru(X, y, gates, candidate, readout):
    """A GRU whose last state predicts a number; a scan within a vmap over the examples."""

    def last(x):
        def step(h, x):
            reset, update = jax.nn.sigmoid(gates["W"] @ x + gates["U"] @ h + gates["b"])
            new = jnp.tanh(candidate["W"] @ x + candidate["U"] @ (reset * h) + candidate["b"])
            return (1 - update) * h + update * new, None

        return jax.lax.scan(step, jnp.zeros_like(candidate["b"]), x)[0]

    return jnp.mean((jax.vmap(last)(X) @ readout - y) ** 2)


def recurrent(X, Y, start, W, U, V):
    """A plain recurrent network, from the last step to the first and back."""

    def step(h, x):
        h = jnp.tanh(W @ x + U @ h)
        return h, V @ h

    h, backwards = jax.lax.scan(step, start, X, reverse=True)
    _, forwards = jax.lax.scan(step, h, X)
    return jnp.sum((forwards + backwards - Y) ** 2) / X.shape[0]


def residual_block(images, labels, kernels, projection, scales, shifts, dense):
    """Half as many pixels: two convolutions with batch norm around which a third one skips."""

    def convolved(x, kernel, stride):
        layout = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(
            x, kernel, (stride, stride), "SAME", dimension_numbers=layout
        )

    def normed(x, scale, shift):
        mean, variance = jnp.mean(x, axis=(0, 1, 2)), jnp.var(x, axis=(0, 1, 2))
        return (x - mean) / jnp.sqrt(variance + 1e-2) * scale + shift

    x = jax.nn.relu(normed(convolved(images, kernels[0], 2), scales[0], shifts[0]))
    x = normed(convolved(x, kernels[1], 1), scales[1], shifts[1])
    x = jax.nn.relu(x + convolved(images, projection, 2))
    return cross_entropy(jnp.mean(x, axis=(1, 2)) @ dense, labels)


def convolutional(images, labels, kernel, bias, dense):
    """A convolution, maxima of 2 by 2 pixels, a dense layer on all of them."""
    x = jax.lax.conv(images, kernel, (1, 1), "VALID") + bias[:, None, None]
    x = checkpoint_name(jax.nn.relu(x), "maps")
    x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return cross_entropy(x.reshape(x.shape[0], -1) @ dense.reshape(-1, dense.shape[-1]), labels)


def grouped_convolution(images, kernel, target):
    """A convolution in two groups with gaps in the kernel, averages of overlapping windows."""
    x = jax.lax.conv_general_dilated(
        images, kernel, (1, 1), [(1, 0), (0, 2)], rhs_dilation=(2, 1), feature_group_count=2
    )
    x = (
        jax.lax.reduce_window(jnp.tanh(x), 0.0, jax.lax.add, (1, 1, 3, 2), (1, 1, 2, 1), "VALID")
        / 6
    )
    return jnp.mean((x.mean(axis=(2, 3)) - target) ** 2)


def graph_convolution(features, labels, sources, targets, W, V):
    """Messages along edges, summed where they arrive and divided by how many they are."""
    nodes = features.shape[0]
    for weight in (W, V):
        messages = (features @ weight)[sources]
        count = jax.ops.segment_sum(jnp.ones_like(messages[:, :1]), targets, nodes)
        features = jnp.tanh(jax.ops.segment_sum(messages, targets, nodes) / (1 + count))
    return cross_entropy(features, labels)


def variational_autoencoder(x, noise, encoder, decoder):
    """Minus the evidence lower bound, with Bernoulli pixels and given noise."""
    hidden = jnp.tanh(x @ encoder["hidden"])
    mean = checkpoint_name(hidden @ encoder["mean"], "Z_mean")
    std = checkpoint_name(jax.nn.softplus(hidden @ encoder["std"]), "Z_std")
    divergence = jnp.sum(0.5 * (mean**2 + std**2 - 1) - jnp.log(std), axis=-1)
    logits = jnp.tanh((mean + std * noise) @ decoder["hidden"]) @ decoder["pixels"]
    reconstruction = jnp.sum(
        x * jax.nn.log_sigmoid(logits) + (1 - x) * jax.nn.log_sigmoid(-logits), axis=-1
    )
    return jnp.mean(divergence - reconstruction)


def neural_ode(x, target, W, U):
    """Twelve Runge-Kutta steps, the inner values computed again for the derivative."""

    def slope(x):
        return jnp.tanh(x @ W) @ U

    @jax.checkpoint
    def step(i, x, h=0.1):
        k1 = slope(x)
        k2 = slope(x + h / 2 * k1)
        k3 = slope(x + h / 2 * k2)
        k4 = slope(x + h * k3)
        return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    return jnp.mean((jax.lax.fori_loop(0, 12, step, x) - target) ** 2)


def contrastive(left, right, log_temperature):
    """InfoNCE both ways: the i-th belongs to the i-th."""
    left, right = (x / jnp.linalg.norm(x, axis=1, keepdims=True) for x in (left, right))
    logits = checkpoint_name(left @ right.T * jnp.exp(log_temperature), "logits")
    of_pairs = jnp.diagonal(logits)
    return jnp.mean(logsumexp(logits, axis=0) / 2 + logsumexp(logits, axis=1) / 2 - of_pairs)


def word_embedding(words, contexts, context, target, negatives):
    """The mean of a bag of words against the right word and wrong ones."""
    bag = checkpoint_name(words[context].mean(axis=1), "bag")
    right = jnp.einsum("bd,bd->b", bag, contexts[target])
    wrong = jnp.einsum("bd,bkd->bk", bag, contexts[negatives])
    return -jnp.mean(jax.nn.log_sigmoid(right)) - jnp.mean(
        jnp.sum(jax.nn.log_sigmoid(-wrong), axis=1)
    )


# Likelihoods.


def logistic_regression(X, y, w, b, strength):
    """Labels are −1 and 1."""
    margin = y * (X @ w + b)
    return jnp.mean(jnp.logaddexp(0, -margin)) + strength * jnp.vdot(w, w) / 2


def softmax_regression(X, labels, W, b):
    logits = checkpoint_name(X @ W + b, "logits")
    return cross_entropy(logits, labels)


def gaussian_mixture(X, logits, means, factors):
    """Covariances A Aᵀ + I, each by its Cholesky factor."""
    covariances = factors @ factors.swapaxes(-1, -2) + jnp.eye(X.shape[1])
    L = checkpoint_name(jnp.linalg.cholesky(covariances), "L")
    away = (X[:, None] - means).transpose(1, 2, 0)
    distance = jnp.sum(solve_triangular(L, away, lower=True) ** 2, axis=1)
    logdet = jnp.sum(jnp.log(jnp.diagonal(L, axis1=1, axis2=2)), axis=1)
    return -jnp.mean(
        logsumexp((jax.nn.log_softmax(logits) - logdet)[:, None] - distance / 2, axis=0)
    )


def gaussian_process(X, y, log_lengths, log_amplitude, log_noise):
    """Minus the log marginal likelihood under a squared-exponential kernel."""
    Z = X / jnp.exp(log_lengths)
    squares = jnp.sum((Z[:, None] - Z) ** 2, axis=-1)
    K = jnp.exp(2 * log_amplitude - squares / 2) + jnp.exp(2 * log_noise) * jnp.eye(X.shape[0])
    L = jnp.linalg.cholesky(checkpoint_name(K, "K"))
    return 0.5 * y @ cho_solve((L, True), y) + jnp.sum(jnp.log(jnp.diag(L)))


def hidden_markov(observed, start, transitions, emissions):
    """The forward algorithm in logarithms."""
    start, transitions = jax.nn.log_softmax(start), jax.nn.log_softmax(transitions)
    emissions = jax.nn.log_softmax(emissions)

    def step(alpha, symbol):
        return logsumexp(alpha[:, None] + transitions, axis=0) + emissions[:, symbol], None

    alpha, _ = jax.lax.scan(step, start + emissions[:, observed[0]], observed[1:])
    return -logsumexp(alpha) / observed.shape[0]


def connectionist_temporal_classification(logits, labels):
    """CTC: labels with blanks (class 0) around them, aligned to the frames in every way."""
    logs = jax.nn.log_softmax(logits)
    padded = jnp.zeros(2 * labels.shape[0] + 1, int).at[1::2].set(labels)
    may_skip = jnp.concatenate(
        [jnp.zeros(2, bool), (padded[2:] != 0) & (padded[2:] != padded[:-2])]
    )
    low = -1e30

    def step(alpha, log):
        before = [jnp.pad(alpha, (k, 0), constant_values=low)[: alpha.shape[0]] for k in (1, 2)]
        three = jnp.stack([alpha, before[0], jnp.where(may_skip, before[1], low)])
        return logsumexp(three, axis=0) + log[padded], None

    first = jnp.where(jnp.arange(padded.shape[0]) < 2, logs[0][padded], low)
    alpha, _ = jax.lax.scan(step, first, logs[1:])
    return -logsumexp(alpha[-2:])


def kalman_filter(y, F, C, log_q, log_r):
    """Minus the log-likelihood of a linear state-space model, a solve in every step."""
    n, k = F.shape[0], C.shape[0]

    def step(state, y):
        m, P = F @ state[0], F @ state[1] @ F.T + jnp.exp(log_q) * jnp.eye(n)
        S = C @ P @ C.T + jnp.exp(log_r) * jnp.eye(k)
        gain, residual = jnp.linalg.solve(S, C @ P).T, y - C @ m
        loss = residual @ jnp.linalg.solve(S, residual) + jnp.linalg.slogdet(S)[1]
        return (m + gain @ residual, P - gain @ C @ P), loss / 2

    return jnp.sum(jax.lax.scan(step, (jnp.zeros(n), jnp.eye(n)), y)[1])


def negative_binomial(X, counts, w, log_dispersion):
    r, mean = jnp.exp(-log_dispersion), jnp.exp(X @ w)
    ways = gammaln(counts + r) - gammaln(r) - gammaln(counts + 1)
    return -jnp.mean(ways + r * jnp.log(r / (r + mean)) + counts * jnp.log(mean / (r + mean)))


def proportional_hazards(X, times, died, w):
    """Cox's partial likelihood: everyone who lives longer is at risk."""
    order = jnp.argsort(-times)
    risk = (X @ w)[order]
    at_risk = checkpoint_name(jax.lax.cumlogsumexp(risk), "at_risk")
    return -jnp.sum(jnp.where(died[order], risk - at_risk, 0)) / times.shape[0]


def normal_likelihood(X, A):
    """A covariance through its determinant and its inverse."""
    covariance = A @ A.T / A.shape[1] + jnp.eye(A.shape[0])
    sign, logdet = jnp.linalg.slogdet(covariance)
    return sign * logdet / 2 + jnp.trace(X.T @ jnp.linalg.inv(covariance) @ X) / X.shape[1] / 2


# Everything else.


def rotated(x, r):
    """Rodrigues' formula; its derivative at no rotation is right, too."""
    squared = jnp.sum(r**2, axis=-1, keepdims=True)
    small = squared < 1e-8
    angle = jnp.sqrt(jnp.where(small, 1, squared))
    sine = jnp.where(small, 1 - squared / 6, jnp.sin(angle) / angle)
    cosine = jnp.where(small, 0.5 - squared / 24, (1 - jnp.cos(angle)) / angle**2)
    across = jnp.cross(r, x)
    return x + sine * across + cosine * jnp.cross(r, across)


def bundle_adjustment(cameras, points, observed, camera_of, point_of):
    """Reprojection errors of points in cameras, under Cauchy's robust loss."""
    camera = cameras[camera_of]
    seen = rotated(points[point_of], camera[:, :3]) + camera[:, 3:6]
    plane = seen[:, :2] / seen[:, 2:]
    radius = jnp.sum(plane**2, axis=1)
    distortion = 1 + camera[:, 7] * radius + camera[:, 8] * radius**2
    error = checkpoint_name((camera[:, 6] * distortion)[:, None] * plane - observed, "error")
    return jnp.sum(jnp.log1p(jnp.sum(error**2, axis=1) / 0.1**2))


def rosenbrock(x):
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def huber_and_quantile(X, y, w, v):
    """Huber's loss for one prediction, the 90 % quantile's for another."""
    error, over = X @ w - y, y - X @ v
    huber = jnp.where(jnp.abs(error) < 0.5, error**2 / 2, 0.5 * (jnp.abs(error) - 0.25))
    return jnp.mean(huber) + jnp.mean(jnp.maximum(0.9 * over, -0.1 * over))


def hinge(X, labels, W):
    """A support vector machine of many classes: the largest violated margin."""
    scores = X @ W
    right = jnp.take_along_axis(scores, labels[:, None], axis=1)
    margins = jnp.where(jax.nn.one_hot(labels, W.shape[1], dtype=bool), 0, 1 + scores - right)
    return jnp.mean(jnp.max(margins, axis=1)) + 0.01 * jnp.sum(jnp.abs(W))


def matrix_factorisation(ratings, known, users, items, bias):
    error = jnp.where(known, users @ items.T + bias - ratings, 0)
    return (
        jnp.sum(error**2) / jnp.maximum(jnp.sum(known), 1)
        + 0.1 * jnp.sum(users**2)
        + 0.1 * jnp.sum(items**2)
    )


def springs(positions, springs, lengths):
    """The energy of springs between points, and of gravity."""
    ends = positions[springs]
    stretched = jnp.linalg.norm(ends[:, 0] - ends[:, 1] + 1e-3, axis=-1) - lengths
    return jnp.sum(stretched**2) / 2 + 0.1 * jnp.sum(positions[:, -1])


def optimal_transport(x, y):
    """Sinkhorn's distance between two clouds of points."""
    cost = jnp.sum((x[:, None] - y) ** 2, axis=-1)

    def step(potentials, _):
        f = -logsumexp(potentials[1] - cost / 0.5, axis=1) - jnp.log(x.shape[0])
        g = -logsumexp(f[:, None] - cost / 0.5, axis=0) - jnp.log(y.shape[0])
        return (f, g), None

    start = jnp.zeros(x.shape[0]), jnp.zeros(y.shape[0])
    (f, g), _ = jax.lax.scan(step, start, length=10)
    return jnp.sum(jnp.exp(f[:, None] + g - cost / 0.5) * cost)


def branching(x, y):
    """A branch on a value, one of three on an index, and a custom derivative."""

    @jax.custom_vjp
    def clipped(x):
        return x

    clipped.defvjp(lambda x: (x, None), lambda _, d: (jnp.clip(d, -0.1, 0.1),))
    x = jax.lax.cond(jnp.sum(x) > 0, lambda x: jnp.sin(x), lambda x: x**3, x)
    curved = jax.lax.switch(x.shape[0] % 3, [jnp.cosh, jnp.square, jnp.exp], y)
    return jnp.sum(clipped(x) ** 2) + jnp.mean(curved)


def sized(x):
    """A Python branch on a size, and a mean by hand with a float of a size."""
    if x.shape[0] > 3:
        x = x[::2] * 1.5
    return jnp.sum(jnp.arctan(x)) / float(x.shape[0])


def polynomial(x, y, strength, degree=3):
    """The error of a polynomial fitted to other points."""
    V = x[:, None] ** jnp.arange(degree + 1)
    fit = jnp.linalg.solve(V.T @ V + jnp.exp(strength) * jnp.eye(degree + 1), V.T @ y)
    return jnp.mean((V @ fit - y) ** 2) + jnp.mean((jnp.polyval(fit[::-1], x / 2) - y) ** 2)


def spectrum(A):
    """Eigenvalues of a symmetric matrix, and one of its eigenvectors."""
    eigenvalues, vectors = jnp.linalg.eigh(A + A.T)
    return jnp.sum(jnp.log1p(eigenvalues**2)) + jnp.sum(vectors[:, 0] ** 4)


def largest_eigenvalue(A):
    """Found by power iteration until it stands; the derivative is that of vᵀSv with v fixed."""
    S = A @ A.T + jnp.eye(A.shape[0])

    def far(v):
        return jnp.linalg.norm(S @ v - v * (v @ S @ v)) > 1e-3 * (v @ S @ v)

    def step(v):
        return S @ v / jnp.linalg.norm(S @ v)

    S, kept = jax.lax.stop_gradient(S), S
    v = jax.lax.while_loop(far, step, step(jnp.ones_like(A[:, 0])))
    return v @ kept @ v


def nuclear_norm(A, B):
    return jnp.sum(jnp.linalg.svd(A @ B, compute_uv=False)) + jnp.sum(A**2)


LOSSES = [
    Foreign(
        attention_block,
        {
            "x": "b, t, e",
            "target": "b, t, e",
            "attention": {"q": "e, h, d", "k": "e, h, d", "v": "e, h, d", "o": "h, d, e"},
            "mlp": {"up": "e, f", "b_up": "f", "down": "f, e", "b_down": "e"},
            "norms": [["e", "e"], ["e", "e"]],
        },
        {
            "b": (1, 2, 3),
            "t": (1, 5, 4),
            "e": (3, 6, 4),
            "h": (1, 3, 2),
            "d": (1, 2, 4),
            "f": (1, 8, 5),
        },
    ),
    Foreign(
        swiglu_with_dropout,
        {
            "x": "n, d",
            "kept": "bool[n, f]",
            "gain": "d",
            "gate": "d, f",
            "up": "d, f",
            "down": "f, d",
        },
        {"n": (1, 4, 7), "d": (1, 3, 8), "f": (2, 6, 5)},
    ),
    Foreign(
        lstm,
        {
            "X": "t, n, m",
            "labels": "int[t, m]",
            "W": "4*h, n",
            "U": "4*h, h",
            "b": "4*h, 1",
            "V": "c, h",
        },
        {"t": (1, 6, 3), "n": (1, 3, 4), "m": (1, 2, 5), "h": (1, 4, 2), "c": (2, 3, 5)},
        {"labels": below("c")},
    ),
    Foreign(
        gru,
        {
            "X": "m, t, n",
            "y": "m",
            "gates": {"W": "2, h, n", "U": "2, h, h", "b": "2, h"},
            "candidate": {"W": "h, n", "U": "h, h", "b": "h"},
            "readout": "h",
        },
        {"m": (1, 3, 4), "t": (1, 5, 2), "n": (1, 2, 4), "h": (1, 4, 3)},
    ),
    Foreign(
        recurrent,
        {"X": "t, n", "Y": "t, k", "start": "h", "W": "h, n", "U": "h, h", "V": "k, h"},
        {"t": (1, 7, 3), "n": (1, 3, 2), "k": (1, 2, 4), "h": (1, 4, 5)},
    ),
    Foreign(
        residual_block,
        {
            "images": "n, h, w, c",
            "labels": "int[n]",
            "kernels": ["3, 3, c, f", "3, 3, f, f"],
            "projection": "1, 1, c, f",
            "scales": ["f", "f"],
            "shifts": ["f", "f"],
            "dense": "f, k",
        },
        {
            "n": (1, 2, 3),
            "h": (2, 5, 4),
            "w": (1, 4, 6),
            "c": (1, 3, 2),
            "f": (1, 2, 4),
            "k": (2, 3, 4),
        },
        {"labels": below("k")},
        per_shape=True,  # padding to the "SAME" size over the stride depends on the numbers h and w
    ),
    Foreign(
        convolutional,
        {
            "images": "n, c, h, w",
            "labels": "int[n]",
            "kernel": "f, c, 3, 2",
            "bias": "f",
            "dense": "f, floordiv(h - 4, 2) + 1, floordiv(w - 3, 2) + 1, k",
        },
        {
            "n": (1, 3, 2),
            "c": (1, 2, 3),
            "h": (4, 7, 6),
            "w": (3, 6, 8),
            "f": (1, 3, 2),
            "k": (2, 4, 3),
        },
        {"labels": below("k")},
        constraints=["h >= 4", "w >= 3"],
    ),
    Foreign(
        grouped_convolution,
        {"images": "n, 2*c, h, w", "kernel": "2*f, c, 3, 2", "target": "n, 2*f"},
        {"n": (1, 2, 3), "c": (1, 2, 1), "h": (6, 8, 9), "w": (2, 5, 4), "f": (1, 2, 3)},
        constraints=["h >= 6", "w >= 2"],
    ),
    Foreign(
        graph_convolution,
        {
            "features": "n, d",
            "labels": "int[n]",
            "sources": "int[m]",
            "targets": "int[m]",
            "W": "d, h",
            "V": "h, k",
        },
        {"n": (1, 5, 6), "d": (1, 3, 2), "m": (1, 9, 4), "h": (1, 4, 3), "k": (2, 3, 5)},
        {"labels": below("k"), "sources": below("n"), "targets": below("n")},
    ),
    Foreign(
        variational_autoencoder,
        {
            "x": "n, p",
            "noise": "n, z",
            "encoder": {"hidden": "p, h", "mean": "h, z", "std": "h, z"},
            "decoder": {"hidden": "z, h", "pixels": "h, p"},
        },
        {"n": (1, 3, 5), "p": (1, 6, 4), "h": (1, 5, 3), "z": (1, 2, 3)},
        {"x": between(0, 1)},
    ),
    Foreign(
        neural_ode,
        {"x": "n, d", "target": "n, d", "W": "d, h", "U": "h, d"},
        {"n": (1, 4, 2), "d": (1, 3, 2), "h": (1, 5, 4)},
    ),
    Foreign(
        contrastive,
        {"left": "n, d", "right": "n, d", "log_temperature": ""},
        {"n": (2, 5, 3), "d": (2, 4, 6)},  # of a single number only the sign is left
    ),
    Foreign(
        word_embedding,
        {
            "words": "v, d",
            "contexts": "v, d",
            "context": "int[b, w]",
            "target": "int[b]",
            "negatives": "int[b, k]",
        },
        {"v": (1, 9, 5), "d": (1, 4, 3), "b": (1, 5, 3), "w": (1, 4, 2), "k": (1, 3, 6)},
        dict.fromkeys(["context", "target", "negatives"], below("v")),
    ),
    Foreign(
        logistic_regression,
        {"X": "m, n", "y": "m", "w": "n", "b": "", "strength": ""},
        {"m": (1, 8, 5), "n": (1, 3, 6)},
        {"y": signs},
    ),
    Foreign(
        softmax_regression,
        {"X": "m, n", "labels": "int[m]", "W": "n, k", "b": "k"},
        {"m": (1, 8, 5), "n": (1, 3, 6), "k": (2, 4, 3)},
        {"labels": below("k")},
    ),
    Foreign(
        gaussian_mixture,
        {"X": "m, d", "logits": "k", "means": "k, d", "factors": "k, d, d"},
        {"m": (1, 9, 6), "d": (1, 3, 4), "k": (1, 2, 4)},
        per_shape=True,  # JAX's derivative of a triangular solve asks whether d > m
    ),
    Foreign(
        gaussian_process,
        {"X": "n, d", "y": "n", "log_lengths": "d", "log_amplitude": "", "log_noise": ""},
        {"n": (2, 6, 9), "d": (1, 2, 3)},
        {"log_noise": between(-0.5, 0)},
        constraints=["n >= 2"],  # JAX's derivative of a triangular solve asks whether n > 1
    ),
    Foreign(
        hidden_markov,
        {"observed": "int[t]", "start": "k", "transitions": "k, k", "emissions": "k, s"},
        {"t": (1, 7, 4), "k": (1, 3, 5), "s": (2, 4, 3)},
        {"observed": below("s")},
    ),
    Foreign(
        connectionist_temporal_classification,
        {"logits": "t, k", "labels": "int[s]"},
        {"t": (3, 7, 6), "k": (2, 5, 3), "s": (1, 3, 2)},
        {"labels": lambda random, shape, sizes: random.integers(1, sizes["k"], shape)},
        constraints=["t >= s", "k >= 2"],
    ),
    Foreign(
        kalman_filter,
        {"y": "t, k", "F": "n, n", "C": "k, n", "log_q": "", "log_r": ""},
        {"t": (1, 5, 4), "k": (1, 2, 3), "n": (1, 3, 2)},
    ),
    Foreign(
        negative_binomial,
        {"X": "m, n", "counts": "int[m]", "w": "n", "log_dispersion": ""},
        {"m": (1, 9, 6), "n": (1, 3, 4)},
        {"counts": counts},
    ),
    Foreign(
        proportional_hazards,
        {"X": "m, n", "times": "m", "died": "bool[m]", "w": "n"},
        {"m": (1, 9, 6), "n": (1, 3, 4)},
        {"times": between(0, 5)},
        wrt=["X", "w"],
        per_shape=True,  # JAX's derivative of cumlogsumexp needs the number m
    ),
    Foreign(
        normal_likelihood,
        {"X": "d, m", "A": "d, r"},
        {"d": (1, 3, 4), "m": (1, 6, 5), "r": (1, 2, 3)},
    ),
    Foreign(
        bundle_adjustment,
        {
            "cameras": "c, 9",
            "points": "p, 3",
            "observed": "o, 2",
            "camera_of": "int[o]",
            "point_of": "int[o]",
        },
        {"c": (1, 3, 2), "p": (1, 5, 4), "o": (1, 12, 7)},
        {"cameras": cameras, "camera_of": below("c"), "point_of": below("p")},
    ),
    Foreign(rosenbrock, {"x": "n"}, {"n": (2, 3, 9)}, constraints=["n >= 2"]),
    Foreign(
        huber_and_quantile,
        {"X": "m, n", "y": "m", "w": "n", "v": "n"},
        {"m": (1, 9, 6), "n": (1, 3, 4)},
    ),
    Foreign(
        hinge,
        {"X": "m, n", "labels": "int[m]", "W": "n, k"},
        {"m": (1, 8, 5), "n": (1, 3, 6), "k": (2, 4, 3)},
        {"labels": below("k")},
    ),
    Foreign(
        matrix_factorisation,
        {"ratings": "n, m", "known": "bool[n, m]", "users": "n, r", "items": "m, r", "bias": "m"},
        {"n": (1, 5, 4), "m": (1, 3, 6), "r": (1, 2, 3)},
    ),
    Foreign(
        springs,
        {"positions": "n, d", "springs": "int[s, 2]", "lengths": "s"},
        {"n": (2, 6, 4), "d": (1, 3, 2), "s": (1, 9, 5)},
        {"springs": below("n")},
    ),
    Foreign(
        optimal_transport,
        {"x": "n, d", "y": "m, d"},
        {"n": (1, 5, 4), "m": (1, 3, 6), "d": (1, 2, 3)},
    ),
    Foreign(branching, {"x": "n", "y": "m, n"}, {"n": (1, 3, 5), "m": (1, 4, 2)}),
    Foreign(sized, {"x": "n"}, {"n": (1, 4, 7)}, per_shape=True),
    Foreign(polynomial, {"x": "m", "y": "m", "strength": ""}, {"m": (1, 6, 9)}),
    Foreign(spectrum, {"A": "n, n"}, {"n": (1, 3, 5)}, through_xla=("eigh",)),
    Foreign(largest_eigenvalue, {"A": "n, m"}, {"n": (1, 3, 5), "m": (1, 4, 2)}),
    Foreign(
        nuclear_norm,
        {"A": "n, r", "B": "r, m"},
        {"n": (1, 3, 4), "r": (1, 2, 4), "m": (1, 4, 5)},
        through_xla=("svd",),
    ),
]
