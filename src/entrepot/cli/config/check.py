"""``entrepot config check``."""

from entrepot.cli.arguments import ConfigFile, Defaults, read_configuration
from entrepot.cli.output import result


def check(config: ConfigFile = None, defaults: Defaults = False) -> None:
    """Check the configuration and the environment; tell every problem at once.

    Ends with 0 where the registry could start with it, else with 78.
    """
    loaded = read_configuration(config, defaults)
    noun = "warning" if len(loaded.warnings) == 1 else "warnings"
    count = f" ({len(loaded.warnings)} {noun})" if loaded.warnings else ""
    result(f"{loaded.source or 'the defaults'}: good{count}")
