"""``entrepot config show``."""

import json
from typing import Annotated

import typer
import yaml

from entrepot.cli.arguments import ConfigFile, Defaults, read_configuration
from entrepot.cli.output import result
from entrepot.config.effective import effective

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of YAML.")]


def show(config: ConfigFile = None, defaults: Defaults = False, as_json: AsJson = False) -> None:
    """Print the settings that are in effect, defaults and environment included.

    Secrets are masked.
    """
    loaded = read_configuration(config, defaults)
    tree = effective(loaded.settings)
    if as_json:
        result(json.dumps(tree, indent=2, ensure_ascii=False))
        return
    result(f"# {loaded.source or 'the defaults'}")
    result(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).rstrip())
