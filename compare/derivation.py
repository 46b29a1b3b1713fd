"""What `backproof derive` prints: JAX's derivation as NumPy code, with the hand-derived equations.

The equations are the lines of `backproof.manual` that carry a shape in their comment.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from backproof import manual
from backproof.arguments import check_number
from backproof.autodiff.derive import derive
from backproof.autodiff.program import DerivedProgram
from backproof.compare.builtin import Network, network_shapes
from backproof.compare.location import module_at

KINDS = ("logistic", "shallow", "deep")
EQUATION = re.compile(r"^\s+(?P<name>\w+) = (?P<formula>.+?)  # \(")
STATEMENT = re.compile(r"^    (?P<name>\w+) = ")


def network_of(kind: str, hidden: str | None = None, **options: str) -> Network:
    """Return a network here by the words of the command line; it refuses what does not fit."""
    if hidden is None:
        hidden = "tanh" if kind == "shallow" else ""
    names = tuple(name.strip() for name in hidden.split(",") if name.strip())
    return Network(kind, kind, names, **options)


def of_network(kind: str, *, slope: float = 0.01, **options: str) -> str:
    """Return the derivation of a network here, with the hand-derived equations beside it."""
    network = network_of(kind, **options)
    check_number("slope", slope)

    def cost(parameters: Any, X: jax.Array, Y: jax.Array) -> jax.Array:
        return network.cost(parameters, X, Y, slope if network.has_slope else None)

    shapes = network_shapes(len(network.hidden) + 1, is_logistic=network.is_logistic)
    program = derive(cost, shapes, wrt=["parameters"])
    return _beside_the_hand_derived(program.source, equations(network))


def of_function(
    place: str, shapes: str | None, wrt: str | None, constraints: Sequence[str]
) -> DerivedProgram:
    """Return the derivation of the function at "FILE.py:function"."""
    return derive(
        _loaded(place),
        _parsed_shapes(shapes or ""),
        wrt.replace(",", " ").split() if wrt is not None else None,
        constraints,
    )


def _beside_the_hand_derived(source: str, by_hand: Mapping[str, str]) -> str:
    """Return the source with the hand-derived equation above every line that has one."""
    lines = []
    for line in source.splitlines():
        match = STATEMENT.match(line)
        if match and match["name"] in by_hand:
            lines.append(f"    # by hand: {match['name']} = {by_hand[match['name']]}")
        lines.append(line)
        if line.startswith("def gradients("):
            lines.append("    # By hand, dZ and dA are per example: m times what JAX derives.")
    return "\n".join(lines) + "\n"


def equations(network: Network) -> dict[str, str]:
    """Return the hand-derived equation of every line of a network, with its layers' numbers."""
    written = _equations("logistic" if network.is_logistic else network.kind)
    layers = (*network.hidden, network.output)
    last = "" if network.is_logistic else f"{len(layers)}"
    fused = network.loss == "cross_entropy"  # dZ of the output from logits, without a dA
    found = {"J": _of_output(network.loss, last)}
    for l, name in enumerate(layers, start=1):
        number = "" if network.is_logistic else f"{l}"
        is_last = l == len(layers)
        for letter in ("Z", "A", "dZ", "dW", "db", "dA", "dw"):
            texts = written.get(f"{letter}{number}") or written.get(letter, [])
            if letter == "dA" and is_last:
                texts = [] if fused else [_of_output(f"{network.loss}_dA", last)]
            if texts:  # of dZ there are two, the fused one first; of dA, that of the output
                text = texts[0] if (fused and is_last) or letter not in ("dZ", "dA") else texts[-1]
                text = re.sub(r"\bg\d?(?=\()", name, text)
                text = re.sub(r"\bg\d?_prime(?=\()|\bsigmoid_prime(?=\()", f"{name}_prime", text)
                found[f"{letter}{number}"] = (
                    _numbered(letter, text, l) if network.kind == "deep" else text
                )
    found["dX"] = written["dX"][0]
    if network.kind == "deep":
        found["dX"] = _numbered("dA", found["dX"], 0)
    return {line: " ".join(text.split()) for line, text in found.items()}


def _of_output(function: str, number: str) -> str:
    """Return what a function of `manual.losses` returns, with the output layer's number."""
    text = inspect.getsource(getattr(manual.losses, function)).split("return ")[-1]
    return re.sub(r"(?<![\w.])(Z|A)\b", rf"\g<1>{number}", text)


def _numbered(letter: str, text: str, l: int) -> str:
    """Return an equation of layer l, which is written without numbers."""
    if letter == "dA":
        return text.replace("W_after", f"W{l + 1}").replace("dZ", f"dZ{l + 1}")
    before = "X" if l == 1 else f"A{l - 1}"
    text = re.sub(r"\bA_before\b" if letter != "Z" else r"\bA\b", before, text)
    return re.sub(r"(?<![\w.])(W|b|Z|A|dZ|dA)\b", rf"\g<1>{l}", text)


def _equations(network: str) -> dict[str, list[str]]:
    """Return the hand-derived equations of a network, by the name of what they compute."""
    found: dict[str, list[str]] = {}
    for match in map(EQUATION.match, inspect.getsource(getattr(manual, network)).splitlines()):
        if match:
            found.setdefault(match["name"], []).append(match["formula"])
    return found


def _loaded(place: str) -> Callable[..., Any]:
    """Return the function at "FILE.py:function" or "package.module:function".

    Raises ValueError with what is wrong, and whatever the file itself raises.
    """
    module_name, _, name = place.rpartition(":")
    if not module_name or not name:
        raise ValueError(f"{place!r}: expected FILE.py:function, or one of {', '.join(KINDS)}.")
    module = module_at(module_name)
    if not callable(getattr(module, name, None)):
        functions = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        raise ValueError(
            f"{module_name} has no function {name!r}; it has {', '.join(functions) or 'none'}."
        )
    function: Callable[..., Any] = getattr(module, name)
    return function


def _parsed_shapes(text: str) -> dict[str, Any]:
    """Return "W: k, n; layer.b: k" as nested shapes."""
    shapes: dict[str, Any] = {}
    for part in filter(str.strip, text.split(";")):
        name, colon, sizes = part.partition(":")
        if not colon or not name.strip():
            raise ValueError(f"{part.strip()!r}: expected NAME: SIZES, such as 'W: k, n'.")
        *path, last = name.strip().split(".")
        inner = shapes
        for key in path:
            inner = inner.setdefault(key, {})
        if not isinstance(inner, dict) or last in inner:
            raise ValueError(f"{part.strip()!r}: {name.strip()} is given twice.")
        inner[last] = sizes.strip()
    return shapes
