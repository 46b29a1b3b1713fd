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
from backproof.compare.mathml import mathml
from backproof.compare.pair import Pair
from backproof.compare.report import Report
from backproof.compare.trial import Trial
from backproof.compare.walk import Step, Walk, walk
from backproof.compare.wording import in_words

HERE = Path(__file__).parent
SHOWN = 8  # rows and columns of a matrix that are shown
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
class Cell:
    """One entry: its text, its colour from −1 to 1, and the arithmetic that made it."""

    place: str
    text: str
    shade: float
    made: str


@dataclass(frozen=True)
class Row:
    """Some entries of a row of a matrix, and the row's number."""

    number: int
    cells: list[Cell]


@dataclass(frozen=True)
class Matrix:
    """A matrix as it is shown: some rows and columns, and what is left out, in words."""

    title: str
    columns: list[int]
    rows: list[Row]
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

    own, place = (hand if by_hand else other), step.finding.place

    def made(place: tuple[int, ...]) -> str:
        numbers = made_of(equation, place, arrays, trial.sizes) if equation else ""
        at = f"{name}{[*place] or ''}"
        value = f"{own[place]:.6g}".replace("-", "−")
        return f"{at} = {equation} = {numbers} ≈ {value}" if numbers else ""

    def nothing(place: tuple[int, ...]) -> str:
        return ""

    sides = [("by hand", hand), ("autodiff", other)]
    found = [_matrix(title, V, place, limit, made if V is own else nothing) for title, V in sides]
    alike = hand.shape == other.shape
    return found + [_matrix("difference", hand - other, place, limit, nothing)] * alike


def _matrix(title: str, array: Any, place: tuple[int, ...], limit: float, made: Any) -> Matrix:
    """Return what is shown of an array; the entry at `place` always is."""
    flat = array.reshape(-1, array.shape[-1] if array.ndim else 1)
    lead = array.shape[:-1]
    inside = place if len(place) == array.ndim else (0,) * array.ndim
    row = int(np.ravel_multi_index(inside[:-1], lead)) if lead else 0
    columns = _shown(flat.shape[1], inside[-1] if inside else 0)
    rows = [
        Row(
            i,
            [
                Cell(
                    ", ".join(map(str, place)) or "scalar",
                    f"{flat[i, j]:.3g}".replace("-", "−"),
                    round(float(np.clip(np.nan_to_num(flat[i, j] / limit), -1, 1)), 3),
                    made(place),
                )
                for j in columns
                for place in [(*map(int, np.unravel_index(i, lead)), j) if array.ndim else ()]
            ],
        )
        for i in _shown(flat.shape[0], row)
    ]
    left_out = array.size - len(rows) * len(columns)
    said = f"{left_out} more entries, of shape {array.shape}" if left_out else ""
    return Matrix(title, columns, rows, said)


def _shown(count: int, wanted: int) -> list[int]:
    """Return the first places, and the wanted one."""
    first = range(min(count, SHOWN))
    return [*first] if wanted in first or not count else [*first[:-1], wanted]


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
