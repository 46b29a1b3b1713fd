"""One trace of a function by JAX, written as NumPy functions and compiled by Python."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import jax
import numpy as np

from backproof.autodiff.expressions import Value
from backproof.autodiff.operations import FUNCTIONS
from backproof.autodiff.signature import RESERVED, Signature
from backproof.autodiff.translation import translated
from backproof.autodiff.undecided import refused
from backproof.autodiff.writing import function_text

COST = "J"
# What the operations' signatures name.
TYPES = {"collections.abc": {"Callable", "Iterable", "Sequence"}, "typing": {"Any"}}


class Trace:
    """What JAX derived at symbolic sizes, or at given ones: as text, and as functions."""

    def __init__(
        self,
        function: Callable[..., Any],
        signature: Signature,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.signature = signature
        names = [leaf.name for leaf in signature.leaves]
        marked: list[str] = []  # in the order of the program; JAX sorts what is in a dict

        def flat(*values: Any) -> Any:
            J, marks, gradients = function(
                **signature.nested(dict(zip(names, values, strict=True)))
            )
            marked[:] = marks
            return J, marks, gradients

        with jax.enable_x64(True), refused():
            program, results = jax.make_jaxpr(flat, return_shape=True)(*signature.specs(sizes))
        self.stops_gradients = "stop_gradient" in str(program)
        translation, self.external = translated(program, names)
        labels = jax.tree.unflatten(jax.tree.structure(results), translation.results)
        self.cost, values, self.gradients = labels
        self.values = {name: values[name] for name in marked}
        self.text = self._written("gradients", self.gradients)
        self.run = self._compiled("gradients", self.text)

    @cached_property
    def forward(self) -> Callable[..., Any]:
        """The function without derivatives."""
        return self._compiled("forward", self._written("forward", {}))

    @property
    def source(self) -> str:
        """The text of a module: NumPy, the operations that are used, the function."""
        about = f"J, values and gradients, derived by JAX {jax.__version__}: needs NumPy alone."
        used = _operations_in(self.text)
        parts = [inspect.getsource(FUNCTIONS[name]) for name in used]
        names = set(re.findall(r"\w+", "".join(parts)))
        imports = [
            f"from {module} import {', '.join(sorted(names & types))}"
            for module, types in TYPES.items()
            if names & types
        ]
        head = "\n".join(
            [f'"""{about}"""', "", *imports, *[""] * bool(imports), "import numpy as np\n"]
        )
        return "\n\n".join([head, *parts, self.text])

    def _written(self, name: str, gradients: Mapping[str, Value]) -> str:
        """Return the text of the function that computes J, the values and these gradients."""
        results: dict[str, Value] = {}
        taken = {leaf.name for leaf in self.signature.leaves} | {*self.signature.shapes}
        taken |= {*self.signature.sizes.names, *RESERVED}

        def named(label: str, value: Value) -> str:
            local = re.sub(r"\W|^(?=\d)", "_", label)
            while local in taken or local in results:
                local += "_"
            results[local] = value
            return local

        J = named(COST, self.cost)
        groups = [
            {label: named(label, group[label]) for label in sorted(group, key=made(group))}
            for group in (self.values, gradients)
        ]

        def returned(texts: Mapping[str, str]) -> str:
            dicts = []
            for group in groups:
                items = (f"{json.dumps(label)}: {texts[local]}" for label, local in group.items())
                dicts.append(f"{{{', '.join(items)}}}")
            return ",\n".join([texts[J], *dicts])

        # Overflow to inf and 0/0 are as quiet as they are in XLA.
        return '@np.errstate(all="ignore")\n' + function_text(
            name, list(self.signature.shapes), self.signature.header, results, returned, taken
        )

    def _compiled(self, name: str, text: str) -> Callable[..., Any]:
        """Return the function of that name that the text defines."""
        scope: dict[str, Any] = {"np": np, **FUNCTIONS, **self.external}
        exec(compile(text, "<derived by JAX>", "exec"), scope)
        function: Callable[..., Any] = scope[name]
        return function


def made(group: Mapping[str, Value]) -> Callable[[str], int]:
    """Return the key that sorts values as they were made."""
    return lambda label: group[label].order


def _operations_in(text: str) -> list[str]:
    """Return the operations that a text uses, each after those that it needs itself."""
    found: list[str] = []
    for name in FUNCTIONS:
        if re.search(rf"(?<![\w.]){name}\(", text):
            source = inspect.getsource(FUNCTIONS[name]).partition(":\n")[2]
            found += [*_operations_in(source), name]
    return list(dict.fromkeys(found))
