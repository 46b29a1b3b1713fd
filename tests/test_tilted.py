"""Ties settled one way or the other: each way is a derivative on that side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from backproof.autodiff.derive import derive
from backproof.autodiff.tilted import Tilted

ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "jax.nn.relu": jax.nn.relu,
    "max(z, 0)": lambda z: jnp.maximum(z, 0),
    "max(0, z)": lambda z: jnp.maximum(0, z),
    "min(z, 0)": lambda z: jnp.minimum(z, 0),
    "where(z ≥ 0, …)": lambda z: jnp.where(z >= 0, z, 0.1 * z),
    "where(z < 0, …)": lambda z: jnp.where(z < 0, 0.1 * z, z),
    "abs": jnp.abs,
    "z sign(z)": lambda z: z * jnp.sign(z),
    "clip": lambda z: jnp.clip(z, -1, 1),
    "hard_tanh": jax.nn.hard_tanh,
    "elu": lambda z: jax.nn.elu(z, 0.5),
    "max(z, 0) − ½|z|": lambda z: jnp.maximum(z, 0) - jnp.abs(z) / 2,
    "relu(z) − relu(−z)": lambda z: jax.nn.relu(z) - jax.nn.relu(-z),
    "max(z + 1, 1)": lambda z: jnp.maximum(z + 1, 1),
    "max(max(z, 0), −1)": lambda z: jnp.maximum(jnp.maximum(z, 0), -1),
}
Z = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
STEP = 2.0**-30


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_tie_that_is_settled_upwards_is_the_derivative_above(name: str, side: int) -> None:
    program = derive(lambda z: jnp.sum(ELEMENTWISE[name](z)), {"z": "n"})
    J, _, settled = program.settled(lambda shape: side * np.ones(shape), z=Z)
    _, _, beside = program(z=Z + side * STEP)
    assert program(z=Z)[0] == J
    np.testing.assert_allclose(settled["dz"], beside["dz"], rtol=0, atol=1e-8)


EQUALS = np.array([1.0, 3, 2, 3, 3, 0])
LARGEST: dict[str, Callable[[Any], Any]] = {
    "max": jnp.max,
    "−min(−z)": lambda z: -jnp.min(-z),
    "max over an axis": lambda z: jnp.sum(jnp.max(z.reshape(1, -1), axis=1)),
    "a window": lambda z: jnp.sum(lax.reduce_window(z, -jnp.inf, lax.max, (6,), (1,), "VALID")),
    "at the place of the largest": lambda z: z[jnp.argmax(z)],
    "at the place of the smallest": lambda z: z[jnp.argmin(-z)],
    "one after another": lambda z: lax.reduce(z, -jnp.inf, lax.max, (0,)),
}


@pytest.mark.parametrize("winner", [1, 3, 4])
@pytest.mark.parametrize("name", LARGEST)
def test_the_equal_with_the_largest_tilt_takes_all(name: str, winner: int) -> None:
    def tilts(shape: Any) -> Any:
        """Tilt the arguments alone, so that each way of writing it sees the same."""
        return np.where(np.arange(6) == winner, 1.0, 0.0) if shape == (6,) else np.zeros(shape)

    program = derive(lambda z: LARGEST[name](z), {"z": "6"})
    _, _, settled = program.settled(tilts, z=EQUALS)
    np.testing.assert_array_equal(settled["dz"], np.arange(6) == winner)


def test_what_is_not_tied_is_not_settled() -> None:
    """NaN and infinity are as they are, and x == x holds."""
    z = Tilted(np.array([np.inf, np.nan, 1.0]), np.array([1.0, -1, 1]), np.ones)
    np.testing.assert_array_equal(z == np.inf, [True, False, False])
    np.testing.assert_array_equal(z != z, [False, True, False])
    np.testing.assert_array_equal(np.maximum(z, 1).value, [np.inf, np.nan, 1])
    np.testing.assert_array_equal(z > 1, [True, False, True])
