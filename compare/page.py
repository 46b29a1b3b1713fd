"""One self-contained HTML page: a pass stepped through, every matrix, every entry's arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from backproof.compare.builtin import Network
from backproof.compare.derivation import STATEMENT
from backproof.compare.example import Example
from backproof.compare.mathml import mathml
from backproof.compare.matrices import Cell, Matrix, matrices
from backproof.compare.pair import Pair
from backproof.compare.report import Report
from backproof.compare.trial import Trial
from backproof.compare.walk import Step, Walk, walk
from backproof.compare.wording import in_words

HERE = Path(__file__).parent
UNITS = 6  # of a layer that are drawn


def page(
    pair: Pair, example: Example, network: Network | None = None, report: Report | None = None
) -> str:
    """Return the page of one example; of a failure that is reported, with its cause.

    It opens on the first wrong line. Raises ImportError without jinja2.
    """
    if find_spec("jinja2") is None:
        raise ImportError('a page needs jinja2: pip install "backproof[demos]".')
    from jinja2 import Environment, FileSystemLoader

    walked = walk(pair, example, network)
    cards = _cards(walked)
    story = report.story if report else None
    wrong = [i for i, step in enumerate(walked.steps) if not step.finding.passes]
    first = [i for i in wrong if story and walked.steps[i].finding.quantity == story.first.quantity]
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True)
    return environment.get_template("page.html").render(
        title=pair.title,
        example=str(example),
        whose="by hand" if walked.by_hand else "as JAX derived them",
        cards=cards,
        has_arithmetic=any(cell.made for card in cards for cell in card.cells),
        start=(first or wrong or [0])[0],
        first=story and story.first,
        rows=report.rows if report and story else [],
        drawing=_network(network, example.sizes) if network else None,
        program=_program(pair, {card.name for card in cards}),
        idle=sorted(pair.reference.program.idle_marks(example.sizes)),
        mean=f"1/{pair.per_example}",
        version=version("backproof"),
    )


@dataclass(frozen=True)
class Card:
    """One step of the pass."""

    name: str
    math: str
    shapes: str
    verdict: str
    word: str
    passes: bool
    share: str
    matrices: list[Matrix]
    direction: str

    @property
    def cells(self) -> list[Cell]:
        """The entries of all its matrices that are shown."""
        return [cell for matrix in self.matrices for row in matrix.rows for cell in row.cells]


def _cards(walked: Walk) -> list[Card]:
    """Return a card for every step; without matrices where the hand-derived side raises."""
    pair = walked.pair
    try:
        trial = Trial(pair, pair.arguments(walked.example), thorough=False)
    except Exception:  # which is the one step
        return [_card(step, []) for step in walked.steps]
    arrays = trial.flat | {n: np.asarray(V) for n, V in trial.plain.items()} | trial.hand
    return [_card(step, matrices(step, trial, arrays, walked.by_hand)) for step in walked.steps]


def _card(step: Step, matrices: list[Matrix]) -> Card:
    name, equation = step.finding.quantity, step.equation
    return Card(
        name,
        mathml(name, equation) if equation else "",
        step.shapes,
        in_words(step.finding)[-1],
        step.finding.verdict,
        step.finding.passes,
        step.share,
        matrices,
        "backward" if name.startswith("d") else "forward",
    )


def _network(network: Network, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Return circles and lines: a column of units for every layer."""
    names = ["X", *(f"A{l}: {g}" for l, g in enumerate(network.hidden, start=1))]
    counts = [sizes["n_x"], *(sizes[f"n_{l}"] for l in range(1, len(network.hidden) + 1))]
    last = "A" if network.is_logistic else f"A{len(network.hidden) + 1}"
    layers = [*zip(names, counts, strict=True), (f"{last}: {network.output}", sizes.get("n_y", 1))]
    height = 30 * min(max(n for _, n in layers), UNITS) + 40
    columns = []
    for l, (_, n) in enumerate(layers):
        drawn = min(n, UNITS)
        top = height / 2 - 15 * (drawn - 1)
        columns.append([(70 + 150 * l, top + 30 * i) for i in range(drawn)])
    words = "; ".join(f"{name}, {n} unit{'s' * (n > 1)}" for name, n in layers)
    return {
        "width": 150 * len(layers) - 10,
        "height": height + 20,
        "columns": columns,
        "lines": [(a, b) for one, other in pairwise(columns) for a in one for b in other],
        "labels": [(70 + 150 * l, f"{name} ({n})") for l, (name, n) in enumerate(layers)],
        "words": f"The network, from left to right: {words}.",
    }


def _program(pair: Pair, names: set[str]) -> list[tuple[str, str]]:
    """Return the lines of JAX's derivation, each with the quantity that it gives, or ""."""
    if pair.reference.program.per_shape:
        return []
    lines = []
    for line in pair.reference.program.source.splitlines():
        match = STATEMENT.match(line)
        lines.append((match["name"] if match and match["name"] in names else "", line))
    return lines
