"""The command `backproof walk`."""

from __future__ import annotations

import json
import re

import click
from rich.console import Group

from backproof.compare import console
from backproof.compare.builtin import Network
from backproof.compare.example import Example
from backproof.compare.location import described
from backproof.compare.options import network_options, pair_of
from backproof.compare.pair import Pair
from backproof.compare.walk import walk

SIZES = {"n_x": 3, "n_1": 4, "n_2": 3, "n_3": 2, "n_y": 1, "m": 5}  # of a network here


@click.command("walk")
@click.argument("what", metavar="logistic|shallow|deep|FILE.py::PAIR|package.module:PAIR")
@click.option("--shape", default="", metavar="TEXT", help="Sizes, and seed: n_x=3,n_h=4,n_y=1,m=5.")
@network_options
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "to_json", is_flag=True, help="Print JSON instead of a table.")
def walk_command(what: str, shape: str, seed: int, to_json: bool, **options: str | None) -> None:
    """Walk through one pass, line by line: equation, shapes, both values, where 1/m went.

    Values are those of the entry where the two sides differ most, ulp is by how much.

    Exit status: 0 all lines agree, 1 one does not, 2 wrong usage.
    """
    try:
        pair, network = pair_of(what, options)
        found = walk(pair, example_of(pair, shape, seed, network), network)
    except (TypeError, ValueError, SyntaxError) as error:
        raise click.UsageError(described(error, what)) from None
    if to_json:
        click.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
    else:
        out = console.console()
        out.print(Group(found.headline, console.walked(found.steps, out.width)))
    click.get_current_context().exit(0 if found.agrees else 1)


def example_of(pair: Pair, shape: str, seed: int, network: Network | None) -> Example:
    """Return the example with these sizes, given as text, and usual ones for the others."""
    if network:
        shape = re.sub(r"\bn_h\b", "n_1", shape)  # the notes' name of the one hidden layer
    usual = SIZES if network else pair.families[min(2, len(pair.families) - 1)]
    words = {"seed": seed} | {name: usual[name] for name in pair.size_names}
    given = {part.partition("=")[0].strip() for part in shape.split(",")}
    missing = [f"{name}={value}" for name, value in words.items() if name not in given]
    return pair.example(",".join([*missing, shape]))
