"""A report in words: its headline, and a row for every line; for a terminal or a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from backproof.compare.finding import (
    AGREES,
    ALIASES,
    DTYPE,
    INHERITS,
    OVERWRITES,
    RAISES,
    SHAPE,
    Finding,
)
from backproof.compare.report import Report

HEADS = ("line", "shape", "hand", "autodiff", "verdict")


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


def in_words(finding: Finding) -> tuple[str, ...]:
    """Return the cells of a line under `HEADS`: what either side says where they differ most."""
    hand, autodiff = finding.hand, finding.autodiff
    place, verdict = f" {list(finding.place)}" if finding.place else "", finding.verdict
    has_numbers = hand == hand or autodiff == autodiff
    if verdict == AGREES and has_numbers:
        verdict += f" ({finding.ulps:.1f} ulp)"
    elif finding.note:
        verdict += f"{'' if verdict == INHERITS else ':'} {finding.note}"
    if not has_numbers:
        return finding.quantity, str(finding.shape), "", "", verdict
    digits = 6  # or as many as tell them apart
    while digits < 17 and not finding.passes and f"{hand:.{digits}g}" == f"{autodiff:.{digits}g}":
        digits += 1
    numbers = f"{hand:.{digits}g}", f"{autodiff:.{digits}g}"
    return f"{finding.quantity}{place}", str(finding.shape), *numbers, verdict


def as_html(report: Report) -> str:
    """Return a report for a notebook: tables that a screen reader can read."""
    parts = [f"<p><strong>{escape(headline(report))}</strong></p>"]
    if report.story is not None:
        parts.append(table(report.story.judgement.findings))
    if report.rows:
        parts.append(f"<table>{_body(report.rows)}</table>")
    return "".join(parts)


def table(findings: Sequence[Finding]) -> str:
    """Return findings for a notebook."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    lines = _body([in_words(finding) for finding in findings])
    return f"<table><thead><tr>{heads}</tr></thead>{lines}</table>"


def _body(rows: Sequence[Sequence[str]]) -> str:
    """Return rows whose first cell is their head."""
    found = []
    for first, *others in rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
        found.append(f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>')
    return f"<tbody>{''.join(found)}</tbody>"
