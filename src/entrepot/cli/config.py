"""``entrepot config``: check the configuration, or show the settings in effect."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
import yaml

from entrepot.cli import exit_codes
from entrepot.cli.arguments import AsJson, ConfigFile, ConfigOption, Defaults, read_configuration
from entrepot.cli.output import result, warn
from entrepot.cli.tables import print_json
from entrepot.config.effective import effective
from entrepot.config.problems import InvalidConfiguration
from entrepot.config.sizes import count_of

ShowAsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of YAML.")]


def check(
    file: ConfigFile = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Check the configuration, the environment and certificates.

    Lists every problem at once. Exits with 0 if the registry could serve with it, else with 78.
    """
    try:
        loaded = read_configuration(config, defaults, file)
    except InvalidConfiguration as error:
        if not as_json:
            raise
        print_json({"valid": False, "problems": [asdict(problem) for problem in error.problems]})
        raise typer.Exit(exit_codes.CONFIGURATION) from None
    warnings = [*loaded.warnings, *loaded.remarks]
    for warning in warnings:
        warn(warning)
    if loaded.settings.http.tls.enabled:
        # Here, because it loads a library that only certificates need.
        from entrepot.operations.tls.report import check_certificates

        more = check_certificates(loaded)
        for warning in more:
            warn(warning)
        warnings += more
    if as_json:
        source = None if loaded.source is None else str(loaded.source)
        print_json({"configuration": source, "valid": True, "warnings": warnings})
        return
    count = f" ({count_of(len(warnings), 'warning')})" if warnings else ""
    result(f"{loaded.source or 'the defaults'}: valid{count}")


def show(
    file: ConfigFile = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: ShowAsJson = False,
) -> None:
    """Print the settings in effect, with secrets masked.

    Defaults and the environment are included.
    """
    loaded = read_configuration(config, defaults, file)
    tree = effective(loaded.settings)
    if as_json:
        result(json.dumps(tree, indent=2, ensure_ascii=False))
        return
    result(f"# {loaded.source or 'the defaults'}")
    result(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).rstrip())
