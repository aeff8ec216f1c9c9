"""Asking before something is taken away."""

import sys
from typing import Annotated

import typer

from entrepot.cli.output import fail

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; tell what would be done.")]


def confirm(question: str, *, yes: bool) -> None:
    """Return when it shall be done.

    Args:
        question: asked on a terminal; where there is none, nobody can answer.
        yes: it was answered beforehand.

    Raises:
        typer.Exit: it shall not.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        fail("nobody can be asked here: --yes says that it shall be done, --dry-run what that is")
        raise typer.Exit(2)
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)
