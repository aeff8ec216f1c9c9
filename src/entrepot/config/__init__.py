"""Distribution's config.yml (version 0.1), extended, read once into frozen settings.

The settings themselves are plain dataclasses: a worker process unpickles them without importing
pydantic or YAML, which only ``load`` needs.
"""

from entrepot.config.loaded import LoadedConfiguration
from entrepot.config.settings import Settings

__all__ = ["LoadedConfiguration", "Settings"]
