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
from backproof.compare.entries import made_of
from backproof.compare.example import Example
from backproof.compare.explain import Story
from backproof.compare.mathml import mathml
from backproof.compare.pair import Pair
from backproof.compare.trial import Trial
from backproof.compare.walk import Step, Walk, walk
from backproof.compare.wording import in_words

HERE = Path(__file__).parent
SHOWN = 8  # rows and columns of a matrix that are shown
UNITS = 6  # of a layer that are drawn


def page(
    pair: Pair, example: Example, network: Network | None = None, story: Story | None = None
) -> str:
    """Return the page of one example; of a failure, with its `story`, it opens on the wrong line.

    Raises ImportError without jinja2, and what the hand-derived side raises.
    """
    if find_spec("jinja2") is None:
        raise ImportError('a page needs jinja2: pip install "backproof[demos]".')
    from jinja2 import Environment, FileSystemLoader

    walked = walk(pair, example, network)
    cards = _cards(walked)
    wrong = [i for i, step in enumerate(walked.steps) if not step.finding.passes]
    first = [i for i in wrong if story and walked.steps[i].finding.quantity == story.first.quantity]
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True)
    return environment.get_template("page.html").render(
        title=pair.title,
        example=str(example),
        whose="by hand" if walked.by_hand else "as JAX derived them",
        cards=cards,
        start=(first or wrong or [0])[0],
        story=story,
        drawing=_network(network, example.sizes) if network else None,
        program=_program(pair, {card.name for card in cards}),
        mean=f"1/{pair.per_example}",
        version=version("backproof"),
    )


@dataclass(frozen=True)
class Cell:
    """One entry: its text, its colour from −1 to 1, and the arithmetic that made it."""

    place: str
    text: str
    shade: float
    made: str


@dataclass(frozen=True)
class Matrix:
    """A matrix as it is shown: its first rows and columns, and what is left out, in words."""

    title: str
    rows: list[list[Cell]]
    left_out: str


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


def _cards(walked: Walk) -> list[Card]:
    """Return a card for every step; without matrices where the hand-derived side raises."""
    pair = walked.pair
    try:
        trial = Trial(pair, pair.arguments(walked.example), thorough=False)
    except Exception:  # which is the one step
        return [_card(step, []) for step in walked.steps]
    arrays = trial.flat | {n: np.asarray(V) for n, V in trial.plain.items()} | trial.hand
    return [_card(step, _matrices(step, trial, arrays, walked.by_hand)) for step in walked.steps]


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


def _matrices(step: Step, trial: Trial, arrays: dict[str, Any], by_hand: bool) -> list[Matrix]:
    """Return both sides, and their difference where they have one shape.

    The arithmetic is that of the side whose equation it is.
    """
    name, equation = step.finding.quantity, step.equation
    if name not in trial.hand:  # an argument that was written into
        return []
    hand, other = np.asarray(trial.hand[name]), np.asarray(trial.plain[name])
    limit = float(np.max(np.abs(np.where(np.isfinite(hand), hand, 0)), initial=0)) or 1.0

    def made(place: tuple[int, ...]) -> str:
        numbers = made_of(equation, place, arrays, trial.sizes) if equation else ""
        return f"{name}{[*place] or ''} = {equation} = {numbers}" if numbers else ""

    def nothing(place: tuple[int, ...]) -> str:
        return ""

    sides = [("by hand", hand, by_hand), ("autodiff", other, not by_hand)]
    found = [_matrix(title, V, limit, made if own else nothing) for title, V, own in sides]
    alike = hand.shape == other.shape
    return found + [_matrix("difference", hand - other, limit, nothing)] * alike


def _matrix(title: str, array: Any, limit: float, made: Any) -> Matrix:
    flat = array.reshape(-1, array.shape[-1] if array.ndim else 1)
    lead = array.shape[:-1]
    rows = [
        [
            Cell(
                ", ".join(map(str, place)) or "scalar",
                f"{flat[i, j]:.3g}".replace("-", "−"),
                round(float(np.clip(np.nan_to_num(flat[i, j] / limit), -1, 1)), 3),
                made(place),
            )
            for j in range(min(flat.shape[1], SHOWN))
            for place in [(*map(int, np.unravel_index(i, lead)), j) if array.ndim else ()]
        ]
        for i in range(min(flat.shape[0], SHOWN))
    ]
    left_out = max(array.size - sum(map(len, rows)), 0)
    said = f"{left_out} more entries, of shape {array.shape}" if left_out else ""
    return Matrix(title, rows, said)


def _network(network: Network, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Return circles and lines: a column of units for every layer."""
    names = ["X", *(f"A{l}: {g}" for l, g in enumerate(network.hidden, start=1))]
    counts = [sizes["n_x"], *(sizes[f"n_{l}"] for l in range(1, len(network.hidden) + 1))]
    layers = [*zip(names, counts, strict=True), (f"A: {network.output}", sizes.get("n_y", 1))]
    height = 30 * min(max(n for _, n in layers), UNITS) + 40
    columns = []
    for l, (_, n) in enumerate(layers):
        drawn = min(n, UNITS)
        top = height / 2 - 15 * (drawn - 1)
        columns.append([(70 + 150 * l, top + 30 * i) for i in range(drawn)])
    words = "; ".join(f"{name}, {n} units" for name, n in layers)
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
