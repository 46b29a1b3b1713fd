"""How arguments nest: dicts, lists and named tuples of arrays, each reached by a path of keys."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

Path = tuple[str | int, ...]


def place_of(path: Path) -> str:
    """Return how Python reaches an argument: parameters["W"]."""
    return f"{path[0]}{''.join(f'[{json.dumps(key)}]' for key in path[1:])}"


def keys_of(shapes: Any) -> dict[Any, None]:
    """Return the keys of a dict, the places of a list, of anything else none."""
    if isinstance(shapes, Mapping):
        return dict.fromkeys(shapes)
    return dict.fromkeys(range(len(shapes))) if isinstance(shapes, (list, tuple)) else {}


def wrong_keys(path: Path, keys: Mapping[Any, None], given: Any) -> Exception:
    """Return the error for an argument that does not have these keys."""
    what = place_of(path) if path else "the arguments"
    wanted = ", ".join(map(str, keys))
    if not isinstance(given, (Mapping, list, tuple)):
        return TypeError(f"{what} is a {type(given).__name__}: expected one with {wanted}.")
    missing = [str(key) for key in keys if key not in keys_of(given)]
    unknown = [str(key) for key in keys_of(given) if key not in keys]
    found = [f"no {', '.join(missing)}"] * bool(missing)
    found += [f"an unknown {', '.join(unknown)}"] * bool(unknown)
    return ValueError(f"{what}: there is {' and '.join(found)}; expected {wanted}.")


def leaves_of(shapes: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield every array's path and the text of its shape."""
    if isinstance(shapes, str):
        yield path, shapes
    elif isinstance(shapes, (Mapping, list, tuple)):
        for key in keys_of(shapes):
            if type(key) not in (str, int):
                raise TypeError(f"shapes: the key {key!r} is a {type(key).__name__}: use text.")
            yield from leaves_of(shapes[key], (*path, key))
    else:
        raise TypeError(
            f"shapes: {place_of(path)} is {shapes!r}: expected text such as 'n, m', or a dict of "
            "it."
        )


def holders_of(shapes: Any, path: Path) -> Iterator[tuple[Path, int]]:
    """Yield every dict and list among the arguments, and how many entries it has."""
    for key in keys_of(shapes):
        if not isinstance(shapes[key], str):
            yield (*path, key), len(shapes[key])
            yield from holders_of(shapes[key], (*path, key))


def builder_of(
    shapes: Any, path: Path, names: Mapping[Path, str]
) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function that nests arrays, given by their names, as `shapes` nest."""
    if isinstance(shapes, str):
        return itemgetter(names[path])
    inner = {key: builder_of(shapes[key], (*path, key), names) for key in keys_of(shapes)}
    if isinstance(shapes, Mapping):
        return lambda values: {key: build(values) for key, build in inner.items()}
    make = type(shapes)
    if hasattr(shapes, "_fields"):  # a named tuple takes them one by one
        return lambda values: make(*(build(values) for build in inner.values()))
    return lambda values: make(build(values) for build in inner.values())


def leaf_names(paths: Sequence[Path], reserved: Collection[str]) -> list[str]:
    """Return the last key where no other leaf has it and it is a name, else all keys joined."""
    last = Counter(str(path[-1]) for path in paths)
    taken = {path[0] for path in paths if len(path) == 1}.union(reserved)
    names: list[str] = []
    for path in paths:
        name = str(path[-1])
        if len(path) > 1:
            if last[name] > 1 or not name.isidentifier():
                name = re.sub(r"\W", "_", "_".join(map(str, path)))
            while name in taken:
                name += "_"
            taken.add(name)
        names.append(name)
    return names
