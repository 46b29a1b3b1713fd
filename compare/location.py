"""Where pairs are: FILE.py, FILE.py::name, package.module:name; and where a pair was found."""

from __future__ import annotations

import importlib
import importlib.util
import shlex
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from backproof.compare.pair import Pair


def loaded(place: str) -> dict[str, Pair]:
    """Return the pairs at a place, by name.

    Raises ValueError with what is wrong: no such file or module, or no pair of that name in it.
    """
    where, name = _parts(place)
    module = module_at(where)
    pairs = {key: value for key, value in vars(module).items() if isinstance(value, Pair)}
    if name and name not in pairs:
        known = f"it has {', '.join(pairs)}" if pairs else "it has none at its top level"
        raise ValueError(f"{where} has no pair {name!r}: {known}.")
    if not pairs:
        raise ValueError(f"{where} has no pair: write `pair = Pair(…)` at its top level.")
    return {name: pairs[name]} if name else pairs


def _parts(place: str) -> tuple[str, str]:
    """Return the file or module, and the name or ""."""
    where, separator, name = place.partition("::")
    if not separator and not where.endswith(".py") and ":" in place:
        where, _, name = place.rpartition(":")
    return where, name


def module_at(where: str) -> ModuleType:
    """Import the module at FILE.py or package.module; ValueError says why that fails."""
    if where.endswith(".py"):
        path = Path(where)
        if not path.is_file():
            raise ValueError(f"{where}: there is no such file.")
        sys.path.insert(0, str(path.resolve().parent))  # as `python FILE.py` does
        name = path.stem
        while name in sys.modules and getattr(sys.modules[name], "__file__", "") != str(path):
            name += "_"  # another module has it, as for a file random.py
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        with _importing(where):
            spec.loader.exec_module(module)
        return module
    if not all(part.isidentifier() for part in where.split(".")):
        raise ValueError(f"{where!r}: expected FILE.py or package.module.")
    sys.path.insert(0, str(Path.cwd()))  # as `python -m package.module` does
    with _importing(where):
        return importlib.import_module(where)


@contextmanager
def _importing(where: str) -> Iterator[None]:
    """Raise ValueError where an import fails, with the line of the file or module."""
    try:
        yield
    except SyntaxError:
        raise
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{where}.".startswith(f"{missing}."):
            text = f"{where}: {error}; expected FILE.py or package.module."
        else:
            text = f"{where} cannot be imported: {type(error).__name__}: {error}"
        raise ValueError(f"{text}{_line_in(where, error)}") from error


def described(error: Exception, place: str) -> str:
    """Return what an error says that a pair at this place raised, on which line, and while what."""
    text = str(error)
    if not isinstance(error, (TypeError, ValueError)):
        text = f"{type(error).__name__}: {text}"
    notes = [note for note in getattr(error, "__notes__", ()) if note.startswith("while ")]
    line = _line_in(_parts(place)[0], error)
    return "; ".join([text.rstrip(".") + line, *notes]) if line or notes else text


def _line_in(where: str, error: BaseException) -> str:
    """Return the line of a file or module in which an error was raised, in words, or ""."""
    module = sys.modules.get(where)
    file = Path(getattr(module, "__file__", None) or where).resolve()
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == file]
    return f" (line {lines[-1]})" if lines else ""


def found_at(pair: Pair) -> str:
    """Return how the command line reaches a pair, or "" where it is in no module's top level."""
    from backproof.compare.assignment import Assignment
    from backproof.compare.builtin import PAIRS

    if PAIRS.get(pair.name) is pair:
        return f"--pair {pair.name}"
    if isinstance(pair.hand, Assignment):
        return f"{shlex.quote(pair.hand.place)} --as planar"
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is pair and getattr(module, "__file__", None):
                path = Path(str(module.__file__))
                near = path.is_relative_to(Path.cwd())
                where = path.relative_to(Path.cwd()) if near else path
                return shlex.quote(f"{where}::{name}")
    return ""
