"""Benchmarks that count instead of timing: a table on the terminal, a JSON file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.report import console, keep

Number = int | float | str


@dataclass(frozen=True)
class Counted:
    """A table of numbers by rows and columns, and remarks on single cases."""

    title: str
    detail: str
    columns: Sequence[str]
    rows: Mapping[str, Sequence[Number]]
    notes: Sequence[str] = field(default_factory=list)

    @property
    def totals(self) -> list[Number]:
        """The sums of the columns that hold counts."""
        columns = zip(*self.rows.values(), strict=True)
        return [
            sum(c for c in column if isinstance(c, int)) if isinstance(column[0], int) else ""
            for column in columns
        ]

    def show(self) -> None:
        """Print the table and the remarks."""
        table = Table(title=self.title, caption=self.detail, box=SIMPLE_HEAD, title_justify="left")
        table.add_column("", no_wrap=True)
        for column in self.columns:
            table.add_column(column, justify="right")
        for name, numbers in self.rows.items():
            table.add_row(name, *map(str, numbers))
        if self.totals:
            table.add_section()
            table.add_row("all", *map(str, self.totals))
        out = console()
        out.print(table)
        for note in self.notes:
            out.print(note, markup=False, soft_wrap=True)

    def write(self, file: Path, quick: bool) -> None:
        """Write the JSON file: the table, on which machine, with what, when."""
        document = {
            "title": self.title,
            "detail": self.detail,
            "columns": list(self.columns),
            "rows": {name: list(numbers) for name, numbers in self.rows.items()},
            "totals": self.totals,
            "notes": list(self.notes),
        }
        keep(document, file, quick)
