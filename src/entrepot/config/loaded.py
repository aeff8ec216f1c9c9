"""What reading the configuration gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from entrepot.config.problems import KeyPath, Origin, nearest
from entrepot.config.settings import Settings


@dataclass(frozen=True, slots=True)
class LoadedConfiguration:
    """Settings, and where they come from.

    Args:
        settings: everything that the program acts on.
        source: the file that was read; None where there is none, and the defaults hold.
        warnings: one sentence each, for the person who starts the registry: what may not be meant.
        remarks: the same of what changes nothing: keys that are not needed, old names, variables
            of other programs. For `entrepot config check` alone.
        origins: where each key was written, for what is found out later (certificates).
    """

    settings: Settings
    source: Path | None
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    origins: Mapping[KeyPath, Origin] = field(default_factory=dict, repr=False)

    def origin(self, path: KeyPath) -> Origin:
        """Where a path, or else the nearest that holds it, was written."""
        return nearest(self.origins, path) or Origin(str(self.source or "the defaults"))
