"""Docker Registry's directory: what it wrote is adopted, and what it will read is written."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.assembly.backend.ownership import Places
from entrepot.drivers.filesystem.layout import Layout
from entrepot.oci.digest import HEX_LENGTH
from entrepot.ports.adoption import AdoptionStore
from entrepot.ports.foreign import ForeignRegistry
from entrepot.ports.transfer import ExportSource, ExportTarget

if TYPE_CHECKING:
    from entrepot.assembly.drivers import Drivers
    from entrepot.services.adoption.changes import DirectoryWatch

OCI_LAYOUT = "oci"


class Tree:
    """The directory of the blobs, as Docker Registry has it, and what comes and goes as files.

    Args:
        places: the files of the registry.
        manifest_limit: bytes of a manifest that is adopted.
    """

    def __init__(self, places: Places, manifest_limit: int) -> None:
        self._places = places
        self._manifest_limit = manifest_limit
        self._layout = Layout(places.root)

    @property
    def repositories(self) -> Path:
        """The folder of Docker Registry's links, for messages."""
        return self._layout.repositories

    @property
    def blobs(self) -> Path:
        """The folder of the blobs, for messages."""
        return self._layout.blobs

    @property
    def backups(self) -> Path:
        """The folder of the snapshots, for messages."""
        return self._layout.backups

    def has_blobs(self) -> bool:
        """Tell whether any blob lies here."""
        for algorithm in HEX_LENGTH:
            for prefix in _folders(self._layout.blobs / algorithm):
                if any((Path(folder) / "data").exists() for folder in _folders(prefix)):
                    return True
        return False

    def has_links(self) -> bool:
        """Tell whether Docker Registry has any repository here."""
        return next(_folders(self._layout.repositories), None) is not None

    def watch(self, drivers: Drivers) -> DirectoryWatch:
        """Give what looks at the directory beside a registry that runs."""
        from entrepot.drivers.filesystem.foreign import DockerRegistryTree
        from entrepot.services.adoption.changes import DirectoryWatch

        return DirectoryWatch(DockerRegistryTree(self._places.root), drivers.collection_sweep.trees)

    @contextmanager
    def open(self, *, dry_run: bool) -> Iterator[tuple[ForeignRegistry, AdoptionStore]]:
        """Open the directory and the database for adoption; nothing is kept of a dry run.

        Raises:
            NewerDatabase: a newer Entrepot has written the database.
            MetadataOutage: the database cannot be opened, or another process is adopting.
        """
        from entrepot.drivers.filesystem.foreign import DockerRegistryTree
        from entrepot.drivers.sql.adoption import SqlAdoptionStore

        database = self._places.database
        opened = SqlAdoptionStore.scratch() if dry_run else SqlAdoptionStore.open(database)
        with closing(opened) as store:
            yield DockerRegistryTree(self._places.root, self._manifest_limit), store

    @asynccontextmanager
    async def open_export(
        self, directory: Path, form: str, *, copy: bool
    ) -> AsyncIterator[tuple[ExportSource, ExportTarget]]:
        """Open the database as it is at this moment, and a directory to write it into.

        Args:
            directory: where it goes; absolute.
            form: `docker-registry` or `oci`.
            copy: copy blobs, where hard links were possible, too.
        """
        from entrepot.drivers.filesystem.docker_tree_target import DockerTreeTarget
        from entrepot.drivers.filesystem.export_files import ExportFiles
        from entrepot.drivers.filesystem.oci_layout_target import OciLayoutTarget
        from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
        from entrepot.drivers.sql.export import SqlExportSource

        files = ExportFiles(self._layout, directory, form, copy=copy)
        target: ExportTarget = (
            OciLayoutTarget(files) if form == OCI_LAYOUT else DockerTreeTarget(files)
        )
        with closing(SqliteDatabase(self._places.database, read_only=True)) as database:
            async with database.reading() as session:
                yield SqlExportSource(session), target


def _folders(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield Path(entry.path)
    except OSError:
        return
