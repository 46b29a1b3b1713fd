"""The matrices of a step as a page shows them: both sides, their difference, the arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.compare.entries import made_of
from backproof.compare.trial import Trial
from backproof.compare.walk import Step

SHOWN = 8  # rows and columns of a matrix that are shown


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


def matrices(step: Step, trial: Trial, arrays: dict[str, Any], by_hand: bool) -> list[Matrix]:
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
