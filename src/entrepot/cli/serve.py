"""``entrepot serve``."""

from pathlib import Path

import typer

from entrepot.cli.arguments import ConfigFile, ConfigOption, Defaults, read_configuration
from entrepot.cli.output import say, warn
from entrepot.cli.welcome import exposure, welcome


def serve(file: ConfigFile = None, config: ConfigOption = None, defaults: Defaults = False) -> None:
    """Run the registry until SIGTERM or SIGINT.

    SIGTERM lets running requests finish; SIGHUP reads certificates again.
    """
    # Here, because it imports the server: the other commands start without it.
    from entrepot.server import run

    loaded = read_configuration(config, defaults, file)
    settings = loaded.settings
    warning = exposure(settings)
    if warning:
        warn(warning)
    first = not _exists(settings.database_path)

    def announce() -> None:
        if settings.log.formatter == "text":  # the other forms are for programs
            say(welcome(settings, loaded.source, first_start=first))

    raise typer.Exit(run(loaded, announce))


def _exists(database: str | None) -> bool:
    try:
        return database is not None and Path(database).exists()
    except OSError:
        return False  # why not is told by whoever needs it
