"""What a person sees on a terminal: progress, a table of pairs, the story of a failure."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from backproof.compare.finding import (
    AGREES,
    IMPRECISE,
    INHERITS,
    KINK,
    Finding,
)
from backproof.compare.report import Report
from backproof.compare.training import TrainingReport
from backproof.compare.walk import HEADS as WALKED
from backproof.compare.walk import Step
from backproof.compare.wording import HEADS, headline, in_words

WIDTH = 100
NARROW = 90  # columns, for the table of a walk
COLOURS = {AGREES: "green", IMPRECISE: "yellow", KINK: "yellow", INHERITS: "magenta"}


def console() -> Console:
    """Return a console on standard output: plain and 100 columns wide when piped."""
    return Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)


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


def plain(*parts: RenderableType) -> str:
    """Return what a console would print, without colours, folded at 100 columns."""
    file = io.StringIO()
    out = Console(file=file, width=WIDTH, color_system=None, highlight=False)
    out.print(Group(*parts), crop=False)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def as_text(report: Report) -> str:
    """Return a report as plain text."""
    return plain(*_report(report))


def _report(report: Report) -> Iterator[RenderableType]:
    """Yield a headline, and what a person needs to know beyond it."""
    yield Text(headline(report))
    if report.story is not None:
        yield Text("")
        yield _lines(report.story.judgement.findings)
    rows = report.rows
    if rows:
        yield Text("")
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for label, text in rows:
            if label != "again":
                table.add_row(f"  {label}", Text(text))
        yield table
    for label, command in rows:
        if label == "again":  # a line, however long: it is to be copied
            width = max(len(other) for other, _ in rows)
            yield Text(f"  {label:<{width}}  {command}", no_wrap=True, overflow="ignore")


def _lines(findings: Sequence[Finding]) -> Table:
    """Return a row for every quantity: what either side says where they differ most."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in HEADS:
        table.add_column(
            "  line" if head == "line" else head,
            justify="right" if head in ("hand", "autodiff") else "left",
            no_wrap=head != "verdict",
            overflow="fold",
        )
    for finding in findings:
        quantity, shape, hand, autodiff, verdict = in_words(finding)
        said = Text(verdict)
        said.stylize(COLOURS.get(finding.verdict, "bold red"), 0, len(finding.verdict))
        table.add_row(f"  {quantity}", shape, hand, autodiff, said)
    return table


def walked(steps: Sequence[Step], width: int = WIDTH) -> RenderableType:
    """Return a pass as a table, with a line between any two; as lines where it does not fit."""
    if width < NARROW:
        return Text("\n\n".join(_in_lines(step) for step in steps))
    table = Table(box=SIMPLE_HEAD, show_lines=True, pad_edge=False)
    for head in WALKED:
        right = head in ("hand", "autodiff", "ulp")
        folds = head == WALKED[1]
        table.add_column(
            head, justify="right" if right else "left", no_wrap=not folds, overflow="fold"
        )
    for step in steps:
        table.add_row(*map(Text, step.cells))
    return table


def _in_lines(step: Step) -> str:
    name, equation, *others = step.cells
    numbers = [f"{head} {text}" for head, text in zip(WALKED[2:], others, strict=True) if text]
    return "\n  ".join([name, *equation.splitlines(), *numbers])


def show(reports: Sequence[Report | TrainingReport], unusable: int = 0) -> None:
    """Print a row for every pair, the story of every disagreement, and a last line.

    It counts pairs that are `unusable` too.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for report in reports:
        cells = _cells(report)
        if not table.columns:
            for head, justify in cells:
                fold = head == "pair"  # on a narrow terminal, the names give way
                table.add_column(head, justify=justify, no_wrap=not fold, overflow="fold")
        table.add_row(*cells.values())
    out = console()
    if not sys.stdout.isatty():  # a name that is folded would not be found there
        wide = out.options.update(max_width=10 * WIDTH)
        out.width = max(WIDTH, out.measure(table, options=wide).maximum)
    out.print(table)
    out = console()
    for report in reports:
        if isinstance(report, Report) and (not report.agrees or report.vacuous):
            out.print(Group(*_report(report), Text("")), crop=False)
        elif not report.agrees:
            out.print(f"{report}\n", markup=False, soft_wrap=True)
    wrong = sum(not report.agrees for report in reports)
    quantities = sum(report.quantities for report in reports)
    outcome = f"{wrong} disagree" if wrong else "all agree" if reports else "nothing to tell"
    pairs = "1 pair" if len(reports) == 1 else f"{len(reports)} pairs"
    others = f"; {unusable} cannot be checked" if unusable else ""
    out.print(f"{pairs}, {quantities} quantities compared: {outcome}{others}")


def _cells(report: Report | TrainingReport) -> dict[tuple[str, JustifyMethod], str | Text]:
    """Return one row of the table, by head and justification."""
    cells: dict[tuple[str, JustifyMethod], str | Text] = {}
    cells["pair", "left"] = report.pair.title
    if isinstance(report, Report):
        cells["shapes", "right"] = str(len(report.shapes))
        cells["run", "left"] = report.way
        cells["XLA", "right"] = str(report.confirmed)
        worst = report.worst
        cells["rounding", "right"] = f"{worst.used:.0%}" if worst else ""
        cells["imprecise", "right"] = str(report.verdicts[IMPRECISE])
        cells["kinks", "right"] = str(report.verdicts[KINK])
        verdict = report.verdict
    else:
        by_hand, by_autodiff = (f"{score:.4f}" for score in report.scores)
        score = "accuracy" if report.has_classes else "cost"
        cells["apart, eps", "right"] = f"{report.difference:.2g}"
        cells[score, "right"] = by_hand if by_hand == by_autodiff else f"{by_hand}/{by_autodiff}"
        verdict = AGREES if report.agrees else "disagrees"
    cells["verdict", "left"] = Text(verdict, "green" if report.agrees else "bold red")
    return cells
