"""The command `backproof page`."""

from __future__ import annotations

from pathlib import Path

import click

from backproof.compare.location import described
from backproof.compare.options import network_options, pair_of, write
from backproof.compare.page import page
from backproof.compare.search import repeat, search
from backproof.compare.walk_command import example_of


@click.command("page")
@click.argument("what", default="shallow", metavar="[logistic|shallow|deep|FILE.py::PAIR]")
@click.option(
    "-o",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    default="page.html",
    show_default=True,
    help="Write the page here.",
)
@click.option("--shape", default="", metavar="TEXT", help="Sizes: n_x=3,n_h=4,n_y=1,m=5.")
@network_options
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def page_command(what: str, file: Path, shape: str, seed: int, **options: str | None) -> None:
    """Write one HTML file that steps through a pass: open it by double-click.

    Of a pair of your own that fails, it shows the smallest example and opens on the wrong line.

    Exit status: 0 written, 2 wrong usage.
    """
    try:
        pair, network = pair_of(what, options)
        example = example_of(pair, shape, seed, network)
        report = repeat(pair, example) if shape or network else search(pair)
        text = page(pair, report.story.example if report.story else example, network, report)
    except (TypeError, ValueError, SyntaxError, ImportError) as error:
        raise click.UsageError(described(error, what)) from None
    write(file, text.encode())
    click.echo(f"{file}: open it in a browser")
