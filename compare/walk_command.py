"""The command `backproof walk`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import click
from rich.console import Group

from backproof.compare import console
from backproof.compare.builtin import Network
from backproof.compare.derivation import NETWORKS, network_of
from backproof.compare.example import Example
from backproof.compare.location import described, loaded
from backproof.compare.network_options import network_options
from backproof.compare.pair import Pair
from backproof.compare.walk import Walk, walk

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
    given = {name: value for name, value in options.items() if value is not None}
    try:
        walked = _walked(what, shape, seed, given)
    except (TypeError, ValueError, SyntaxError) as error:
        raise click.UsageError(described(error, what)) from None
    if to_json:
        click.echo(json.dumps(walked.as_json(), indent=2, allow_nan=False))
    else:
        console.console().print(Group(walked.headline, console.walk_table(walked.steps)))
    click.get_current_context().exit(0 if walked.agrees else 1)


def _walked(what: str, shape: str, seed: int, given: dict[str, str]) -> Walk:
    network: Network | None = None
    if what in NETWORKS:
        network = network_of(what, **given)
        pair = network.pair()
    else:
        pair = one_pair(what, given)
    return walk(pair, example_of(pair, shape, seed, network), network)


def example_of(pair: Pair, shape: str, seed: int, network: Network | None) -> Example:
    """Return the example with these sizes, given as text, and usual ones for the others."""
    if network:
        shape = re.sub(r"\bn_h\b", "n_1", shape)  # the notes' name of the one hidden layer
    usual = SIZES if network else pair.families[min(2, len(pair.families) - 1)]
    words = {"seed": seed} | {name: usual[name] for name in pair.size_names}
    given = {part.partition("=")[0].strip() for part in shape.split(",")}
    missing = [f"{name}={value}" for name, value in words.items() if name not in given]
    return pair.example(",".join([*missing, shape]))


def one_pair(place: str, of_network: Mapping[str, str]) -> Pair:
    """Return the one pair at a place, for which options of a network mean nothing."""
    if of_network:
        raise ValueError(f"--{next(iter(of_network))} goes with {', '.join(NETWORKS)}.")
    pairs = loaded(place)
    if len(pairs) > 1:
        raise ValueError(f"{place} has {len(pairs)} pairs: name one of {', '.join(pairs)}.")
    (pair,) = pairs.values()
    return pair
