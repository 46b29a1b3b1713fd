"""What a person sees on a terminal: progress, a table of pairs, the story of a failure."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from backproof.compare.finding import (
    AGREES,
    ALIASES,
    DTYPE,
    IMPRECISE,
    INHERITS,
    KINK,
    OVERWRITES,
    RAISES,
    SHAPE,
    Finding,
)
from backproof.compare.report import Report
from backproof.compare.training import TrainingReport

WIDTH = 100
COLOURS = {AGREES: "green", IMPRECISE: "yellow", KINK: "yellow", INHERITS: "magenta"}
NUMBERS = 12  # characters of a number in a table


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
    rows: list[tuple[str, str]] = []
    if report.story is not None:
        yield Text("")
        yield _lines(report.story.judgement.findings)
        rows = report.told()
    else:
        rows = report.remarks()
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


def headline(report: Report) -> str:
    """Return the verdict in one sentence."""
    name = report.pair.title
    if report.fault:
        return f"{name}: the replay differs from XLA, so nothing can be said: {report.fault}"
    if report.story is None:
        shapes = "1 shape" if len(report.shapes) == 1 else f"{len(report.shapes)} shapes"
        said = "agrees with autodiff" if not report.vacuous else "agrees with autodiff, vacuously,"
        return (
            f"{name}: the hand-derived gradient {said} on {shapes}, {report.quantities} quantities"
        )
    first, findings = report.story.first, report.story.judgement.findings
    own = [f for f in findings if not f.passes and f.verdict not in (INHERITS, first.verdict)]
    same = [f.quantity for f in findings if f.verdict == first.verdict]
    inherit = [f.quantity for f in findings if f.verdict == INHERITS]
    says = {
        SHAPE: "of the wrong shape",
        DTYPE: "of the wrong dtype",
        OVERWRITES: "overwritten",
        ALIASES: "in an argument's memory",
    }
    verb = f"{'are' if len(same) > 1 else 'is'} {says.get(first.verdict, first.verdict)}"
    if first.verdict == RAISES:
        verb = "raises"
    sentence = f"{name}: {_listed(same or [first.quantity])} {verb}"
    if inherit:
        sentence += f"; {_listed(inherit)} inherit{'s' * (len(inherit) == 1)} it"
    if own:
        sentence += f"; {_listed([f'{f.quantity} ({f.verdict})' for f in own])}"
    return f"{sentence}."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _lines(findings: Sequence[Finding]) -> Table:
    """Return a row for every quantity: what either side says where they differ most."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    heads: list[tuple[str, JustifyMethod]] = [
        ("  line", "left"),
        ("shape", "left"),
        ("hand", "right"),
        ("autodiff", "right"),
        ("verdict", "left"),
    ]
    for head, justify in heads:
        table.add_column(head, justify=justify, no_wrap=head != "verdict", overflow="fold")
    for finding in findings:
        has_numbers = finding.hand == finding.hand or finding.autodiff == finding.autodiff
        verdict = Text(finding.verdict, COLOURS.get(finding.verdict, "bold red"))
        if finding.verdict == AGREES and has_numbers:
            verdict.append(f" ({finding.ulps:.1f} ulp)", "")
        elif finding.note:
            verdict.append(
                f" {finding.note}" if finding.verdict == INHERITS else f": {finding.note}", ""
            )
        place = f" {list(finding.place)}" if finding.place and has_numbers else ""
        table.add_row(
            f"  {finding.quantity}{place}",
            str(finding.shape),
            *_numbers(finding),
            verdict,
        )
    return table


def _numbers(finding: Finding) -> tuple[str, str]:
    """Return what either side says, if anything: six digits, or as many as tell them apart."""
    hand, autodiff = finding.hand, finding.autodiff
    if hand != hand and autodiff != autodiff:
        return "", ""
    digits = 6
    while digits < 17 and not finding.passes and f"{hand:.{digits}g}" == f"{autodiff:.{digits}g}":
        digits += 1
    return f"{hand:.{digits}g}", f"{autodiff:.{digits}g}"


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
    out.print(f"{pairs}, {quantities} quantities compared: {outcome}")


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


def as_html(report: Report) -> str:
    """Return a report for a notebook: a table that a screen reader can read."""
    from html import escape

    def row(tag: str, cells: Sequence[Any]) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"

    parts = [f"<p><strong>{escape(headline(report))}</strong></p>"]
    rows = report.remarks()
    if report.story is not None:
        head = row("th", ("line", "shape", "hand", "autodiff", "verdict"))
        body = [
            row(
                "td",
                (
                    f.quantity,
                    f.shape,
                    f"{f.hand:.6g}",
                    f"{f.autodiff:.6g}",
                    f"{f.verdict} {f.note}",
                ),
            )
            for f in report.story.judgement.findings
        ]
        parts.append(f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>")
        rows = report.told()
    if rows:
        parts.append(f"<table><tbody>{''.join(row('td', cells) for cells in rows)}</tbody></table>")
    return "".join(parts)
