"""The command line: its commands, and what Ctrl-C and a full disk do to them."""

from __future__ import annotations

import errno
import os
from typing import Any

import click

from backproof.compare.check_command import check_command
from backproof.compare.derive_command import derive_command
from backproof.compare.interrupts import STATUS, listening
from backproof.compare.page_command import page_command
from backproof.compare.walk_command import walk_command


class Interruptible(click.Group):
    """Commands that Ctrl-C ends with a status of its own, and not with that of a disagreement."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            with listening():
                return super().invoke(context)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            os.close(1)  # what is left to be written has nowhere to go
            context.fail(f"standard output: {error.strerror}; make room, or write elsewhere.")
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            context.exit(STATUS)


@click.group(cls=Interruptible, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="backproof", prog_name="backproof")
def main() -> None:
    """Hold hand-derived gradients against autodiff."""


for command in (check_command, derive_command, walk_command, page_command):
    main.add_command(command)
