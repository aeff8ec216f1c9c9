"""Exports and imports between registries of the test's own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path

from entrepot.config.server import MANIFEST_LIMIT
from entrepot.drivers.filesystem.docker_tree_target import DockerTreeTarget
from entrepot.drivers.filesystem.export_files import ExportFiles
from entrepot.drivers.filesystem.import_source import open_source
from entrepot.drivers.filesystem.oci_layout_target import OciLayoutTarget
from entrepot.drivers.sql.export import SqlExportSource
from entrepot.oci.name import RepositoryName
from entrepot.oci.repository_glob import RepositoryGlob
from entrepot.ports.transfer import ExportTarget
from entrepot.services.mount import Mount
from entrepot.services.push import Push
from entrepot.services.references import ManifestPolicy
from entrepot.services.transfer.export import ExportReport, export
from entrepot.services.transfer.import_images import Import, ImportReport
from entrepot.services.upload import Upload
from tests.unit.services.check.harness import Damaged
from tests.unit.services.registry import Registry, with_registry

FORMS = ("docker-registry", "oci")


def target(stock: Damaged, directory: Path, form: str, *, copy: bool = False) -> ExportTarget:
    files = ExportFiles(stock.registry.layout, directory, form, copy=copy)
    return OciLayoutTarget(files) if form == "oci" else DockerTreeTarget(files)


async def write(
    stock: Damaged, directory: Path, form: str, wanted: Sequence[str] = (), *, copy: bool = False
) -> ExportReport:
    globs = [RepositoryGlob.parse(text) for text in wanted]
    return await export_to(stock, target(stock, directory, form, copy=copy), globs)


async def export_to(
    stock: Damaged, directory: ExportTarget, globs: Sequence[RepositoryGlob] = ()
) -> ExportReport:
    async with stock.registry.metadata.database.reading() as session:
        return await export(SqlExportSource(session), directory, globs)


async def take(registry: Registry, path: Path, repository: str | None = None) -> ImportReport:
    parts = registry.metadata, registry.access, registry.clock
    with closing(open_source(path)) as source:
        work = Import(
            source,
            Upload(
                registry.metadata,
                registry.sessions,
                registry.blobs,
                registry.access,
                registry.clock,
            ),
            Mount(*parts),
            Push(*parts, ManifestPolicy()),
            MANIFEST_LIMIT,
            None if repository is None else RepositoryName(repository),
        )
        return await work.run()


def elsewhere(work: Callable[[Damaged], Awaitable[None]]) -> None:
    """Run a function on another registry, which is empty, from inside of a running loop."""

    async def on(registry: Registry) -> None:
        await work(Damaged(registry, registry.layout.root.parent / "metadata.db"))

    with_registry(on)


async def in_another_registry(work: Callable[[Damaged], Awaitable[None]]) -> None:
    """The same, from inside of a running loop."""
    await asyncio.to_thread(elsewhere, work)
