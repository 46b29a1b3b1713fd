"""The options that say which network here is meant, for every command that takes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

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
