"""Where pairs are: FILE.py, FILE.py::name, package.module:name; and where a pair was found."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from backproof.compare.pair import Pair


def loaded(place: str) -> dict[str, Pair]:
    """Return the pairs at a place, by name.

    Raises ValueError with what is wrong: no such file or module, or no pair of that name in it.
    """
    where, separator, name = place.partition("::")
    if not separator and not where.endswith(".py"):
        where, separator, name = place.rpartition(":") if ":" in place else (place, "", "")
    module = module_at(where)
    pairs = {key: value for key, value in vars(module).items() if isinstance(value, Pair)}
    if name and name not in pairs:
        known = f"it has {', '.join(pairs)}" if pairs else "it has none at its top level"
        raise ValueError(f"{where} has no pair {name!r}: {known}.")
    if not pairs:
        raise ValueError(f"{where} has no pair: write `pair = Pair(…)` at its top level.")
    return {name: pairs[name]} if name else pairs


def module_at(where: str) -> ModuleType:
    """Import the module at FILE.py or package.module; ValueError says why that fails."""
    if where.endswith(".py"):
        path = Path(where)
        if not path.is_file():
            raise ValueError(f"{where}: there is no such file.")
        sys.path.insert(0, str(path.resolve().parent))  # as `python FILE.py` does
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        try:
            spec.loader.exec_module(module)
        except SyntaxError:
            raise
        except (Exception, SystemExit) as error:
            raise ValueError(
                f"{where} cannot be imported: {type(error).__name__}: {error}"
            ) from error
        return module
    try:
        return importlib.import_module(where)
    except ModuleNotFoundError as error:
        raise ValueError(f"{where}: {error}; expected FILE.py or package.module.") from None


def found_at(pair: Pair) -> str:
    """Return how the command line reaches a pair, or "" where it is in no module's top level."""
    from backproof.compare.builtin import PAIRS

    if PAIRS.get(pair.name) is pair:
        return f"--pair {pair.name}"
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is pair and getattr(module, "__file__", None):
                path = Path(str(module.__file__))
                near = path.is_relative_to(Path.cwd())
                return f"{path.relative_to(Path.cwd()) if near else path}::{name}"
    return ""
