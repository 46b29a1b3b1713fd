"""One gradient at a shape never seen before, as every example of a property test asks for it.

All four sides are drawn from 1 to 19, in float64, and no shape comes twice. Each contender takes a
turn of 100 new shapes, the same for all, one after another as a property test does; those that take
milliseconds have the first of them only. Compiling belongs to the time of what compiles; turning
NumPy arrays into tensors belongs to torch's. The two gradient checks are what people run today;
what is timed is the whole of one check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import jax
import numpy as np
from jax.test_util import check_grads

from benchmarks import contenders
from benchmarks.contenders import Arrays, Shape
from benchmarks.report import About
from benchmarks.timing import Measure, Row, alternate, in_turn, once, rows_of

ABOUT = About(
    title="One gradient at a shape never seen before",
    detail="shallow network, four sides drawn from 1 to 19, float64, one thread",
    axis="time for one gradient, or one gradient check",
    bases=("hand", "replay"),
)
LARGEST = 19
TURN = 100  # shapes: as many as Hypothesis draws by default
ROUNDS = 60
EVERY = {"jit per shape": 2, "torch gradcheck": 2, "JAX check_grads": 6}


def rows(quick: bool) -> Iterator[Row]:
    """Yield one row for each contender."""
    random = np.random.default_rng(0)
    seen: set[Shape] = set()

    def unseen() -> Arrays:
        shape: Shape = tuple(random.integers(1, LARGEST + 1, 4).tolist())
        while shape in seen:
            shape = tuple(random.integers(1, LARGEST + 1, 4).tolist())
        seen.add(shape)
        return contenders.draw(shape, "float64", random)

    def round_of(i: int) -> Mapping[str, Measure]:
        turn = [unseen() for _ in range(TURN)]
        measures = {
            "hand": in_turn(contenders.by_hand, turn),
            "replay": in_turn(contenders.by_replay, turn),
        }
        if contenders.torch:
            measures["torch"] = in_turn(from_numpy_by_torch, turn)
            measures["torch gradcheck"] = once(check_by_torch, turn[0])
        measures["jit per shape"] = once(contenders.by_jit, turn[0])
        measures["JAX check_grads"] = once(check_by_jax, turn[0])
        return measures

    with jax.enable_x64(True):
        found = alternate(round_of, ROUNDS, quick, every=EVERY)
    by_torch = () if contenders.torch else ("torch", "torch gradcheck")
    yield from rows_of("", found, dict.fromkeys(by_torch, contenders.NO_TORCH))


def from_numpy_by_torch(arrays: Arrays) -> None:
    """Make tensors of the arrays, then differentiate."""
    contenders.by_torch(contenders.torch_arrays(arrays))


def check_by_torch(arrays: Arrays) -> None:
    """Run torch's own gradient check on every parameter, with its default tolerances."""
    tensors = contenders.torch_arrays(arrays)
    parameters = [tensors.parameters[name] for name in contenders.NAMES]
    assert contenders.torch.autograd.gradcheck(
        lambda *values: contenders.torch_loss(values, tensors.X, tensors.Y), parameters
    )


def check_by_jax(arrays: Arrays) -> None:
    """Run JAX's own gradient check, once through the reverse mode, with its defaults."""
    check_grads(
        lambda parameters: contenders.loss(parameters, arrays.X, arrays.Y),
        (arrays.parameters,),
        order=1,
        modes=["rev"],
    )
