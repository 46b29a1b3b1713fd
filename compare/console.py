"""What a person sees on a terminal, and what a program reads: tables and JSON."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from backproof.compare.judge import Finding
from backproof.compare.report import Report
from backproof.compare.training import STEPS, TrainingReport

PIPED_WIDTH = 100


def console() -> Console:
    """Return a console on standard output: plain and 100 columns wide when piped."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)


def progress() -> Progress:
    """Return a progress bar on standard error, shown on a terminal only."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Give what raises KeyboardInterrupt after a Ctrl-C, for places where stopping is safe.

    An interrupt that strikes anywhere may leave a lock taken, or be lost in a callback. A second
    Ctrl-C strikes at once.
    """
    asked = False

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    def stop_if_asked() -> None:
        if asked:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop_if_asked
    finally:
        signal.signal(signal.SIGINT, before)


def show(reports: Sequence[Report | TrainingReport]) -> None:
    """Print a row for every pair, the story of every disagreement, and a last line."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for report in reports:
        cells = _cells(report)
        if not table.columns:
            for head, justify in cells:
                fold = head == "pair"  # on a narrow terminal, the names give way
                table.add_column(head, justify=justify, no_wrap=not fold, overflow="fold")
        table.add_row(*cells.values())
    console().print(table)
    for report in reports:
        if not report.agrees:
            console().print(f"{report}\n", markup=False, soft_wrap=True)
    wrong = sum(not report.agrees for report in reports)
    quantities = sum(report.quantities for report in reports)
    outcome = f"{wrong} disagree" if wrong else "all agree" if reports else "nothing to tell"
    pairs = "1 pair" if len(reports) == 1 else f"{len(reports)} pairs"
    console().print(f"{pairs}, {quantities} quantities compared: {outcome}")


def _cells(report: Report | TrainingReport) -> dict[tuple[str, JustifyMethod], str | Text]:
    """Return one row of the table, by head and justification."""
    worst, at = "", ""
    if report.worst is not None:
        at = f"{report.worst.quantity}{list(report.worst.place) or ''}"
        if report.worst.allowed:  # else it was no question of how much
            worst = f"{report.worst.difference:.2g}/{report.worst.allowed:.0f}"
    cells: dict[tuple[str, JustifyMethod], str | Text] = {}
    cells["pair", "left"] = report.pair.name
    if isinstance(report, Report):
        cells["shapes", "right"] = str(len(report.shapes))
        cells["run", "left"] = report.way
        cells["XLA", "right"] = str(report.confirmed)
    cells["worst", "right"] = worst
    cells["at", "left"] = at
    if isinstance(report, TrainingReport):
        by_hand, by_autodiff = (f"{score:.4f}" for score in report.scores)
        score = "accuracy" if report.has_classes else "cost"
        cells["apart, eps", "right"] = f"{report.difference:.2g}"
        cells[score, "right"] = by_hand if by_hand == by_autodiff else f"{by_hand}/{by_autodiff}"
    verdict = Text("agrees", "green") if report.agrees else Text("disagrees", "bold red")
    cells["verdict", "left"] = verdict
    return cells


def as_json(report: Report | TrainingReport) -> dict[str, Any]:
    """Return one report as plain data."""
    common = {
        "pair": report.pair.name,
        "agrees": report.agrees,
        "quantities": report.quantities,
        "worst": report.worst and _finding_as_json(report.worst),
        "failures": [_finding_as_json(finding) for finding in report.failures],
        "again": report.again,
    }
    if isinstance(report, Report):
        return common | {
            "shapes": sorted(map(list, report.shapes)),
            "problems": report.problems,
            "run": report.way,
            "confirmed": report.confirmed,
        }
    return common | {
        "steps": STEPS,
        "trajectory_eps": _number(report.difference),
        "allowed_eps": _number(report.allowed),
        "score": "accuracy" if report.has_classes else "cost",
        "by_hand": _number(report.scores[0]),
        "by_autodiff": _number(report.scores[1]),
    }


def _number(value: float) -> float | None:
    """JSON has no infinity and no NaN."""
    return value if isfinite(value) else None


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    return {
        "quantity": finding.quantity,
        "place": list(finding.place),
        "difference_eps": _number(finding.difference),
        "allowed_eps": finding.allowed,
        "reason": finding.reason,
        "example": str(finding.example),
    }
