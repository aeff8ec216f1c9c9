"""What reading the configuration gives."""

from dataclasses import dataclass
from pathlib import Path

from entrepot.config.settings import Settings


@dataclass(frozen=True, slots=True)
class LoadedConfiguration:
    """Settings, and where they come from.

    Args:
        settings: everything that the program acts on.
        source: the file that was read; None where there is none, and the defaults hold.
        warnings: one sentence each, for the person who starts the registry: keys and environment
            variables that have no effect, and why.
    """

    settings: Settings
    source: Path | None
    warnings: tuple[str, ...] = ()
