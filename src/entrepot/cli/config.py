"""``entrepot config``: checking the configuration, and showing what is in effect."""

import json
from typing import Annotated

import typer
import yaml

from entrepot.cli.arguments import ConfigFile, ConfigOption, Defaults, read_configuration
from entrepot.cli.output import result, warn
from entrepot.config.effective import effective

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of YAML.")]


def check(file: ConfigFile = None, config: ConfigOption = None, defaults: Defaults = False) -> None:
    """Check the configuration, the environment and certificates; tell every problem at once.

    Ends with 0 where the registry could serve with it, else with 78.
    """
    loaded = read_configuration(config, defaults, file)
    warnings = list(loaded.warnings)
    if loaded.settings.http.tls.enabled:
        # Here, because it loads a library that only certificates need.
        from entrepot.operations.tls.report import check_certificates

        more = check_certificates(loaded)
        for warning in more:
            warn(warning)
        warnings += more
    noun = "warning" if len(warnings) == 1 else "warnings"
    count = f" ({len(warnings)} {noun})" if warnings else ""
    result(f"{loaded.source or 'the defaults'}: good{count}")


def show(
    file: ConfigFile = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Print the settings that are in effect, defaults and environment included.

    Secrets are masked.
    """
    loaded = read_configuration(config, defaults, file)
    tree = effective(loaded.settings)
    if as_json:
        result(json.dumps(tree, indent=2, ensure_ascii=False))
        return
    result(f"# {loaded.source or 'the defaults'}")
    result(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).rstrip())
