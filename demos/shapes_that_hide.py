"""The shape that hides the bug: on which shapes a planted mistake gives the right numbers.

Each mistake is planted into one line of the shallow network, and the line compared at each shape.
The last one is the notes' slip, da = −(y/a)·y + (1 − y)/(1 − a): labels hide it, not shapes.
"""

from __future__ import annotations

from typing import Any

from backproof.compare.builtin import Network
from backproof.compare.diagnosis import planted
from backproof.compare.line import Line
from backproof.compare.mistakes import MISTAKES
from backproof.compare.trial import Trial

PLANTED = (
    ("no mean", "dW1", "m"),
    ("wrong count", "dW1", "n_x in place of m"),
    ("transpose", "dA1", "W2"),
    ("elementwise product", "dW2", "dZ2 ∗ A1ᵀ"),
    ("one step only", "dW1", "last of X along axis 1"),
    ("summed too much", "dA1", "summed over axis 0"),
    ("reordered", "dW1", "reversed along axis 0"),
    ("no activation derivative", "dZ1", "dA1"),
    ("label squared", "dZ2", "a = A2, y = Y"),
)
# Along an axis of length 1 these change nothing.
OF_LONG_AXES = ("one step only", "summed too much", "reordered")
SHAPES = {
    "all 1": (1, 1, 1, 1),
    "m = 1": (3, 4, 2, 1),
    "one feature": (1, 4, 2, 5),
    "one unit": (3, 1, 2, 5),
    "one output": (3, 4, 1, 5),
    "all 3": (3, 3, 3, 3),
    "n_x = m": (4, 3, 2, 4),
    "n_1 = n_y": (5, 3, 3, 4),
    "all distinct": (3, 5, 2, 7),
    "0/1 labels": (3, 5, 2, 7),
}
LABELS = {"0/1 labels": "hard"}  # soft elsewhere


def measure() -> dict[str, Any]:
    """Return, for every mistake and shape, "shown", "hidden", or "" where it cannot be made."""
    pair = Network("shallow", "shallow", ("tanh",)).pair()
    mistakes = {mistake.name: mistake for mistake in MISTAKES}
    found: dict[str, dict[str, str]] = {f"{line}: {name}": {} for name, line, _ in PLANTED}
    for label, (n_x, n_1, n_y, m) in SHAPES.items():
        sizes = f"n_x={n_x},n_1={n_1},n_y={n_y},m={m}"
        example = pair.example(f"{sizes},seed=3,Y={LABELS.get(label, 'soft')}")
        trial = Trial(pair, pair.arguments(example), thorough=False)
        for name, line, detail in PLANTED:
            of_line = Line(trial, line)
            wrong = [w for said, w in planted(of_line, mistakes[name]) if said == detail]
            alike = not wrong or of_line.is_right(wrong[0])
            runs = wrong or name in OF_LONG_AXES
            state = ("hidden" if alike else "shown") if runs else ""
            found[f"{line}: {name}"][label] = state
    return {"shapes": list(SHAPES), "mistakes": found}


def lesson(data: dict[str, Any]) -> str:
    """One shape is not enough."""
    rows = data["mistakes"].values()
    shown = {shape: sum(row[shape] == "shown" for row in rows) for shape in data["shapes"]}
    distinct = sum(row["all distinct"] == "" for row in rows)
    return (
        f"One shape hides what another shows: of {len(rows)} mistakes the shape with all sides 1 "
        f"shows {shown['all 1']}, all sides 3 shows {shown['all 3']}, all sides distinct "
        f"{shown['all distinct']}; there, {distinct} would not even run. The y too many in da is "
        f"{data['mistakes']['dZ2: label squared']['0/1 labels']} by 0/1 labels on the same shape."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """A grid of mistakes and shapes."""
    axis = figure.subplots()
    colours = {"shown": "#0072B2", "hidden": "#D55E00", "": "#e4e4e4"}
    signs = {"shown": "✓", "hidden": "hidden", "": "does not\nrun"}
    for i, (mistake, row) in enumerate(data["mistakes"].items()):
        for j, shape in enumerate(data["shapes"]):
            state = row[shape]
            axis.add_patch(_square(j, i, colours[state]))
            axis.text(
                j,
                i,
                signs[state],
                ha="center",
                va="center",
                fontsize=7,
                color="black" if state == "" else "white",
            )
        axis.text(-0.6, i, mistake, ha="right", va="center", fontsize=8)
    axis.set(
        xlim=(-0.5, len(data["shapes"]) - 0.5),
        ylim=(len(data["mistakes"]) - 0.5, -0.5),
        yticks=[],
        xticks=range(len(data["shapes"])),
    )
    axis.set_xticklabels(data["shapes"], rotation=30, ha="right", fontsize=8)
    axis.set_frame_on(False)


def _square(x: float, y: float, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, color=colour, lw=0)
