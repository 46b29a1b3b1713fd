"""What several commands take: which network here, or which pair; and the file to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from backproof.compare.builtin import Network
from backproof.compare.derivation import KINDS, network_of
from backproof.compare.location import loaded
from backproof.compare.pair import Pair

OPTIONS = (
    click.option(
        "--hidden", metavar="NAMES", help="Of a network here: tanh; or relu,tanh for deep."
    ),
    click.option("--output", metavar="NAME", help="Its output activation.  [default: sigmoid]"),
    click.option("--loss", metavar="NAME", help="Its loss.  [default: cross_entropy]"),
)


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --hidden, --output and --loss."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def pair_of(what: str, options: Mapping[str, str | None]) -> tuple[Pair, Network | None]:
    """Return the pair of a network here, and the network; or the one pair at a place, and None."""
    given = {name: value for name, value in options.items() if value is not None}
    if what in KINDS:
        network = network_of(what, **given)
        return network.pair(), network
    if given:
        raise ValueError(f"--{next(iter(given))} goes with {', '.join(KINDS)}.")
    pairs = loaded(what)
    if len(pairs) > 1:
        raise ValueError(f"{what} has {len(pairs)} pairs: name one of {', '.join(pairs)}.")
    (pair,) = pairs.values()
    return pair, None


def write(file: Path, content: bytes) -> None:
    """Write the file of `-o`; click.UsageError where that fails."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise click.UsageError(
            f"-o {file}: {error.strerror}; name a file that can be written."
        ) from None
