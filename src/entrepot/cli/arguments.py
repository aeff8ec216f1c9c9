"""Arguments that several commands share, what they mean, and the question before a removal."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from entrepot.cli import exit_codes
from entrepot.cli.output import fail
from entrepot.config import LoadedConfiguration, load
from entrepot.errors import InvalidName
from entrepot.oci.name import RepositoryName

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration file. Default: $REGISTRY_CONFIGURATION_PATH,"
        " /etc/entrepot/config.yml, /etc/distribution/config.yml,"
        " /etc/docker/registry/config.yml, or built-in defaults.",
        show_default=False,
        readable=False,  # we say ourselves why it is not
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]", help="The same as --config FILE.", show_default=False, readable=False
    ),
]
Defaults = Annotated[
    bool,
    typer.Option("--defaults", help="Read no file: use built-in defaults and REGISTRY_* only."),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Change nothing; print what would be done.")
]


def read_configuration(
    config: Path | None, defaults: bool, file: Path | None = None
) -> LoadedConfiguration:
    """Read the configuration that a command was given.

    Its warnings are for `serve`, which logs them, and for `config check`.

    Args:
        config: the file that `--config` names.
        defaults: read no file.
        file: the file that an argument names, an alias.

    Raises:
        entrepot.errors.ConfigurationError: something cannot be used as it is written.
    """
    if config is not None and file is not None and config != file:
        raise typer.BadParameter(f"two configuration files: {config} and {file}")
    path = config or file
    if defaults and path is not None:
        raise typer.BadParameter("--defaults and a configuration file exclude each other")
    return load(path, os.environ, look_for_file=not defaults)


def parse_repository(text: str) -> RepositoryName:
    """Read the name of a repository.

    Raises:
        typer.BadParameter: it breaks the grammar.
    """
    try:
        return RepositoryName.parse(text)
    except InvalidName as error:
        raise typer.BadParameter(error.message) from None


def split_words(texts: list[str]) -> list[str]:
    """Split comma-separated lists; each word once, in order."""
    words = (word.strip() for text in texts for word in text.split(","))
    return list(dict.fromkeys(word for word in words if word))


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is removed or replaced; return if the answer is yes.

    Args:
        question: asked on a terminal.
        yes: it was answered on the command line.

    Raises:
        typer.Exit: the answer is no, or there is no terminal to ask on.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        fail("there is no terminal to ask on; add --yes to go ahead")
        raise typer.Exit(exit_codes.USAGE)
    if not typer.confirm(question, err=True):
        raise typer.Exit(exit_codes.FAILURE)
