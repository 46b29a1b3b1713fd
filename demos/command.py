"""The command `backproof demo`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from backproof.compare.options import write
from backproof.demos import NAMES, demo, title
from backproof.demos.files import notebook, page, picture

KINDS = (".svg", ".png", ".html", ".py")


@click.command("demo")
@click.argument("name", required=False, type=click.Choice(NAMES), metavar="[NAME]")
@click.option(
    "-o",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A picture (.svg, .png), a page (.html), or a marimo notebook (.py).",
)
def demo_command(name: str | None, file: Path | None) -> None:
    """List the demos, or run one: a lesson with the numbers that it measured, and its picture.

    Exit status: 0, or 2 for wrong usage.
    """
    if name is None:
        if file is not None:
            raise click.UsageError("-o goes with the name of a demo.")
        for number, known in enumerate(NAMES, start=1):
            click.echo(f"{number:2}  {known:<22}  {title(known)}")
        return
    if file is not None and file.suffix not in KINDS:
        raise click.UsageError(f"-o {file}: expected a name that ends in {', '.join(KINDS)}.")
    drawn = file is not None and file.suffix != ".py"
    if drawn and find_spec("matplotlib") is None:
        raise click.UsageError('-o needs matplotlib: pip install "backproof[demos]".')
    one = demo(name)
    try:
        data = one.measure()
    except ImportError:
        raise click.UsageError(
            f'{name} needs scikit-learn: pip install "backproof[demos]".'
        ) from None
    if file is not None:
        if file.suffix == ".py":
            content = notebook(name)
        elif file.suffix == ".html":
            content = page(name, data)
        else:
            content = picture(name, data, file.suffix[1:])
        write(file, content)
        click.echo(f"written: {file}", err=True)
    click.echo(one.lesson(data))
