"""What goes wrong in derivations: how each mistake changes what a line gives.

A function here takes a line and yields, in a few words and as an array, what the line gives if the
mistake is made. The same function plants the mistake and recognises it: recognised is what equals
the hand-derived numbers on unrelated shapes. Mistakes with a number of their own, a learning rate
or a factor, read it off the hand-derived numbers (line.hand) if there are any.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any, TypeAlias

import numpy as np

from backproof.compare.line import Line
from backproof.compare.values import Array

Wrong: TypeAlias = Iterator[tuple[str, Array]]
MOST = 128  # entries, of what is taken entry by entry


def sign(line: Line) -> Wrong:
    """The minus of an inner derivative is lost, or one too many."""
    yield "", -line.right


def mean_missing(line: Line) -> Wrong:
    """The cost is a mean, the sum was not divided."""
    for name in _summed_sizes(line):
        yield name, line.right * line.sizes[name]


def mean_twice(line: Line) -> Wrong:
    """Divided by a number of things that the cost does not divide by, or divided twice."""
    for name in _summed_sizes(line):
        yield name, line.right / line.sizes[name]


def wrong_count(line: Line) -> Wrong:
    """Divided by the size of another axis."""
    for right, wrong in permutations(_summed_sizes(line), 2):
        yield f"{wrong} in place of {right}", line.right * line.sizes[right] / line.sizes[wrong]


def one_less(line: Line) -> Wrong:
    """Divided by n − 1, as an unbiased variance is, in place of n; or the other way round."""
    for name in _summed_sizes(line):
        n = line.sizes[name]
        if n > 1:
            yield f"{name} − 1 in place of {name}", line.right * n / (n - 1)
            yield f"{name} in place of {name} − 1", line.right * (n - 1) / n


def square_factor(line: Line) -> Wrong:
    """The 2 of a square's derivative, or the ½ before it, is forgotten."""
    yield "twice", 2 * line.right
    yield "half", line.right / 2


def constant_factor(line: Line) -> Wrong:
    """A factor that is the same for every entry, shape and value."""
    factor = 3.0 if line.hand is None else _fitted(line.hand, line.right)
    yield f"{factor:.6g}", factor * line.right


def slope_missing(line: Line) -> Wrong:
    """The derivative of the activation is missing: the upstream gradient is handed on as it is."""
    for name in line.successors:
        yield name, line.arrays[name]


def slope_twice(line: Line) -> Wrong:
    """The derivative of the activation is multiplied twice."""
    for name in line.successors:
        yield name, line.right * _slope(line, name)


def slope_assigned(line: Line) -> Wrong:
    """Where the slope is not 1, it is assigned in place of the upstream gradient times it."""
    for name in line.successors:
        slope = _slope(line, name)
        yield name, np.where(np.abs(slope - 1) < 1e-9, line.right, slope)


def slope_of_another(line: Line) -> Wrong:
    """The derivative of another activation, or the right formula fed with the wrong value."""
    for name in line.successors:
        for value, words, slope in _slopes(line):
            if value != name:
                yield words, line.arrays[name] * slope


def slope_added(line: Line) -> Wrong:
    """An activation's derivative that has cancelled on paper is multiplied all the same."""
    for value, words, slope in _slopes(line):
        if "²" in words or "(" in words:
            yield words, line.right * slope


def mask_of_upstream(line: Line) -> Wrong:
    """ReLU's mask is taken from the upstream gradient, and not from what ReLU was given."""
    for name in line.successors:
        dA = line.arrays[name]
        yield name, dA * (dA > 0)


def other_value(line: Line) -> Wrong:
    """Another array of the same shape stands where one belongs."""
    for name in line.reads:
        for other, array in line.alike(line.arrays[name].shape):
            if other != name and line.arrays[name].dtype.kind == "f":
                yield f"{other} in place of {name}", line.given(**{name: array})


def other_term(line: Line) -> Wrong:
    """One term of a difference is another value, such as the logits for the probabilities."""
    scales = [1.0] if line.trial.pair.per_example else [1 / n for n in line.sizes.values()]
    shaped = list(line.alike(line.right.shape, values=True))
    for (name, array), (other, instead) in permutations(shaped, 2):
        for scale in scales:
            yield f"{other} in place of {name}", line.right + scale * (instead - array)


def upstream_ignored(line: Line) -> Wrong:
    """The upstream gradient is ignored: right for a plain sum, where it is all ones."""
    for name in line.upstream:
        yield name, line.given(**{name: np.ones_like(line.arrays[name])})


def path_missing(line: Line) -> Wrong:
    """What goes into several things gets a term from each of them: one term is missing."""
    if len(line.upstream) > 1:
        for name in line.upstream:
            yield name, line.given(**{name: np.zeros_like(line.arrays[name])})


def factor_ignored(line: Line) -> Wrong:
    """A factor is left out; where it starts at 1, as scales do, nobody notices."""
    for name in line.reads:
        if name not in line.upstream and line.arrays[name].dtype.kind in "fb":
            yield name, line.given(**{name: np.ones_like(line.arrays[name])})


def term_ignored(line: Line) -> Wrong:
    """A term, such as the bias, is left out."""
    for name in line.reads:
        if name not in line.upstream and line.arrays[name].dtype.kind == "f":
            yield name, line.given(**{name: np.zeros_like(line.arrays[name])})


def updated_parameter(line: Line) -> Wrong:
    """The parameter was updated before the gradient that needs its old value."""
    for name in line.reads:
        gradient = line.trial.hand.get(f"d{name}")
        if gradient is None or name not in line.trial.flat:
            continue
        if gradient.shape != line.arrays[name].shape:
            continue
        change = line.given(**{name: gradient}) - line.given(**{name: np.zeros_like(gradient)})
        rate = 0.1
        if line.hand is not None:
            rate = -_fitted(line.hand - line.right, change)
        if 0 < rate <= 100:
            yield f"{name} − {rate:.6g} d{name} in place of {name}", line.right - rate * change


def transposed(line: Line) -> Wrong:
    """A transpose is missing or one too many; squares let it pass."""
    if line.right.ndim == 2 and line.right.shape[0] == line.right.shape[1]:
        yield line.name, line.right.T
    for name in line.reads:
        array = line.arrays[name]
        if array.ndim == 2 and array.shape[0] == array.shape[1] and array.dtype.kind == "f":
            yield name, line.given(**{name: array.T})


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
        scale = _fitted(line.right, product)
        if not _same(line.right, scale * product):
            continue
        for twin, array in ((other, right), (_flipped(other), right.T)):
            try:
                wrong = scale * (left * array)
            except ValueError:
                continue
            if wrong.shape == line.right.shape:
                yield f"{one} ∗ {twin}", wrong


def label_squared(line: Line) -> Wrong:
    """−(y/a)·y in place of −y/a: the same for labels 0 and 1, as y² = y."""
    for name, scale, A, Y, inner in _cross_entropies(line):
        yield name, scale * inner * (-(Y**2) / A + (1 - Y) / (1 - A))


def label_sign(line: Line) -> Wrong:
    """−(y/a + (1 − y)/(1 − a)): the derivative of log(1 − a) has lost its own minus."""
    for name, scale, A, Y, inner in _cross_entropies(line):
        yield name, -scale * inner * (Y / A + (1 - Y) / (1 - A))


def diagonal_only(line: Line) -> Wrong:
    """Only the diagonal of the Jacobian: each output is taken to depend on its own input alone."""
    for name in line.successors:
        dS = line.arrays[name]
        if 1 < dS.size <= MOST:
            rows = np.array([line.given(**{name: e}).ravel() for e in _units(dS)])
            if np.any(rows[~np.eye(dS.size, dtype=bool)]):
                yield name, dS * rows.diagonal().reshape(dS.shape)


def one_step_only(line: Line) -> Wrong:
    """Only one step along an axis contributes: the last, or the first."""
    for name in line.reads:
        array = line.arrays[name]
        if array.dtype.kind != "f":
            continue
        for axis, n in enumerate(array.shape):
            for words, i in (("last", n - 1), ("first", 0)) if n > 1 else ():
                kept = np.zeros_like(array)
                index = (*[slice(None)] * axis, i)
                kept[index] = array[index]
                yield f"{words} of {name} along axis {axis}", line.given(**{name: kept})


def assigned(line: Line) -> Wrong:
    """`=` where `+=` belongs: of several contributions to one entry, the last is left."""
    for name in line.upstream:
        dU = line.arrays[name]
        if not 1 < dU.size <= MOST:
            continue
        total = np.zeros_like(line.right)
        for e, entry in zip(_units(dU), dU.ravel(), strict=True):
            written = line.given(**{name: e})
            total = np.where(written != 0, written * entry, total)
        yield name, total


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
    """A penalty that the loss does not have for this parameter, a bias perhaps."""
    name = line.name.removeprefix("d")
    if name not in line.trial.flat or _direct(line) is not None:
        return
    W = line.arrays[name]
    rate = 0.1 if line.hand is None else _fitted(line.hand - line.right, W)
    yield f"{rate:.6g} {name}", line.right + rate * W
    for size, n in line.sizes.items():
        per = 0.1 if line.hand is None else rate * n
        yield f"{per:.6g} {name}/{size}", line.right + per * W / n


def mean_term_missing(line: Line) -> Wrong:
    """A normalisation's gradient has a term that comes through the mean: it is missing."""
    yield from _normalisation(line, lambda V, axis: np.ones_like(V))


def deviation_term_missing(line: Line) -> Wrong:
    """A normalisation's gradient has a term that comes through the deviation: it is missing."""
    yield from _normalisation(line, lambda V, axis: V - V.mean(axis=axis, keepdims=True))


def zeros(line: Line) -> Wrong:
    """It is all zeros: never computed, or overwritten."""
    yield "", np.zeros_like(line.right)


def part_zero(line: Line) -> Wrong:
    """Some entries are 0, the others right: a loop that ends too early, a block never written."""
    written = np.ones(line.right.shape, bool)
    if line.hand is None and line.right.ndim:
        written[-1] = False
    elif line.hand is not None:
        written = line.hand != 0
    if not np.all(written) and np.any(written):
        yield "", np.where(written, line.right, 0)


def reordered(line: Line) -> Wrong:
    """The right entries at the wrong places: reversed, or shifted by one."""
    for axis, n in enumerate(line.right.shape):
        if n > 1:
            yield f"reversed along axis {axis}", np.flip(line.right, axis)
            yield f"shifted along axis {axis}", np.roll(line.right, 1, axis)
            yield f"shifted along axis {axis}", np.roll(line.right, -1, axis)


def summed_too_much(line: Line) -> Wrong:
    """Summed over an axis that should stay, then spread over it."""
    for axis, n in enumerate(line.right.shape):
        if n > 1:
            total = line.right.sum(axis=axis, keepdims=True)
            yield f"summed over axis {axis}", np.broadcast_to(total, line.right.shape)
            yield f"the mean over axis {axis}", np.broadcast_to(total / n, line.right.shape)


def clipped(line: Line) -> Wrong:
    """Clipped: right for training perhaps, but no gradient any more."""
    limit = 0.1 if line.hand is None else float(np.max(np.abs(line.hand), initial=0))
    yield f"{limit:.6g}", np.clip(line.right, -limit, limit)


def narrow_digits(line: Line) -> Wrong:
    """Computed in float32 somewhere on the way: seven digits are right, the others noise."""
    narrow = line.right.astype(np.float32).astype(np.float64)
    if line.hand is not None and line.trial.dtype == np.float64:
        size = np.max(np.abs(line.right), initial=0)
        off = np.max(np.abs(line.hand - line.right), initial=0)
        if 1e-9 * size < off < 1e-5 * size and np.all(line.hand == line.hand.astype(np.float32)):
            narrow = line.hand
    yield "", narrow


def other_activation(line: Line) -> Wrong:
    """Another function of the same input."""
    if line.name not in line.trial.quantities.marks:
        return
    functions = {
        "tanh": np.tanh,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "ReLU": lambda z: np.maximum(z, 0),
        "identity": lambda z: z,
        "sin": np.sin,
    }
    for name in line.reads:
        for words, g in functions.items():
            if line.arrays[name].shape == line.right.shape:
                with np.errstate(all="ignore"):
                    yield f"{words} of {name}", g(line.arrays[name].astype(np.float64))


def other_quantity(line: Line) -> Wrong:
    """It is another quantity altogether."""
    for name, array in line.alike(line.right.shape):
        yield name, array


def _summed_sizes(line: Line) -> list[str]:
    """Return the sizes: that of the examples first, then those that the result does not have."""
    sides = set(line.right.shape)
    first = line.trial.pair.per_example
    return sorted(line.sizes, key=lambda n: (n != first, line.sizes[n] in sides))


def _fitted(hand: Any, wrong: Any) -> float:
    """Return the factor by which `wrong` comes closest to `hand`, of seven digits."""
    norm = float(np.vdot(wrong, wrong))
    return float(np.vdot(wrong, hand)) / norm if norm else 0.0


def _same(one: Array, other: Array) -> bool:
    return bool(np.max(np.abs(one - other), initial=0) <= 1e-9 * np.max(np.abs(one), initial=0))


def _slope(line: Line, name: str) -> Array:
    """Return the derivative between this line and a successor, entry by entry."""
    dA = line.arrays[name]
    with np.errstate(all="ignore"):
        return np.where(dA != 0, line.right / dA, 0)


def _slopes(line: Line) -> Iterator[tuple[str, str, Array]]:
    """Yield derivatives of activations as people write them, from every value of this shape."""
    for name, V in line.alike(line.right.shape, values=True):
        yield name, f"1 − {name}²", 1 - V**2
        yield name, f"{name}(1 − {name})", V * (1 - V)
        yield name, f"[{name} > 0]", (V > 0).astype(V.dtype)
        yield name, f"[{name} ≥ 0]", (V >= 0).astype(V.dtype)
        yield name, name, V


def _flipped(name: str) -> str:
    return name.removesuffix("ᵀ") if name.endswith("ᵀ") else f"{name}ᵀ"


def _units(array: Array) -> Iterator[Array]:
    """Yield arrays with a single 1, at every entry in turn."""
    for i in range(array.size):
        e = np.zeros(array.size, array.dtype)
        e[i] = 1
        yield e.reshape(array.shape)


def _direct(line: Line) -> Array | None:
    """Return the part of a parameter's gradient that goes through no mark: that of a penalty."""
    marks = [name for name in line.upstream if name not in line.trial.flat]
    if line.name.removeprefix("d") not in line.trial.flat or not marks:
        return None
    direct = line.given(**{name: np.zeros_like(line.arrays[name]) for name in marks})
    return direct if np.any(direct) else None


def _cross_entropies(line: Line) -> Iterator[tuple[str, float, Array, Array, Array | float]]:
    """Yield (words, scale, a, y, da/dz or 1) where the line is that of a cross-entropy."""
    if not line.name.startswith("d"):
        return
    values = [
        (name, V)
        for name, V in line.alike(line.right.shape, values=True)
        if np.all((V >= 0) & (V <= 1))
    ]
    for (a, A), (y, Y) in permutations(values, 2):
        with np.errstate(all="ignore"):
            for inner in (1.0, A * (1 - A)):
                right = inner * (-Y / A + (1 - Y) / (1 - A))
                if np.all(np.isfinite(right)) and np.any(right):
                    scale = _fitted(line.right, right)
                    if _same(line.right, scale * right):
                        yield f"a = {a}, y = {y}", scale, A, Y, inner


def _normalisation(line: Line, term: Any) -> Wrong:
    """Yield the line without a term that is orthogonal to it along an axis, as it is after one."""
    if not line.successors:
        return
    size = np.max(np.abs(line.right), initial=0)
    for name in line.reads:
        V = line.arrays[name]
        if V.shape != line.right.shape or name in line.upstream:
            continue
        for axis, n in enumerate(V.shape):
            along = term(V.astype(np.float64), axis)
            if n < 3 or np.max(np.abs((line.right * along).sum(axis=axis))) > 1e-3 * n * size:
                continue
            if line.hand is None:
                share = np.ones_like(along.sum(axis=axis, keepdims=True))
            else:
                norm = (along**2).sum(axis=axis, keepdims=True)
                with np.errstate(all="ignore"):
                    off = ((line.hand - line.right) * along).sum(axis=axis, keepdims=True)
                    share = np.where(norm > 0, off / norm, 0)
            yield f"over axis {axis} of {name}", line.right + share * along
