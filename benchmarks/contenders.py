"""Who computes the gradients of the shallow tanh network with a sigmoid and cross-entropy.

A shape is (n_x, n_h, n_y, m). All contenders return at least dW1, db1, dW2, db2 and the cost;
the hand-derived side and the replay return every Z, A, dZ and dA as well, which autodiff libraries
do not keep. They check their arguments at every call, which belongs to their cost.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from backproof import manual
from backproof.autodiff import shallow
from backproof.autodiff.derive import derive
from backproof.autodiff.program import DerivedProgram

torch: Any = importlib.import_module("torch") if find_spec("torch") else None
if torch:
    torch.set_num_threads(1)
NO_TORCH = "" if torch else "torch is not installed"

Shape = tuple[int, int, int, int]
NAMES = ("W1", "b1", "W2", "b2")
SHAPES = {
    "parameters": {"W1": "n_h, n_x", "b1": "n_h, 1", "W2": "n_y, n_h", "b2": "n_y, 1"},
    "X": "n_x, m",
    "Y": "n_y, m",
}


class Arrays(NamedTuple):
    """One problem: parameters, X (n_x, m) and Y (n_y, m)."""

    parameters: dict[str, Any]
    X: Any
    Y: Any


def draw(shape: Shape, dtype: str, random: np.random.Generator) -> Arrays:
    """Draw the arrays of one shape; weights shrink with n, so that tanh does not saturate."""
    n_x, n_h, n_y, m = shape
    sides = {"W1": (n_h, n_x), "b1": (n_h, 1), "W2": (n_y, n_h), "b2": (n_y, 1)}
    parameters = {
        name: (random.standard_normal(side) / np.sqrt(side[1])).astype(dtype)
        for name, side in sides.items()
    }
    X, Y = random.standard_normal((n_x, m)), random.random((n_y, m))
    return Arrays(parameters, X.astype(dtype), Y.astype(dtype))


def loss(parameters: dict[str, Any], X: Any, Y: Any) -> jax.Array:
    """The cost, for JAX to differentiate."""
    return shallow.cost(shallow.forward(parameters, X, "tanh"), Y)


compiled = jax.jit(jax.value_and_grad(loss))


@cache
def program() -> DerivedProgram:
    """JAX's derivation, traced once for all shapes."""
    return derive(loss, SHAPES, wrt=["parameters"])


def by_hand(arrays: Arrays) -> Any:
    """Return (J, cache, gradients) by the equations on paper."""
    return manual.shallow.gradients(*arrays, hidden="tanh")


def by_replay(arrays: Arrays) -> Any:
    """Return (J, values, gradients) by JAX's derivation, replayed by NumPy."""
    return program()(parameters=arrays.parameters, X=arrays.X, Y=arrays.Y)


def by_jit(arrays: Arrays) -> Any:
    """Return (J, gradients) by XLA, which compiles where it has not seen the shape."""
    return jax.block_until_ready(compiled(*arrays))


def torch_arrays(arrays: Arrays) -> Arrays:
    """Return the same arrays as tensors, the parameters to be differentiated."""
    tensors = {k: torch.from_numpy(V).requires_grad_() for k, V in arrays.parameters.items()}
    return Arrays(tensors, torch.from_numpy(arrays.X), torch.from_numpy(arrays.Y))


def torch_loss(parameters: Sequence[Any], X: Any, Y: Any) -> Any:
    """The cost, for torch to differentiate."""
    W1, b1, W2, b2 = parameters
    Z2 = W2 @ torch.tanh(W1 @ X + b1) + b2
    total = torch.nn.functional.binary_cross_entropy_with_logits(Z2, Y, reduction="sum")
    return total / X.shape[1]


def by_torch(tensors: Arrays) -> Any:
    """Return (J, gradients) by torch's autograd, eagerly."""
    parameters = [tensors.parameters[name] for name in NAMES]
    J = torch_loss(parameters, tensors.X, tensors.Y)
    return J, dict(zip(NAMES, torch.autograd.grad(J, parameters), strict=True))


def prepared(arrays: Arrays) -> dict[str, Callable[[], Any]]:
    """Return every contender with its own library's arrays made, compiled where it compiles.

    Raises AssertionError when their gradients are not the same: then there is nothing to time.
    """
    on_device = Arrays(*jax.tree.map(jnp.asarray, tuple(arrays)))
    runs: dict[str, Callable[[], Any]] = {
        "hand": lambda: by_hand(arrays),
        "replay": lambda: by_replay(arrays),
        "jit": lambda: by_jit(on_device),
        "jit on NumPy": lambda: jax.tree.map(np.asarray, by_jit(arrays)),
    }
    if torch:
        tensors = torch_arrays(arrays)
        runs["torch"] = lambda: by_torch(tensors)
    of_hand = by_hand(arrays)[2]
    for contender, run in runs.items():
        found = run()[-1]
        for name in NAMES:
            right = of_hand[f"d{name}"]
            value = np.asarray(found.get(f"d{name}", found.get(name)))
            bound = 1e3 * np.finfo(right.dtype).eps * np.abs(right).max()
            assert value.dtype == right.dtype, (contender, name, value.dtype)
            assert np.abs(value - right).max() <= bound, (contender, name)
    return runs
