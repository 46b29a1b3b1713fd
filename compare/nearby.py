"""A program near a point that may be a tie: moved off it, or with its ties settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from backproof.autodiff.result import CUT, Result
from backproof.compare.trial import Trial
from backproof.compare.witness import leaf_of

CHOICES = 24  # at all ties, by chance
STEP = 2.0**-30  # of an entry, or of this share of the largest one, or of 1 where all are 0
LEAST = 2.0**-8
JUMP = 1e-4  # of the largest entry: a value that changes by more has no derivative


def one_sided(trial: Trial, count: int) -> Iterator[Result]:
    """Yield the program near the point, in several directions, where no tie is.

    What is moved is what there are derivatives for: labels stay what they are.
    """
    random = np.random.default_rng(0)
    program = trial.program
    flat = program.signature.flat(trial.inputs(np.longdouble))
    names = [
        leaf.name
        for leaf in program.signature.leaves
        if leaf.path[0] == CUT or f"d{leaf.name}" in trial.hand
    ]
    for i in range(count):
        moved = {name: flat[name] + _along(flat[name], random, i) for name in names}
        yield from _run(program, flat | moved)


def moved_at(trial: Trial, name: str, place: tuple[int, ...]) -> Iterator[Result]:
    """Yield the program with one entry of what `name` is the derivative for moved up, and down."""
    program = trial.program
    flat = program.signature.flat(trial.inputs(np.longdouble))
    leaf = leaf_of(trial, name.removeprefix("d")) or ""
    for sign in (1, -1) if leaf else ():
        moved = np.array(flat[leaf])
        moved[place] += sign * _steps(moved)[place]
        yield from _run(program, flat | {leaf: moved})


def _run(program: Any, flat: Mapping[str, Any]) -> Iterator[Result]:
    """Yield what the program gives, if its derivatives are finite."""
    J, values, gradients = program(**program.signature.nested(flat))
    if all(np.all(np.isfinite(derivative)) for derivative in gradients.values()):
        yield J, values, {name: np.asarray(dV, float) for name, dV in gradients.items()}


def _steps(array: Any) -> Any:
    """Return a small step for every entry."""
    largest = np.max(np.abs(array), initial=0) or 1
    return np.maximum(np.abs(array), LEAST * largest) * np.longdouble(STEP)


def _along(array: Any, random: np.random.Generator, i: int) -> Any:
    """Return small steps: now and then along a diagonal, forth and back, else anywhere."""
    if i % 3 == 0:
        return (-1) ** i * _steps(array) * (1 + random.random(array.shape))
    return _steps(array) * random.standard_normal(array.shape)


def jumps(trial: Trial, near: Result) -> bool:
    """Whether a value is another one near the point: a jump has no derivative."""
    J, values, gradients = near
    size = max((float(np.max(np.abs(dV), initial=0)) for dV in gradients.values()), default=0.0)
    for name, value in {"J": J, **values}.items():
        at = trial.truth[name]
        largest = max(float(np.max(np.abs(at), initial=0)), size)
        if not np.all(np.abs(value - at) <= JUMP * largest):
            return True
    return False


def settled(trial: Trial, name: str) -> Iterator[Any]:
    """Yield a derivative with all ties settled: the usual conventions first, then by chance.

    Every larger of equals, every smaller, the first of equals, the last.
    """
    random = np.random.default_rng(0)
    conventions: list[Callable[[Any], Any]] = [
        np.ones,
        lambda shape: -np.ones(shape),
        lambda shape: np.arange(np.prod(shape), 0, -1).reshape(shape),
        lambda shape: np.arange(np.prod(shape)).reshape(shape) + 1,
    ]
    inputs = trial.inputs(np.longdouble)
    for tilts in conventions + [random.standard_normal] * CHOICES:
        try:
            derivative = np.asarray(trial.program.settled(tilts, **inputs)[2][name], float)
        except Exception:  # an operation that takes plain arrays only
            return
        if np.all(np.isfinite(derivative)):
            yield derivative
