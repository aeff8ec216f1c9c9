"""The program ``entrepot``: its commands and its exit codes."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from entrepot import __version__
from entrepot.cli import exit_codes
from entrepot.cli.commands import COMMANDS, GROUPS, load
from entrepot.cli.output import busy, fail, result, say
from entrepot.errors import ConfigurationError, EntrepotError

_EPILOG = (
    "Exit codes: 0 success, 1 failure, 2 wrong usage, 69 address in use, 78 unusable configuration,"
    " 130 interrupted."
)


def _print_version(wanted: bool) -> None:
    if wanted:
        result(f"entrepot {__version__}")
        raise typer.Exit


def entrepot(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """A private container registry, in place of Docker Registry."""


class _Command(TyperCommand):
    """A command whose mistakes are told without the words of the library that found them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


def build(first: str | None = None) -> typer.Typer:
    """Put the program together.

    Args:
        first: the first word of the commands that are wanted; any other word, or None, gives all.
    """
    app = _group("A private container registry, in place of Docker Registry.", _EPILOG)
    app.callback()(entrepot)
    wanted = [command for command in COMMANDS if command.split()[0] == first] or list(COMMANDS)
    groups: dict[str, typer.Typer] = {}
    for command in wanted:
        word, _, second = command.partition(" ")
        if not second:
            app.command(word, cls=_Command)(load(command))
            continue
        if word not in groups:
            groups[word] = _group(GROUPS[word])
            app.add_typer(groups[word], name=word)
        groups[word].command(second, cls=_Command)(load(command))
    return app


def _group(text: str, epilog: str | None = None) -> typer.Typer:
    return typer.Typer(
        name="entrepot",
        help=text,
        epilog=epilog,
        no_args_is_help=True,
        rich_markup_mode=None,  # plain help: the same on a terminal, in a pipe and in a log
        pretty_exceptions_enable=False,  # a traceback must not show local variables: secrets
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def catch_interrupts() -> None:
    """Let Ctrl-C say what it waits for; for commands, as a registry that serves has its own way."""
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    """End at the first Ctrl-C, once what runs in threads is done; at the second at once."""
    del number, frame
    signal.signal(signal.SIGINT, lambda *_: os._exit(exit_codes.INTERRUPTED))
    say(f"stopping: waiting until {busy()}; press Ctrl-C again to end at once")
    raise KeyboardInterrupt


def run(arguments: Sequence[str], name: str) -> None:
    """Do what `entrepot.cli.run` says."""
    try:
        build(arguments[0] if arguments else None)(arguments, prog_name=name)
    except ConfigurationError as error:
        fail(str(error))
        sys.exit(exit_codes.CONFIGURATION)
    except EntrepotError as error:
        fail(str(error))
        sys.exit(exit_codes.FAILURE)
    except KeyboardInterrupt:
        sys.exit(exit_codes.INTERRUPTED)
