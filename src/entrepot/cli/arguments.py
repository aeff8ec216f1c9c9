"""Arguments that several commands share, and what they mean."""

import os
from pathlib import Path
from typing import Annotated

import typer

from entrepot.cli.output import warn
from entrepot.config import LoadedConfiguration, load

ConfigFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="CONFIG",
        help="The configuration file. Without one: $REGISTRY_CONFIGURATION_PATH,"
        " /etc/distribution/config.yml, /etc/docker/registry/config.yml, else the defaults.",
        show_default=False,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration file; without it, the one that `entrepot serve` finds.",
        show_default=False,
    ),
]
Defaults = Annotated[
    bool, typer.Option("--defaults", help="Look for no file: only the defaults and REGISTRY_*.")
]


def read_configuration(config: Path | None, defaults: bool) -> LoadedConfiguration:
    """Read the configuration that a command was given, and pass on its warnings.

    Args:
        config: the file that was asked for.
        defaults: look for no file.

    Raises:
        entrepot.errors.ConfigurationError: something cannot be used as it is written.
    """
    if defaults and config is not None:
        raise typer.BadParameter("a file and --defaults exclude each other")
    loaded = load(config, os.environ, look_for_file=not defaults)
    for warning in loaded.warnings:
        warn(warning)
    return loaded
