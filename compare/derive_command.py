"""The command `backproof derive`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from backproof.compare import derivation
from backproof.compare.options import network_options, write


@click.command("derive")
@click.argument("what", metavar="logistic|shallow|deep|FILE.py:FUNCTION")
@click.option("--shapes", metavar="TEXT", help="Of the function's arguments: 'W: k, n; y: int[m]'.")
@click.option("--wrt", metavar="NAMES", help="Arguments to differentiate; all floats by default.")
@click.option(
    "--constraint", "constraints", multiple=True, metavar="TEXT", help="On sizes: 'n >= 2'."
)
@network_options
@click.option("--slope", type=float, help="Leaky ReLU's.  [default: 0.01]")
@click.option(
    "-o", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the module here."
)
def derive_command(
    what: str,
    shapes: str | None,
    wrt: str | None,
    constraints: tuple[str, ...],
    file: Path | None,
    **network: Any,
) -> None:
    """Print what JAX derives, as a NumPy module that runs at every size and in every precision.

    For a network of this package, each line has the hand-derived equation above it. For a
    function of your own, give the shapes of its arguments: sizes are names or numbers, nested
    arguments are written with dots (layer.W: k, n).

    Exit status: 0 derived, 2 wrong usage, or a function that cannot be derived.
    """
    of_network = {name: value for name, value in network.items() if value is not None}
    of_function = [name for name, value in (("shapes", shapes), ("wrt", wrt)) if value is not None]
    try:
        if what in derivation.KINDS:
            if of_function or constraints:
                raise ValueError(f"--{(*of_function, 'constraint')[0]} goes with a function.")
            text = derivation.of_network(what, **of_network)
        else:
            if of_network:
                raise ValueError(
                    f"--{next(iter(of_network))} goes with {', '.join(derivation.KINDS)}."
                )
            program = derivation.of_function(what, shapes, wrt, constraints)
            if file is not None and program.through_xla:
                raise ValueError(
                    f"{', '.join(program.through_xla)} has no NumPy form and runs through XLA: "
                    "the module would need more than NumPy; leave -o out to read it."
                )
            text = program.source
    except (TypeError, ValueError, SyntaxError) as error:
        raise click.UsageError(str(error)) from None
    if file is not None and file.resolve() == Path(what.rpartition(":")[0]).resolve():
        raise click.UsageError(f"-o {file} is the file that the function is in: name another.")
    if file is None:
        click.echo(text, nl=False)
        return
    write(file, text.encode())
