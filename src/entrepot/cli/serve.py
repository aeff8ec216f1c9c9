"""``entrepot serve``."""

from pathlib import Path

import typer

from entrepot.cli.arguments import ConfigFile, Defaults, read_configuration
from entrepot.cli.output import say, warn
from entrepot.cli.welcome import exposure, welcome


def serve(config: ConfigFile = None, defaults: Defaults = False) -> None:
    """Run the registry until SIGTERM or SIGINT.

    SIGTERM lets running requests finish; SIGHUP reads certificates again.
    """
    loaded = read_configuration(config, defaults)
    settings = loaded.settings
    warning = exposure(settings)
    if warning:
        warn(warning)
    database = settings.database_path
    first = database is None or not Path(database).exists()

    def announce() -> None:
        if settings.log.formatter == "text":  # the other forms are for programs
            say(welcome(settings, loaded.source, first_start=first))

    # Here, because it imports the server: the other commands start without it.
    from entrepot.server import run

    raise typer.Exit(run(loaded, announce))
