"""What the hand-derived side of a pair returned, put under names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from backproof.compare.pair import Pair
from backproof.compare.quantities import Quantities
from backproof.compare.values import Array

Results = dict[str, Array]


def named(pair: Pair, quantities: Quantities, returned: Any, dtype: Any) -> Results:
    """Return what the hand-derived side returned, by name, as arrays.

    Raises TypeError or ValueError for what is no gradient at all: None, no numbers, unknown names.
    """
    if not isinstance(returned, Mapping):
        returned = _by_order(pair, quantities, returned)
    returned = dict(_unnested(pair, returned))
    for name in returned:
        if name not in quantities.names and name not in quantities.idle:
            raise ValueError(f"{pair.title} returns {name!r}, {_unknown(pair, quantities, name)}")
    for name in quantities.needed:
        if name not in returned:
            raise ValueError(
                f"{pair.title} returns no {name!r}: expected {', '.join(quantities.needed)}; "
                "return it, or leave it out of wrt."
            )
    if not any(name in quantities.gradients for name in returned):
        raise ValueError(
            f"{pair.title} returns no gradient: return some of {', '.join(quantities.gradients)}."
        )
    compared = {n: v for n, v in returned.items() if n not in quantities.idle}
    return {name: _as_array(pair, name, value, dtype) for name, value in compared.items()}


def _unnested(pair: Pair, returned: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield what a dict holds by name, and arrays that are nested as an argument is by theirs."""
    for name, value in returned.items():
        nested = isinstance(value, (Mapping, tuple, list))
        leaves = [x for x in pair.leaves if nested and f"d{x.path[0]}" == name and x.path[1:]]
        if not leaves:
            yield name, value
            continue
        found = {f"d{leaf.name}": part for leaf in leaves for part in _parts(value, leaf.path[1:])}
        if len(found) != len(list(_flat(value))):
            paths = (" → ".join(map(str, leaf.path[1:])) for leaf in leaves)
            raise ValueError(
                f"{pair.title} returns {name!r}, which is not nested as {name[1:]} is: expected "
                f"{', '.join(paths)}."
            )
        yield from found.items()


def _parts(nested: Any, path: Sequence[Any]) -> Iterator[Any]:
    """Yield what is at this path, if anything is."""
    for key in path:
        try:
            nested = nested[key]
        except (LookupError, TypeError):
            return
    yield nested


def _by_order(pair: Pair, quantities: Quantities, returned: Any) -> dict[str, Any]:
    names = quantities.ordered
    what = f"{pair.title} returns a {type(returned).__name__}"
    expected = f"a dict with {', '.join(names or quantities.gradients)}"
    if names:
        many = f"{len(names)} arrays in this order" if len(names) > 1 else "that array alone"
        expected += f", or {many}"
    if isinstance(returned, (tuple, list)):
        found = list(_flat(returned))
        if len(found) != len(names):
            raise ValueError(f"{what} of {len(found)} arrays: expected {expected}.")
        return dict(zip(names, found, strict=True))
    if len(names) == 1 and (hasattr(returned, "__array__") or _is_number(returned)):
        return {names[0]: returned}
    raise TypeError(f"{what}: expected {expected}.")


def _flat(nested: Any) -> Iterator[Any]:
    """Yield the arrays of nested lists and dicts, in order; lists of numbers in them are arrays."""
    if isinstance(nested, Mapping):
        nested = list(nested.values())
    if isinstance(nested, (tuple, list)):
        for part in nested:
            if isinstance(part, list) and _holds_numbers(part):
                yield part
            else:
                yield from _flat(part)
    else:
        yield nested


def _holds_numbers(nested: Any) -> bool:
    if isinstance(nested, list):
        return all(map(_holds_numbers, nested))
    return _is_number(nested)


def _as_array(pair: Pair, name: str, value: Any, dtype: Any) -> Array:
    """Return an array of numbers; a Python number takes the expected dtype."""
    kind, why = type(value).__name__, ""
    try:
        array = np.asarray(value, dtype if _is_number(value) else None)
    except Exception as error:  # a ragged list, a tensor that requires its gradient
        array, why = np.array(None), f" ({error})"
    if isinstance(value, np.ndarray) and array.dtype.kind not in "fiub":
        kind = f"dtype {array.dtype}"
    if array.dtype.kind not in "fiub" or isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise TypeError(
            f"{pair.title} returns {name!r} as {kind}, which is no array of real numbers{why}; "
            "return a numpy.ndarray."
        )
    return array


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _unknown(pair: Pair, quantities: Quantities, name: object) -> str:
    """Say what is the matter with a name, and what to do."""
    if name in [f"d{leaf.name}" for leaf in pair.leaves if leaf.kind == "float"]:
        V = str(name).removeprefix("d")
        return f"and {V} is not in wrt={pair.wrt!r}: add it there, or leave {name!r} out."
    return (
        f"which is nothing that the loss has{_probably(name, quantities.names)}; it has "
        f"{', '.join(quantities.names)}: rename it, or leave it out."
    )


def _probably(name: object, names: Sequence[str]) -> str:
    """Say which name was probably meant."""
    folded = {n.lower().replace("_", ""): n for n in reversed(names)}
    plain = str(name).lower().replace("_", "")
    for guess in (plain, f"d{plain}", plain.replace("grad", "d")):
        if guess in folded:
            return f" ({folded[guess]!r} is meant?)"
    near = get_close_matches(plain, folded, n=1)
    return f" ({folded[near[0]]!r} is meant?)" if near else ""
