"""What reading a configuration gives, whatever it is."""

from collections.abc import Mapping
from pathlib import Path

from entrepot.config import Settings
from entrepot.config.loader import load
from entrepot.config.problems import InvalidConfiguration, Problem


def outcome(path: Path | None, environ: Mapping[str, str]) -> Settings | tuple[Problem, ...]:
    """Settings, or the problems, which may not be none; any other exception is let through."""
    try:
        return load(path, environ, ()).settings
    except InvalidConfiguration as error:
        return error.problems
