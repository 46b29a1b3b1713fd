"""Where gradient descent starts: W by one of five rules, b = 0 (S30, S37–S40).

Each rule fills one W (n_l, n_{l−1}) in float64. `normal`, `he` and `xavier` break the symmetry
between the units of a layer; `zeros` and `constant` keep it forever and are here to show that.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from backproof.arguments import check_initializer, check_whole
from backproof.manual.activations import Array


def initialize(
    name: str,
    sizes: Sequence[int],
    seed: int | np.random.Generator = 0,
    scale: float | None = None,
    dtype: str = "float64",
) -> dict[str, Array]:
    """Return {W1, b1, …, WL, bL} for layers of `sizes` (n_x, n_1, …, n_y).

    =========  ==========================================  =================================
    name       each entry of W (n, n_before)               source
    =========  ==========================================  =================================
    zeros      0                                           S37
    constant   `scale` (0.5)                               the notes' slip on "not all 0"
    normal     standard normal × `scale` (0.01)            S38, S40
    he         normal, standard deviation √(2/n_before)    He et al. 2015, arXiv:1502.01852
    xavier     normal, standard deviation √(2/(n_before+n))  Glorot and Bengio 2010, AISTATS
    =========  ==========================================  =================================

    The same seed gives the same numbers; a Generator is advanced. No global state is used.

    >>> initialize("constant", (2, 1), scale=0.5)
    {'W1': array([[0.5, 0.5]]), 'b1': array([[0.]])}
    """
    check_initializer(name, sizes, scale, dtype)
    if not isinstance(seed, np.random.Generator):
        check_whole("seed", seed, least=0)
    random = np.random.default_rng(seed)
    parameters = {}
    for l, (n_before, n) in enumerate(pairwise(sizes), start=1):
        W = _weights(name, n, n_before, random, scale)
        parameters[f"W{l}"] = W.astype(dtype)  # (n_l, n_{l−1})
        parameters[f"b{l}"] = np.zeros((n, 1), dtype)  # (n_l, 1)
    return parameters


def _weights(
    name: str, n: int, n_before: int, random: np.random.Generator, scale: float | None
) -> Array:
    if name == "zeros":
        return np.zeros((n, n_before))
    if name == "constant":
        return np.full((n, n_before), 0.5 if scale is None else scale)
    deviation = {
        "normal": 0.01 if scale is None else scale,
        "he": np.sqrt(2 / n_before),
        "xavier": np.sqrt(2 / (n_before + n)),
    }[name]
    return random.standard_normal((n, n_before)) * deviation
