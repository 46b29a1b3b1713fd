"""One pass, line by line: the equation, its shapes as a product, both values, where 1/m went."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from backproof.autodiff.result import CUT, UPSTREAM
from backproof.compare.builtin import Network
from backproof.compare.derivation import equations
from backproof.compare.example import Example
from backproof.compare.finding import Finding
from backproof.compare.judging import judged_or_raised
from backproof.compare.pair import Pair
from backproof.compare.quantities import quantities
from backproof.compare.wording import in_words

LONGEST = 80  # of an equation, that is more than names an operation
TEMPORARY = re.compile(r"\bt\d+\b")
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
        finding = self.finding
        name, _, hand, autodiff, _ = in_words(finding)
        ulp = f"{finding.ulps:.1f}" if finding.passes else finding.verdict
        text = f"{finding.quantity} = {self.equation}" if self.equation else ""
        lines = filter(None, (text, self.shapes, finding.note))
        return name, "\n".join(lines), hand, autodiff, ulp, self.share


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
        from backproof.compare.console import plain, walked

        return plain(self.headline, walked(self.steps))

    def _repr_html_(self) -> str:
        heads = "".join(f"<th scope='col'>{head}</th>" for head in HEADS)
        rows = "".join(
            f"<tr><th scope='row'>{_lines(name)}</th>"
            f"{''.join(f'<td>{_lines(cell)}</td>' for cell in cells)}</tr>"
            for name, *cells in (step.cells for step in self.steps)
        )
        caption = f"<caption>{escape(self.headline)}</caption>"
        return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _lines(cell: str) -> str:
    return escape(cell).replace("\n", "<br>")


def walk(pair: Pair, example: Example | str, network: Network | None = None) -> Walk:
    """Walk through one example of a pair, which may be text: "n=3,m=2,seed=7".

    A `network` here has its equations from `manual`.

    For a pair of one's own, the equations are those that JAX derived, where one line gives a value.
    What the hand-derived side raises is a line.
    """
    if isinstance(example, str):
        example = pair.example(example)
    of_names = quantities(pair, example.sizes).shape_texts
    texts = {name: f"({text})" for name, text in of_names.items()} | {"J": "()"}
    texts |= {f"d{name}": text for name, text in texts.items()}
    known = equations(network) if network else _derived(pair, example.sizes)
    judgement = judged_or_raised(pair, example, {}, thorough=False, in_detail=True)
    steps = []
    for finding in judgement.findings:
        equation = known.get(finding.quantity, "")
        shapes = in_shapes(finding.quantity, equation, texts)
        steps.append(Step(finding, equation, shapes, _share(pair, finding.quantity, equation)))
    return Walk(pair, example, steps, by_hand=network is not None)


def _derived(pair: Pair, sizes: Mapping[str, int]) -> dict[str, str]:
    """Return how JAX derives each quantity from the others, by its name; but for long lines."""
    program = pair.reference.cut(quantities(pair, sizes).live_marks, sizes)
    if program.per_shape:
        return {}
    known: dict[str, ast.expr] = {}
    for leaf in program.signature.leaves:
        if leaf.path[0] in (CUT, UPSTREAM):
            V = str(leaf.path[1])
            known[leaf.name] = ast.Name(V if leaf.path[0] == CUT else f"d{V}")
    found = {}
    for statement in ast.walk(ast.parse(program.source)):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                whole = _Inlined(known).visit(value)
                text = ast.unparse(whole)
                if len(text) > LONGEST:
                    continue
                if TEMPORARY.fullmatch(name):
                    known[name] = whole
                elif not TEMPORARY.search(text):
                    found[name] = text
    return found


class _Inlined(ast.NodeTransformer):
    """An expression with what is known of names in their place."""

    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.known.get(node.id, node)


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
                f"[{side}]" if re.search(r" [+−/] ", side) else side for side in (left, right)
            )
        between = {ast.MatMult: "", ast.Mult: " ∗ ", ast.Add: " + ", ast.Sub: " − "}
        return f"{left}{between[type(node.op)]}{right}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return f"Σ {_shaped(node.func.value, shapes)}"  # .sum(axis=1, keepdims=True)
    if isinstance(node, ast.Call):
        return _shaped(node.args[0], shapes)  # g(Z), entry by entry
    raise KeyError(type(node).__name__)
