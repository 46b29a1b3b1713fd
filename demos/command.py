"""The command `backproof demo`."""

from __future__ import annotations

import io
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from backproof.demos import NAMES, demo, title

SIZE = (9.0, 5.6)  # inches
STYLE: Any = {
    "svg.hashsalt": "backproof",  # the same picture is the same file
    "font.size": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
}


@click.command("demo")
@click.argument("name", required=False, type=click.Choice(NAMES), metavar="[NAME]")
@click.option(
    "-o", "file", type=click.Path(dir_okay=False, path_type=Path), help="picture.svg, .png"
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
    if file is not None and file.suffix not in (".svg", ".png"):
        raise click.UsageError(f"-o {file}: expected a name that ends in .svg or .png.")
    if file is not None and find_spec("matplotlib") is None:
        raise click.UsageError('-o needs matplotlib: pip install "backproof[demos]".')
    one = demo(name)
    data = one.measure()
    if file is not None:
        try:
            file.write_bytes(picture(one, data, file.suffix[1:]))
        except OSError as error:
            raise click.UsageError(f"-o {file}: {error.strerror}.") from None
        click.echo(f"picture: {file}", err=True)
    click.echo(one.lesson(data))


def picture(one: Any, data: Any, kind: str) -> bytes:
    """Return a demo's picture as the bytes of an SVG or PNG file."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE)
        FigureCanvasAgg(figure)
        one.draw(data, figure)
        figure.suptitle(one.__doc__.partition("\n")[0].rstrip("."), fontsize=11)
        file = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(file, format=kind, dpi=110, metadata=metadata)
    return file.getvalue()
