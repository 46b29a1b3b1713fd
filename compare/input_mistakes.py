"""Mistakes of input: another array, a transpose, a term or a factor left out."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from backproof.compare.line import Line, Wrong, fitted, reversals, rounding
from backproof.compare.values import Array

USUAL_RATES = (0.1, 0.01, 1.2)  # of learning; the last is that of the course's assignment


def other_value(line: Line) -> Wrong:
    """Another array of the same shape stands where one belongs."""
    for name, array in line.floats_read.items():
        for other, instead in line.alike(array.shape):
            if other != name:
                yield f"{other} in place of {name}", line.given({name: instead})


def other_term(line: Line) -> Wrong:
    """One term of a difference is another value, such as the logits for the probabilities."""
    scales = [1.0] if line.trial.pair.per_example else [1 / n for n in line.sizes.values()]
    shaped = list(line.alike(line.right.shape, values=True))
    for (name, array), (other, instead) in permutations(shaped, 2):
        for scale in scales:
            yield f"{other} in place of {name}", line.right + scale * (instead - array)


def other_quantity(line: Line) -> Wrong:
    """It is another quantity altogether, or that of the whole cost in place of the mean's."""
    order = line.trial.quantities.names
    later = order[order.index(line.name) :]
    for name, array in line.alike(line.right.shape):
        if name in later:  # it may be what follows from this line, and equal it rightly
            continue
        yield name, array
        for size, n in line.sizes.items():
            yield f"{name}/{size}", array / n


def flipped(line: Line) -> Wrong:
    """An array is read backwards, or should be: of a convolution, one gradient flips the kernel."""
    for name, array in line.floats_read.items():
        for words, axes in reversals(array):
            yield f"{name} {words}", line.given({name: np.flip(array, axes)})


def upstream_ignored(line: Line) -> Wrong:
    """The upstream gradient is ignored: right for a plain sum, where it is all ones."""
    for name in line.upstream:
        yield name, line.given({name: np.ones_like(line.arrays[name])})


def path_missing(line: Line) -> Wrong:
    """What goes into several things gets a term from each of them: one term is missing."""
    if len(line.upstream) > 1:
        for name in line.upstream:
            yield name, line.given({name: np.zeros_like(line.arrays[name])})


def factor_ignored(line: Line) -> Wrong:
    """A factor is left out; where it starts at 1, as scales do, nobody notices."""
    for name in line.reads:
        if name not in line.upstream and line.arrays[name].dtype.kind in "fb":
            yield name, line.given({name: np.ones_like(line.arrays[name])})


def term_ignored(line: Line) -> Wrong:
    """A term, such as the bias, is left out."""
    for name, array in line.floats_read.items():
        if name not in line.upstream:
            yield name, line.given({name: np.zeros_like(array)})


def updated_parameter(line: Line) -> Wrong:
    """The parameter was updated before the gradient that needs its old value."""
    for name in line.reads:
        gradient = line.trial.hand.get(f"d{name}")
        if gradient is None or name not in line.trial.flat:
            continue
        if gradient.shape != line.arrays[name].shape:
            continue
        change = line.given({name: gradient}) - line.given({name: np.zeros_like(gradient)})
        if _is_multiple(change, line.right):
            continue  # no more than a factor, which has its own row
        rates: tuple[float, ...] = USUAL_RATES
        if line.hand is not None:
            rates = (-fitted(line.hand - line.right, change),)
        for rate in rates:
            if 0 < rate <= 100:
                yield f"{name} − {rate:.6g} d{name} in place of {name}", line.right - rate * change


def transposed(line: Line) -> Wrong:
    """A transpose is missing or one too many; squares let it pass."""
    if line.right.ndim == 2 and line.right.shape[0] == line.right.shape[1]:
        yield line.name, line.right.T
    for name, array in line.floats_read.items():
        if array.ndim == 2 and array.shape[0] == array.shape[1]:
            yield name, line.given({name: array.T})


def elementwise(line: Line) -> Wrong:
    """Multiplied entry by entry where a matrix product belongs."""
    read = {name: line.arrays[name] for name in line.reads if line.arrays[name].ndim == 2}
    factors = {**read, **{f"{name}ᵀ": array.T for name, array in read.items()}}
    for (one, left), (other, right) in permutations(factors.items(), 2):
        if left.shape[1] != right.shape[0] or one.rstrip("ᵀ") == other.rstrip("ᵀ"):
            continue
        product = left @ right
        if product.shape != line.right.shape or not np.any(product):
            continue
        scale = fitted(line.right, product)
        if not line.is_right(scale * product):
            continue
        for twin, array in ((other, right), (_turned(other), right.T)):
            try:
                wrong = scale * (left * array)
            except ValueError:
                continue
            if wrong.shape == line.right.shape:
                yield f"{one} ∗ {twin}", wrong


def decay_missing(line: Line) -> Wrong:
    """The term of the penalty, λW, is missing."""
    direct = _direct(line)
    if direct is not None:
        yield "", line.right - direct


def decay_twice(line: Line) -> Wrong:
    """The term of the penalty is twice as large as it should be: ½λW² has derivative λW."""
    direct = _direct(line)
    if direct is not None:
        yield "", line.right + direct


def decay_added(line: Line) -> Wrong:
    """The parameter itself is added or missing: a penalty's term, or a part of it."""
    name = line.name.removeprefix("d")
    if name not in line.trial.flat or _direct(line) is not None:
        return
    W = line.arrays[name]
    rate = 0.1 if line.hand is None else fitted(line.hand - line.right, W)
    much = "too much" if rate > 0 else "too little"
    yield f"{abs(rate):.6g} {name} {much}", line.right + rate * W
    for size, n in line.sizes.items():
        per = 0.1 if line.hand is None else rate * n
        yield f"{abs(per):.6g} {name}/{size} {much}", line.right + per * W / n


def _is_multiple(one: Array, other: Array) -> bool:
    apart = one - fitted(one, other) * other
    return bool(np.max(np.abs(apart), initial=0) <= 1e-9 * np.max(np.abs(one), initial=0))


def _turned(name: str) -> str:
    return name.removesuffix("ᵀ") if name.endswith("ᵀ") else f"{name}ᵀ"


def _direct(line: Line) -> Array | None:
    """Return the part of a parameter's gradient that goes through no mark: that of a penalty."""
    marks = [name for name in line.upstream if name not in line.trial.flat]
    if line.name.removeprefix("d") not in line.trial.flat or not marks:
        return None
    direct = line.given({name: np.zeros_like(line.arrays[name]) for name in marks})
    W = line.arrays[line.name.removeprefix("d")]
    for of_penalty in (W, np.sign(W)):  # λ W of ½ λ W², λ sign(W) of λ |W|
        term = fitted(direct, of_penalty) * of_penalty
        if np.any(term) and np.max(np.abs(direct - term)) <= rounding(line.trial, direct):
            return direct
    return None
