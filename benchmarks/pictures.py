"""Rows as a picture: dots with quartiles on a logarithmic axis, or curves against a size.

Values and names stand beside what they belong to, so there is no legend to look up. The colours
are those of Okabe and Ito, which people with any colour vision can tell apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.report import About, digits, in_words
from benchmarks.timing import Row, ratio

GREY = "#6b6b6b"
PALE = "#e4e4e4"
COLOURS = {
    "hand": "#0072B2",
    "replay": "#D55E00",
    "jit": "#009E73",
    "jit on NumPy": "#117733",
    "torch": "#AA4499",
    "numeric": "#000000",
}
LINE = 13  # points from one name to the next
End = tuple[str, tuple[Any, float], str]
STYLE = {
    "svg.hashsalt": "backproof",
    "font.size": 10,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
}


def draw(about: About, rows: list[Row], files: list[Path]) -> str:
    """Write the picture into every file, SVG or PNG by its name; say so where it cannot be."""
    if find_spec("matplotlib") is None:
        return "no picture: matplotlib is not installed"
    import_module("matplotlib").use("agg")
    pyplot: Any = import_module("matplotlib.pyplot")
    measured = [row for row in rows if row.rounds]
    with pyplot.rc_context(STYLE):
        figure = curves(pyplot, about, measured) if about.sizes else dots(pyplot, about, measured)
        for file in files:
            metadata = {"Date": None} if file.suffix == ".svg" else None
            figure.savefig(file, metadata=metadata, dpi=110, facecolor="white")
        pyplot.close(figure)
    return f"picture: {', '.join(map(str, files))}"


def dots(pyplot: Any, about: About, rows: list[Row]) -> Any:
    """One line for each row, grouped by case; the median, its ratio and a bar for the quartiles."""
    heights: list[float] = []
    headings: list[tuple[str, float]] = []
    y, case = 0.0, ""
    for row in rows:
        if row.case != case:
            y += 0.4 * bool(heights)
            headings.append((row.case, y))
            y, case = y + 1, row.case
        heights.append(y)
        y += 1
    inches = 0.24 * y + 1.55
    figure, axes = pyplot.subplots(figsize=(8, inches))
    figure.subplots_adjust(left=0.25, right=0.86, top=1 - 0.75 / inches, bottom=0.62 / inches)
    least = min(row.median for row in rows)
    most = max(row.median for row in rows)
    left, right = least / 1.6, most * (most / least) ** 0.2
    base = about.bases[0]
    aside = {"xycoords": ("figure fraction", "data"), "va": "center", "annotation_clip": False}
    for row, height in zip(rows, heights, strict=True):
        colour = colour_of(row.contender)
        axes.plot([left, row.median], [height] * 2, color=PALE, linewidth=1, zorder=0)
        axes.plot(row.quartiles, [height] * 2, color=colour, linewidth=4, alpha=0.4)
        axes.plot(row.median, height, "o", color=colour, markersize=6)
        axes.annotate(
            in_words(row.median, about.unit), (max(row.median, row.quartiles[1]), height), (9, 0),
            textcoords="offset points", va="center", fontsize=9,
        )  # fmt: skip
        times = ratio(rows, row, base)
        if times is not None:
            axes.annotate(f"{digits(times)} ×", (0.98, height), ha="right", **aside)
    axes.annotate(f"÷ {base}", (0.98, -1), ha="right", color=GREY, fontsize=9, **aside)
    for heading, height in headings:
        axes.annotate(heading, (0.02, height), fontweight="bold", **aside)
    axes.set_yticks(heights, [row.contender for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set(xscale="log", xlim=(left, right), ylim=(y - 0.4, -0.6))
    title(figure, about, inches)
    scale(axes.xaxis, about)
    return figure


def curves(pyplot: Any, about: About, rows: list[Row]) -> Any:
    """One curve for each contender, named at its end; the band is the quartiles."""
    figure, axes = pyplot.subplots(figsize=(8, 5.2))
    figure.subplots_adjust(left=0.09, right=0.9, top=0.82, bottom=0.11)
    ends: list[End] = []
    for name in dict.fromkeys(row.contender for row in rows):
        own = [row for row in rows if row.contender == name]
        sizes, medians = [row.size for row in own], [row.median for row in own]
        colour = colour_of(name)
        axes.fill_between(
            sizes, *zip(*[row.quartiles for row in own], strict=True), color=colour, alpha=0.2,
            linewidth=0,
        )  # fmt: skip
        axes.plot(sizes, medians, "o-", color=colour, markersize=4, linewidth=1.6)
        ends.append((name, (sizes[-1], medians[-1]), colour))
    axes.set(xscale="log", yscale="log", xlabel=about.sizes)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    for name, end, colour, shift in apart(ends, axes.transData, 72 / figure.dpi):
        axes.annotate(
            name, end, (8, shift), color=colour, va="center", textcoords="offset points"
        )  # fmt: skip
    title(figure, about, 5.2)
    scale(axes.yaxis, about)
    axes.yaxis.label.set(rotation=0, ha="left")
    axes.yaxis.set_label_coords(-0.09, 1.03)
    return figure


def apart(ends: list[End], transform: Any, points: float) -> Iterator[tuple[*End, float]]:
    """Yield every end with the points by which its name moves, so that no two overlap."""
    for size in {end[1][0] for end in ends}:
        here = sorted((end for end in ends if end[1][0] == size), key=lambda end: end[1][1])
        heights = [transform.transform(end[1])[1] * points for end in here]
        moved = list(accumulate(heights, lambda below, own: max(below + LINE, own)))
        excess = sum(moved) - sum(heights)
        for end, height, to in zip(here, heights, moved, strict=True):
            yield (*end, to - height - excess / len(here))


def colour_of(contender: str) -> str:
    """Return the colour of a contender, the same in all pictures."""
    words = contender.replace(",", " ").split()
    return next((colour for word, colour in COLOURS.items() if word in words), GREY)


def title(figure: Any, about: About, inches: float) -> None:
    """Write the title and the conditions at the top left."""
    figure.text(0.02, 1 - 0.13 / inches, about.title, fontsize=12, fontweight="bold", va="top")
    figure.text(0.02, 1 - 0.37 / inches, about.detail, fontsize=9, color=GREY, va="top")


def scale(axis: Any, about: About) -> None:
    """Label a logarithmic axis in units that people read."""
    ticker = import_module("matplotlib.ticker")
    axis.set_label_text(about.axis)
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: in_words(value, about.unit)))
    axis.set_minor_locator(ticker.NullLocator())
