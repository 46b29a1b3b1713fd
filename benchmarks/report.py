"""What becomes of the rows: a table on the terminal, a JSON file, a picture."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.timing import Row, ratio

PACKAGES = ("backproof", "numpy", "jax", "jaxlib", "hypothesis", "torch", "matplotlib")
PIPED_WIDTH = 120
UNITS = {"s": [(1, "s"), (1e-3, "ms"), (1e-6, "µs")], "B": [(1e6, "MB"), (1e3, "kB"), (1, "B")]}


@dataclass(frozen=True)
class About:
    """What a benchmark compares: its title, conditions, axis, and the contenders to divide by.

    `sizes` names what the cost is drawn against, if there is something of the kind.
    """

    title: str
    detail: str
    axis: str
    bases: tuple[str, ...]
    unit: str = "s"
    sizes: str = ""


def in_words(value: float, unit: str) -> str:
    """Return a measurement with three digits: 118 µs.

    >>> in_words(0.0001176, "s"), in_words(2.5e6, "B")
    ('118 µs', '2.5 MB')
    """
    scale, name = scale_of(value, unit)
    return f"{digits(value / scale)} {name}"


def scale_of(value: float, unit: str) -> tuple[float, str]:
    """Return the unit that leaves a number between 1 and 1000: (1e-6, "µs")."""
    # 999.6 µs would be written as 1,000 µs, so it counts as a millisecond.
    return next((pair for pair in UNITS[unit] if value >= 0.9995 * pair[0]), UNITS[unit][-1])


def digits(value: float) -> str:
    """Return three significant digits without an exponent; more before the point if there are."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(about: About, rows: list[Row]) -> None:
    """Print the table."""
    table = Table(title=about.title, caption=about.detail, box=SIMPLE_HEAD, title_justify="left")
    has_cases = any(row.case for row in rows)
    if has_cases:
        table.add_column(about.sizes or "case", justify="right", no_wrap=True)
    table.add_column("contender", no_wrap=True)
    for name in ("median", "quartiles", *(f"÷ {base}" for base in about.bases), "rounds"):
        table.add_column(name, justify="right", no_wrap=True)
    case = ""
    for row in rows:
        if row.case != case and case:
            table.add_section()
        first = [row.case if row.case != case else ""] if has_cases else []
        case = row.case
        if not row.rounds:
            table.add_row(*first, row.contender, row.note)
            continue
        scale, unit = scale_of(row.median, about.unit)
        spread = f"{' … '.join(digits(value / scale) for value in row.quartiles)} {unit}"
        ratios = [ratio(rows, row, base) for base in about.bases]
        table.add_row(
            *first,
            row.contender,
            in_words(row.median, about.unit),
            spread,
            *("" if times is None else digits(times) for times in ratios),
            str(row.rounds),
        )
    console().print(table)


def console() -> Console:
    """Return what prints: as wide as a terminal, or as a page where it is piped."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)


def write(about: About, rows: list[Row], file: Path, quick: bool) -> None:
    """Write the JSON file: what was compared, on which machine, with what, when, and the rows."""
    document = {
        "title": about.title,
        "detail": about.detail,
        "unit": about.unit,
        "rows": [
            (asdict(row) if row.rounds else asdict(row) | {"median": None, "quartiles": None})
            | {"ratios": {base: ratio(rows, row, base) for base in about.bases}}
            for row in rows
        ],
    }
    keep(document, file, quick)


def keep(document: Mapping[str, Any], file: Path, quick: bool) -> None:
    """Write the JSON file of a benchmark, with how, when, on which machine and with what."""
    how = {
        "command": " ".join(["python -m benchmarks", *sys.argv[1:]]),
        "quick": quick,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
    }
    text = json.dumps({**how, **document}, indent=1, allow_nan=False, ensure_ascii=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


def machine() -> dict[str, Any]:
    """Return the processor's name, its cores and the system."""
    name = platform.processor()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:  # not Linux
        pass
    return {"processor": name, "cores": os.cpu_count(), "system": platform.platform()}


def versions() -> dict[str, str | None]:
    """Return the version of Python and of every package that takes part; None if missing."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found
