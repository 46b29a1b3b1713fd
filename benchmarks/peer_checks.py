"""Gradient checks by others, each as its users run it: with its default tolerances, at a point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import jax
import numpy as np
from jax.test_util import check_grads

from backproof.compare.builtin import Network, network_shapes

SIZES = {"n_x": 3, "n_y": 2, "m": 5}
HIDDEN = 4
SLOPE = 0.01


@dataclass(frozen=True)
class Problem:
    """The hand-derived side at one point: J and its gradients as functions of the arrays."""

    hand: Callable[..., Any]
    arrays: Mapping[str, Any]
    others: Mapping[str, Any]
    seed: int

    def results(self, *arrays: Any) -> Mapping[str, Any]:
        """Return all that the hand-derived side returns."""
        *parameters, X = map(np.asarray, arrays)
        names = [name for name in self.arrays if name != "X"]
        with np.errstate(all="ignore"):
            found: Mapping[str, Any] = self.hand(
                dict(zip(names, parameters, strict=True)), X, **self.others
            )
        return found

    def cost(self, *arrays: Any) -> Any:
        """Return J."""
        return self.results(*arrays)["J"]

    def gradients(self, *arrays: Any) -> tuple[Any, ...]:
        """Return the gradients, in the order of the arrays; dX is that of the mean, as J is."""
        results = self.results(*arrays)
        of_mean = {**results, "dX": results["dX"] / SIZES["m"]}
        return tuple(of_mean[f"d{name}"] for name in self.arrays)

    def in_float32(self) -> Problem:
        """Return the same problem in single precision."""
        narrow = {name: array.astype(np.float32) for name, array in self.arrays.items()}
        others = {name: np.float32(array) for name, array in self.others.items()}
        return replace(self, arrays=narrow, others=others)


def drawn(network: Network, hand: Callable[..., Any], seed: int) -> Problem:
    """Draw one problem."""
    random = np.random.default_rng(seed)
    shapes = network_shapes(len(network.hidden) + 1)

    def side(name: str) -> int:
        return int(name) if name.isdigit() else SIZES.get(name, HIDDEN)

    def sides(shape: str) -> tuple[int, ...]:
        return tuple(map(side, shape.split(", ")))

    arrays = {n: random.standard_normal(sides(s)) for n, s in shapes["parameters"].items()}
    arrays["X"] = random.standard_normal(sides(shapes["X"]))
    others = {"Y": random.integers(2, size=sides(shapes["Y"])).astype(float)}
    if network.has_slope:
        others["slope"] = np.array(SLOPE)
    return Problem(hand, arrays, others, seed)


def by_torch(problem: Problem) -> None:
    """Check with torch."""
    torch = import_module("torch")

    class ByHand(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            ctx.save_for_backward(*tensors)
            return torch.as_tensor(problem.cost(*(t.detach().numpy() for t in tensors)))

        @staticmethod
        def backward(ctx: Any, upstream: Any) -> Any:
            found = problem.gradients(*(t.detach().numpy() for t in ctx.saved_tensors))
            return tuple(upstream * torch.as_tensor(gradient) for gradient in found)

    tensors = [torch.tensor(array, requires_grad=True) for array in problem.arrays.values()]
    assert torch.autograd.gradcheck(ByHand.apply, tensors)


def custom_vjp(problem: Problem) -> Callable[..., Any]:
    """Return the hand-derived side as a function whose derivative JAX takes from it."""
    arrays = problem.arrays.values()
    dtype = problem.arrays["X"].dtype
    of_cost = jax.ShapeDtypeStruct((), dtype)
    of_gradients = tuple(jax.ShapeDtypeStruct(array.shape, dtype) for array in arrays)

    @jax.custom_vjp
    def cost(*arrays: Any) -> Any:
        return jax.pure_callback(problem.cost, of_cost, *arrays)

    def forward(*arrays: Any) -> Any:
        return cost(*arrays), arrays

    def backward(arrays: Any, upstream: Any) -> Any:
        found = jax.pure_callback(problem.gradients, of_gradients, *arrays)
        return tuple(upstream * gradient for gradient in found)

    cost.defvjp(forward, backward)
    return cost


def by_jax(problem: Problem) -> None:
    """Check with JAX, in float32."""
    problem = problem.in_float32()
    arrays = tuple(problem.arrays.values())
    check_grads(custom_vjp(problem), arrays, order=1, modes=["rev"])


def by_jax_in_float64(problem: Problem) -> None:
    """Check with JAX, in float64."""
    with jax.enable_x64(True):
        arrays = tuple(problem.arrays.values())
        check_grads(custom_vjp(problem), arrays, order=1, modes=["rev"])


def by_chex(problem: Problem) -> None:
    """Check with chex, in float32."""
    chex = import_module("chex")
    problem = problem.in_float32()
    arrays = tuple(problem.arrays.values())
    chex.assert_numerical_grads(custom_vjp(problem), arrays, order=1, modes=["rev"])


def by_autograd(problem: Problem) -> None:
    """Check with HIPS autograd, which draws its direction from NumPy's global generator."""
    extend, test_util = import_module("autograd.extend"), import_module("autograd.test_util")
    cost = extend.primitive(problem.cost)
    every = tuple(range(len(problem.arrays)))

    def rule(i: int) -> Callable[..., Any]:
        return lambda J, *arrays: lambda upstream: upstream * problem.gradients(*arrays)[i]

    extend.defvjp(cost, *map(rule, every))
    np.random.seed(problem.seed)  # noqa: NPY002
    test_util.check_grads(cost, every, modes=["rev"], order=1)(*problem.arrays.values())


def differences(problem: Problem, step: float) -> list[Any]:
    """Return central differences of J by every entry of every array."""
    found = []
    arrays = [array.copy() for array in problem.arrays.values()]
    for array in arrays:
        numeric = np.empty_like(array)
        for place in np.ndindex(array.shape):
            middle = array[place]
            array[place] = middle + step
            above = problem.cost(*arrays)
            array[place] = middle - step
            below = problem.cost(*arrays)
            array[place] = middle
            numeric[place] = (above - below) / (2 * step)
        found.append(numeric)
    return found


def by_allclose(problem: Problem) -> None:
    """Check by central differences and np.allclose."""
    by_hand = problem.gradients(*problem.arrays.values())
    for numeric, gradient in zip(differences(problem, 1e-5), by_hand, strict=True):
        assert np.allclose(gradient, numeric)


def by_norms(problem: Problem) -> None:
    """Check by central differences and the relative distance of all entries together."""
    by_hand = problem.gradients(*problem.arrays.values())
    numeric = np.concatenate([d.ravel() for d in differences(problem, 1e-7)])
    gradient = np.concatenate([np.ravel(d) for d in by_hand])
    apart = np.linalg.norm(numeric - gradient)
    assert apart / (np.linalg.norm(numeric) + np.linalg.norm(gradient)) <= 2e-7


PEERS: dict[str, tuple[str, Callable[[Problem], None]]] = {
    "torch gradcheck": ("torch", by_torch),
    "JAX check_grads, float32": ("jax", by_jax),
    "JAX check_grads, float64": ("jax", by_jax_in_float64),
    "chex": ("chex", by_chex),
    "HIPS autograd": ("autograd", by_autograd),
    "differences, allclose": ("numpy", by_allclose),
    "differences, norms": ("numpy", by_norms),
}
