"""Arrays: rank, shape, dtype and finiteness, of one array and of all those of a network."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from backproof.arguments.names import FLOATS, check_keys, is_traced

FLOAT_DTYPES = tuple(map(np.dtype, FLOATS))
WHOLE_DTYPES = [np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)]
LABEL_DTYPES = (*FLOAT_DTYPES, np.dtype(bool), *WHOLE_DTYPES)


def check_array(
    name: str,
    value: Any,
    shape: Sequence[tuple[str, int | None]],
    dtypes: Collection[np.dtype[Any]] = FLOAT_DTYPES,
) -> None:
    """Raise unless `value` is a finite array of one of `dtypes` and of `shape`.

    `shape` is written as ("n_h", 4), ("m", None): a name for the message, and the size that the
    side must have (None: any size from 1).
    """
    if isinstance(value, (np.ma.MaskedArray, np.matrix)) or not hasattr(value, "dtype"):
        raise TypeError(
            f"{name} is a {type(value).__name__}: expected an array; "
            f"pass numpy.asarray({name}, dtype=float) with shape {_written(shape)}."
        )
    if value.dtype not in dtypes:
        names = [dtype.name for dtype in dtypes]
        raise TypeError(
            f"{name} has dtype {value.dtype}: expected {' or '.join(names)}; "
            f"convert it first: {name}.astype('{'float64' if 'float64' in names else names[0]}')."
        )
    if value.ndim != len(shape):
        raise ValueError(
            f"{name} has shape {value.shape}, rank {value.ndim}: expected {_written(shape)}, "
            f"rank {len(shape)}; keep the axes (keepdims=True) or {name}.reshape to two."
        )
    for side, (label, size) in zip(value.shape, shape, strict=True):
        if side == 0:
            raise ValueError(
                f"{name} has shape {value.shape}: {label} is 0, expected {_written(shape)} "
                "with every side 1 or more; drop the empty layer or pass at least one example."
            )
        if size is not None and side != size:
            raise ValueError(
                f"{name} has shape {value.shape}: expected {_written(shape)}; "
                f"make its {label} {size} (columns are examples, rows are units)."
            )
    known = _known(value)
    if known is not None and not _is_finite(known):
        place = np.argwhere(~np.isfinite(known))[0].tolist()
        raise ValueError(
            f"{name} is {known[tuple(place)]} at {place}: expected finite values; "
            "clean or drop that entry first."
        )


def check_network(parameters: Any, X: Any, layers: int) -> None:
    """Check X (n_x, m) and W1 (n_1, n_x), b1 (n_1, 1), …, WL, bL: shapes chain, one dtype."""
    if _is_sound_network(parameters, X, layers):
        return
    check_array("X", X, [("n_x", None), ("m", None)])
    check_keys("parameters", parameters, _parameter_names(layers))
    inputs = ("n_x", X.shape[0])
    for layer in range(1, layers + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        check_array(f"W{layer}", W, [(f"n_{layer}", None), inputs])
        check_array(f"b{layer}", b, [(f"n_{layer}", W.shape[0]), ("1", 1)])
        inputs = (f"n_{layer}", W.shape[0])
    _check_one_dtype({"X": X, **parameters})


def check_logistic(parameters: Any, X: Any) -> None:
    """Check X (n_x, m), w (n_x, 1) and b (1, 1) of the single unit."""
    check_array("X", X, [("n_x", None), ("m", None)])
    check_keys("parameters", parameters, ["w", "b"])
    check_array("w", parameters["w"], [("n_x", X.shape[0]), ("1", 1)])
    check_array("b", parameters["b"], [("1", 1), ("1", 1)])
    _check_one_dtype({"X": X, **parameters})


def check_cache(cache: Any, shapes: Mapping[str, tuple[int, int]], dtype: Any) -> None:
    """Check that `cache` has the keys, shapes and dtype of the forward pass it belongs to."""
    check_keys("cache", cache, list(shapes))
    for key, (units, m) in shapes.items():
        check_array(f"cache[{key!r}]", cache[key], [("units", units), ("m", m)], [dtype])


def check_gradients(parameters: Any, gradients: Any) -> None:
    """Check that there is a dV for every parameter V, of V's shape and dtype (S31, S36)."""
    check_keys("gradients", gradients, [f"d{name}" for name in parameters], also=None)
    for name, V in parameters.items():
        shape = [("rows", V.shape[0]), ("columns", V.shape[1])]
        check_array(f"gradients['d{name}']", gradients[f"d{name}"], shape, [V.dtype])


def check_labels(Y: Any, A: Any, *, probabilities: bool) -> None:
    """Check labels Y against the output A (n_y, m); with `probabilities`, in [0, 1] too.

    Labels may be bool or integers as well as floats of A's dtype.
    """
    if not _is_sound_matrix(A):
        check_array("the output", A, [("n_y", None), ("m", None)])
    if getattr(Y, "dtype", A.dtype) != A.dtype and Y.dtype in FLOAT_DTYPES:
        raise TypeError(
            f"Y has dtype {Y.dtype}, the network {A.dtype}: expected one float dtype; "
            f"pass Y.astype('{A.dtype}')."
        )
    if not _is_sound_matrix(Y) or Y.shape != A.shape:
        check_array("Y", Y, [("n_y", A.shape[0]), ("m", A.shape[1])], LABEL_DTYPES)
    known = _known(Y)
    if probabilities and known is not None and not 0 <= known.min() <= known.max() <= 1:
        place = np.argwhere((known < 0) | (known > 1))[0].tolist()
        raise ValueError(
            f"Y is {known[tuple(place)]} at {place}: cross-entropy expects labels in [0, 1]; "
            "rescale them, or use loss='half_squared_error'."
        )


def _is_sound_network(parameters: Any, X: Any, layers: int) -> bool:
    """Whether these are NumPy arrays that every check below would pass; asked in one go.

    On small networks the checks, one by one, would cost as much as the network.
    """
    names = _parameter_names(layers)
    if type(parameters) is not dict or [*parameters] != names:
        return False
    arrays = [X, *parameters.values()]
    if not all(_is_sound_matrix(V) and V.dtype == X.dtype for V in arrays):
        return False
    n = X.shape[0]
    for W, b in zip(arrays[1::2], arrays[2::2], strict=True):
        if W.shape[1] != n or b.shape != (W.shape[0], 1):
            return False
        n = W.shape[0]
    return True


def _is_sound_matrix(V: Any) -> bool:
    return (
        type(V) is np.ndarray
        and V.ndim == 2
        and V.size > 0
        and V.dtype in FLOAT_DTYPES
        and _is_finite(V)
    )


@cache
def _parameter_names(layers: int) -> list[str]:
    return [f"{V}{l}" for l in range(1, layers + 1) for V in "Wb"]


def _check_one_dtype(arrays: Mapping[str, Any]) -> None:
    dtype = arrays["X"].dtype
    for name, array in arrays.items():
        if array.dtype != dtype:
            raise TypeError(
                f"{name} has dtype {array.dtype}, X has {dtype}: expected one dtype for all; "
                f"pass {name}.astype('{dtype}')."
            )


def _known(value: Any) -> np.ndarray[Any, Any] | None:
    """Return the values, or None while JAX is tracing."""
    return None if is_traced(value) else np.asarray(value)


def _is_finite(array: np.ndarray[Any, Any]) -> bool:
    """Whether every entry is: the sum of squares tells at once, unless it overflows."""
    if array.dtype.kind == "f" and math.isfinite(np.vdot(array, array)):
        return True
    return bool(np.isfinite(array).all())


def _written(shape: Sequence[tuple[str, int | None]]) -> str:
    sides = [
        label if size is None or label == str(size) else f"{label}={size}" for label, size in shape
    ]
    return f"({', '.join(sides)})"
