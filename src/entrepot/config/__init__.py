"""Distribution's config.yml (version 0.1), extended, read once into frozen settings.

The settings themselves are plain dataclasses: a worker process unpickles them without importing
pydantic or YAML, which only ``load`` needs.
"""

from collections.abc import Mapping
from pathlib import Path

from entrepot.config.loaded import LoadedConfiguration
from entrepot.config.settings import Settings

__all__ = ["LoadedConfiguration", "Settings", "load"]


def load(
    path: Path | None, environ: Mapping[str, str], *, look_for_file: bool = True
) -> LoadedConfiguration:
    """Find, read and check the configuration.

    Args:
        path: the file that was asked for; None looks at ``$REGISTRY_CONFIGURATION_PATH``,
            /etc/entrepot/config.yml, /etc/distribution/config.yml and
            /etc/docker/registry/config.yml, and falls back to the defaults where there is none.
        environ: the environment; its ``REGISTRY_*`` variables override the file.
        look_for_file: whether to look anywhere when ``path`` is None.

    Raises:
        entrepot.config.problems.InvalidConfiguration: something cannot be used as it is written;
            has every problem that was found.
    """
    from entrepot.config.loader import load as load_now

    return load_now(path, environ, look_for_file=look_for_file)
