"""Array operations that NumPy has no single expression for, one function each, NumPy only.

A derived program that is written to a file takes along the functions it uses, so each needs
nothing but `np` and the others here. They work in any float dtype, and on any array type that
follows NumPy's protocols.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

MODULES = ("arranging", "control", "indexing", "linear_algebra", "special", "windows")

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: function
    for module in map(import_module, (f"{__name__}.{module}" for module in MODULES))
    for name, function in vars(module).items()
    if inspect.isfunction(function) and function.__module__ == module.__name__
}
