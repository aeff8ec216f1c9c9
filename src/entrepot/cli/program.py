"""The program ``entrepot``: its commands, and how each of its ends looks from outside."""

import sys
from typing import Annotated

import typer

from entrepot import __version__
from entrepot.cli import exit_codes
from entrepot.cli.adopt import adopt
from entrepot.cli.check import check as check_all
from entrepot.cli.config import check, show
from entrepot.cli.output import fail, result
from entrepot.cli.serve import serve
from entrepot.cli.tls import selfsigned
from entrepot.cli.version import version
from entrepot.errors import ConfigurationError, EntrepotError

app = typer.Typer(
    name="entrepot",
    help="A private container registry, in place of Docker Registry.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 78 the configuration cannot be used.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: the same on a terminal, in a pipe and in a log
    pretty_exceptions_enable=False,  # a traceback must not show local variables: they hold secrets
    context_settings={"help_option_names": ["-h", "--help"]},
)
configuration = typer.Typer(
    help="Look at the configuration.", no_args_is_help=True, rich_markup_mode=None
)
certificates = typer.Typer(
    help="Make certificates.", no_args_is_help=True, rich_markup_mode=None
)

# Every command is one line here.
app.command("serve")(serve)
app.command("adopt")(adopt)
app.command("check")(check_all)
app.add_typer(configuration, name="config")
configuration.command("check")(check)
configuration.command("show")(show)
app.add_typer(certificates, name="tls")
certificates.command("selfsigned")(selfsigned)
app.command("version")(version)


def _print_version(wanted: bool) -> None:
    if wanted:
        result(f"entrepot {__version__}")
        raise typer.Exit


@app.callback()
def entrepot(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """A private container registry, in place of Docker Registry."""


def run(arguments: list[str] | None = None, name: str = "entrepot") -> None:
    """Run the program and leave the process.

    Args:
        arguments: what follows the program's name; None takes those of the process.
        name: the program's name in what it says.
    """
    try:
        app(arguments, prog_name=name)
    except ConfigurationError as error:
        fail(str(error))
        sys.exit(exit_codes.CONFIGURATION)
    except EntrepotError as error:
        fail(str(error))
        sys.exit(exit_codes.FAILURE)
    except KeyboardInterrupt:
        sys.exit(exit_codes.INTERRUPTED)
