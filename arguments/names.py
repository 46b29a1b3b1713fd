"""Names, numbers and sizes: what a caller may write, and what is said when it is something else."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Mapping, Sequence

import numpy as np

FLOATS = ("float32", "float64")
LOSSES = ("cross_entropy", "naive_cross_entropy", "half_squared_error")
INITIALIZERS = ("zeros", "constant", "normal", "he", "xavier")


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Raise ValueError unless `value` is one of the strings in `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: {value!r} is unknown; choose one of {', '.join(choices)}.")


def check_activations(activations: object, choices: Collection[str]) -> None:
    """Raise unless `activations` is a tuple or list of known names, one per layer."""
    if not isinstance(activations, (tuple, list)):
        raise TypeError(
            f"activations={activations!r} is a {type(activations).__name__}: pass a tuple with "
            "one name per layer, such as ('relu', 'sigmoid')."
        )
    if not activations:
        raise ValueError("activations is empty: pass one name per layer, such as ('sigmoid',).")
    for layer, name in enumerate(activations, start=1):
        check_choice(f"activations, layer {layer}", name, choices)


def check_loss(loss: str, output: str) -> None:
    """Raise ValueError unless `loss` is known and goes with the activation of the output layer."""
    check_choice("loss", loss, LOSSES)
    if loss != "half_squared_error" and output != "sigmoid":
        raise ValueError(
            f"loss={loss!r} needs probabilities, the output activation is {output!r}: "
            "use output 'sigmoid', or loss='half_squared_error'."
        )


def check_number(name: str, value: object, *, positive: bool = False) -> None:
    """Raise unless `value` is a finite real number (and, if asked for, greater than 0)."""
    if is_traced(value):
        return
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name}={value!r} is a {type(value).__name__}: pass a real number.")
    if not math.isfinite(value):
        raise ValueError(f"{name}={value!r} is not a finite real number: pass one, such as 0.01.")
    if positive and not value > 0:
        raise ValueError(f"{name}={value!r} is not greater than 0: pass a number such as 0.01.")


def is_traced(value: object) -> bool:
    """Whether `value` stands for a number while JAX is tracing (told without importing JAX)."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)


def check_whole(name: str, value: object, least: int) -> None:
    """Raise unless `value` is a whole number, `least` or greater."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}={value!r} is a {type(value).__name__}: pass a whole number.")
    if value < least:
        raise ValueError(f"{name}={value} is less than {least}: pass {least} or more.")


def _check_sizes(sizes: object) -> None:
    """Raise unless `sizes` is (n_x, n_1, …, n_L): at least two whole numbers, each 1 or more."""
    if not isinstance(sizes, (tuple, list)):
        raise TypeError(f"sizes={sizes!r} is a {type(sizes).__name__}: pass a tuple (n_x, …, n_y).")
    if len(sizes) < 2:
        raise ValueError(f"sizes={sizes!r} has no layer: pass at least (n_x, n_y).")
    for layer, size in enumerate(sizes):
        check_whole(f"sizes[{layer}]", size, least=1)


def check_initializer(name: object, sizes: object, scale: object, dtype: object) -> None:
    """Raise unless these are a known rule, sizes of layers, a scale that it uses, and a dtype."""
    check_choice("initializer", name, INITIALIZERS)
    _check_sizes(sizes)
    check_choice("dtype", dtype, FLOATS)
    if scale is not None:
        if name not in ("constant", "normal"):
            raise ValueError(f"scale={scale!r} does nothing for {name!r}: leave it out.")
        check_number("scale", scale)


def check_keys(
    name: str, mapping: object, needed: Sequence[str], also: Sequence[str] | None = ()
) -> None:
    """Raise unless `mapping` is a dict with the `needed` keys and none but these and `also`.

    also=None: whatever else.
    """
    if not isinstance(mapping, Mapping):
        raise TypeError(
            f"{name} is a {type(mapping).__name__}: pass a dict with keys {', '.join(needed)}."
        )
    missing = [key for key in needed if key not in mapping]
    known = list(mapping) if also is None else [*needed, *also]
    unknown = [str(key) for key in mapping if key not in known]
    if missing or unknown:
        faults = [f"lacks {', '.join(missing)}"] * bool(missing)
        faults += [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        expected = f"expected the keys {', '.join(needed)}"
        if also:
            expected += f", and any of {', '.join(also)}"
        raise ValueError(f"{name} {' and '.join(faults)}: {expected}.")
