"""``entrepot serve``."""

import typer

from entrepot.cli.arguments import ConfigFile, ConfigOption, Defaults, read_configuration
from entrepot.cli.output import say, warn
from entrepot.cli.welcome import exposure, welcome
from entrepot.config import Settings


def serve(file: ConfigFile = None, config: ConfigOption = None, defaults: Defaults = False) -> None:
    """Run the registry until SIGTERM or SIGINT.

    Requests in progress may finish. SIGHUP reloads certificates.
    """
    # Here, because it imports the server: the other commands start without it.
    from entrepot.server import run

    loaded = read_configuration(config, defaults, file)
    settings = loaded.settings
    warning = exposure(settings)
    if warning:
        warn(warning)
    empty = _is_empty(settings)

    def announce() -> None:
        if settings.log.formatter == "text":  # the other forms are for programs
            say(welcome(settings, loaded.source, empty=empty))

    raise typer.Exit(run(loaded, announce))


def _is_empty(settings: Settings) -> bool:
    """Whether nothing was ever pushed here, as far as this user can see."""
    from entrepot.assembly.backend import Backend

    backend = Backend(settings)
    if backend.tree is None:
        return True
    return not backend.has_database and not backend.tree.has_links()
