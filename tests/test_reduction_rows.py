"""Rows of `backproof.autodiff.primitives.reductions` against XLA."""

from __future__ import annotations

import jax.numpy as jnp
import pytest
from rows import Case

CASES = [
    Case("reduce_sum", lambda x: jnp.sum(x, axis=1), ["n, m"], {"n": 3, "m": 4}),
    Case("reduce_sum", lambda x: jnp.sum(x, axis=(0, 2), keepdims=True), ["n, m, k"], {"n": 3, "m": 4, "k": 2}),
    Case("reduce_sum", jnp.sum, ["0, 3"]),
    Case("reduce_max", lambda x: jnp.max(x, axis=0), ["n, 1"], {"n": 3}, ulps=0),
    Case("reduce_min", lambda x: jnp.min(x), ["n, m"], {"n": 3, "m": 2}, ulps=0),
    Case("reduce_prod", lambda x: jnp.prod(x, axis=-1), ["n, m"], {"n": 3, "m": 5}),
    Case("reduce_and", lambda x: jnp.all(x > 0, axis=0), ["n, m"], {"n": 2, "m": 5}),
    Case("reduce_or", lambda x: jnp.any(x > 0, axis=0), ["n, m"], {"n": 2, "m": 5}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_a_row_agrees_with_XLA(case: Case, dtype: str) -> None:
    case.check(dtype)
