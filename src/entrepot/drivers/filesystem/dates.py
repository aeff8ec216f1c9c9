"""Dates the files of blobs anew."""

import os
from contextlib import suppress
from pathlib import Path

from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.layout import Layout
from entrepot.ports.inspection import StoredFile


class FilesystemDates:
    """Lets files look as if they had been placed now.

    Args:
        root: the root directory.
    """

    def __init__(self, root: Path) -> None:
        self._layout = Layout(root)

    def touch(self, file: StoredFile) -> None:
        """Let a file look as if it had been placed now, so that nobody removes it at once."""
        with translated("dating a blob"), suppress(FileNotFoundError):
            os.utime(self._layout.path(file.location))
