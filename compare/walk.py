"""One pass, line by line: the equation, its shapes as a product, both values, where 1/m went."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from backproof.compare.builtin import Network
from backproof.compare.derivation import STATEMENT, equations
from backproof.compare.example import Example
from backproof.compare.finding import Finding
from backproof.compare.judging import judged_or_raised
from backproof.compare.pair import Pair
from backproof.compare.quantities import quantities
from backproof.compare.wording import in_words

HEADS = ("line", "equation and shapes", "hand", "autodiff", "ulp", "mean")


@dataclass(frozen=True)
class Step:
    """One line of a pass: `shapes` is its equation with a shape for every array."""

    finding: Finding
    equation: str
    shapes: str
    share: str

    @property
    def cells(self) -> tuple[str, str, str, str, str, str]:
        """What a table shows, under `HEADS`."""
        name, _, hand, autodiff, verdict = in_words(self.finding)
        ulp = f"{self.finding.ulps:.1f}" if self.finding.passes else verdict
        text = f"{self.finding.quantity} = {self.equation}" if self.equation else ""
        return name, "\n".join(filter(None, (text, self.shapes))), hand, autodiff, ulp, self.share


@dataclass(frozen=True)
class Walk:
    """A pass over one example, forward and backward."""

    pair: Pair
    example: Example
    steps: Sequence[Step]
    by_hand: bool  # the equations are, else JAX derived them

    @property
    def agrees(self) -> bool:
        """Whether the hand-derived side stands in every line."""
        return all(step.finding.passes for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """Return plain data: every finding, with its equation, shapes, and where 1/m is."""
        steps = [
            {"equation": s.equation, "shapes": s.shapes, "mean": s.share, **s.finding.as_json()}
            for s in self.steps
        ]
        return {"pair": self.pair.title, "example": str(self.example), "steps": steps}

    @property
    def headline(self) -> str:
        """Which pair, on which example, and whose equations."""
        whose = "by hand" if self.by_hand else "as JAX derived them"
        return f"{self.pair.title} at {self.example}; equations {whose}"

    def __str__(self) -> str:
        from backproof.compare.console import plain, walk_table

        return plain(self.headline, walk_table(self.steps))

    def _repr_html_(self) -> str:
        heads = "".join(f"<th scope='col'>{head}</th>" for head in HEADS)
        rows = "".join(
            f"<tr>{''.join(f'<td>{_lines(cell)}</td>' for cell in step.cells)}</tr>"
            for step in self.steps
        )
        caption = f"<caption>{escape(self.headline)}</caption>"
        return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _lines(cell: str) -> str:
    return escape(cell).replace("\n", "<br>")


def walk(pair: Pair, example: Example, network: Network | None = None) -> Walk:
    """Walk through one example of a pair; a `network` here has its equations from `manual`.

    For a pair of one's own, the equations are those that JAX derived, where one line gives a value.
    What the hand-derived side raises is a line.
    """
    of_names = quantities(pair, example.sizes).shape_texts
    texts = {name: f"({text})" for name, text in of_names.items()} | {"J": "()"}
    texts |= {f"d{name}": text for name, text in texts.items()}
    known = equations(network) if network else _derived(pair)
    judgement = judged_or_raised(pair, example, {}, thorough=False, in_detail=True)
    steps = []
    for finding in judgement.findings:
        equation = known.get(finding.quantity, "")
        shapes = in_shapes(finding.quantity, equation, texts)
        steps.append(Step(finding, equation, shapes, _share(pair, finding.quantity, equation)))
    return Walk(pair, example, steps, by_hand=network is not None)


def _derived(pair: Pair) -> dict[str, str]:
    """Return the lines of JAX's derivation, by the name of what they give."""
    if pair.reference.program.per_shape:
        return {}
    found = {}
    for line in pair.reference.program.source.splitlines():
        match = STATEMENT.match(line)
        if match:
            found[match["name"]] = line[match.end() :].partition("  #")[0]
    return {name: text for name, text in found.items() if not re.search(r"\bt\d+\b", text)}


def _share(pair: Pair, name: str, equation: str) -> str:
    """Say where the mean over the examples is taken."""
    if not pair.per_example or not (name == "J" or name.startswith("d")):
        return ""
    if name.removeprefix("d") in pair.reference.of_examples:
        return "not yet"
    return "here" if re.search(rf"/ {pair.per_example}\b", equation) or name == "J" else ""


def in_shapes(name: str, equation: str, shapes: Mapping[str, str]) -> str:
    """Return an equation with the shapes of its arrays: (n_1, m) = (n_1, n_x)(n_x, m) + (n_1, 1).

    "" where it has no equation, or one with another operation than these.
    """
    if name not in shapes:
        return ""
    if not equation:
        return shapes[name]
    try:
        return f"{shapes[name]} = {_shaped(ast.parse(equation, mode='eval').body, shapes)}"
    except (KeyError, SyntaxError):
        return shapes[name]


def _shaped(node: ast.expr, shapes: Mapping[str, str]) -> str:
    if isinstance(node, ast.Name):
        return shapes[node.id]
    if isinstance(node, ast.Attribute) and node.attr == "T":
        inner = _shaped(node.value, shapes).strip("()").split(", ")
        return f"({', '.join(reversed(inner))})"
    if isinstance(node, ast.BinOp):
        left = _shaped(node.left, shapes)
        divisor = node.right.id if isinstance(node.right, ast.Name) else ""
        if isinstance(node.op, ast.Div) and divisor and divisor not in shapes:  # a size, such as m
            return f"{left} / {divisor}"
        if isinstance(node.op, ast.Pow):
            return left
        right = _shaped(node.right, shapes)
        if isinstance(node.op, (ast.MatMult, ast.Mult)):
            left, right = (
                f"[{side}]" if re.search(r" [+−] ", side) else side for side in (left, right)
            )
        between = {ast.MatMult: "", ast.Mult: " ∗ ", ast.Add: " + ", ast.Sub: " − "}
        return f"{left}{between[type(node.op)]}{right}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return f"Σ {_shaped(node.func.value, shapes)}"  # .sum(axis=1, keepdims=True)
    if isinstance(node, ast.Call):
        return _shaped(node.args[0], shapes)  # g(Z), entry by entry
    raise KeyError(type(node).__name__)
