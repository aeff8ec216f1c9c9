"""Writes what the registry has into a directory that another program serves."""

from asyncio import to_thread
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from entrepot.errors import UnknownName
from entrepot.oci.name import RepositoryName
from entrepot.oci.repository_glob import RepositoryGlob
from entrepot.ports.transfer import ExportSource, ExportTarget

Progress = Callable[[RepositoryName, int], None]
"""Told of each repository that is done, and how many are."""


@dataclass(slots=True)
class ExportReport:
    """What an export has come to; bytes count each blob once.

    Attributes:
        damaged: repositories and digests of blobs whose bytes are not there as they should be.
    """

    repositories: int = 0
    tags: int = 0
    manifests: int = 0
    blobs: int = 0
    size: int = 0
    damaged: list[tuple[str, str]] = field(default_factory=list)


def ignore_progress(name: RepositoryName, done: int) -> None:
    """Show nothing."""


async def export(
    source: ExportSource,
    target: ExportTarget,
    wanted: Sequence[RepositoryGlob] = (),
    progress: Progress = ignore_progress,
) -> ExportReport:
    """Write repositories as they are at one moment; what an earlier try has written stays.

    A blob whose bytes are damaged is left out and told; all else of its repository is written.

    Args:
        source: what the registry has.
        target: the directory.
        wanted: repositories that one of these matches; none means all.
        progress: told of each repository.

    Raises:
        UnknownName: there is nothing to write; the directory is not touched.
        ConfigurationError: the directory has something else.
        MetadataOutage: the database failed.
        StorageOutage: the storage or the directory failed.
        StorageFull: the directory has no room.
    """
    report = ExportReport()
    seen: set[str] = set()
    async for name in source.repositories():
        if wanted and not any(glob.matches(name) for glob in wanted):
            continue
        if not report.repositories:
            await to_thread(target.begin)
        await _export_repository(source, target, name, report, seen)
        report.repositories += 1
        progress(name, report.repositories)
    if not report.repositories:
        raise UnknownName("no repository matches" if wanted else "the registry has no repository")
    await to_thread(target.finish)
    return report


async def _export_repository(
    source: ExportSource,
    target: ExportTarget,
    name: RepositoryName,
    report: ExportReport,
    seen: set[str],
) -> None:
    blobs = []
    async for blob in source.blobs(name):
        if blob.digest not in seen:
            if not await to_thread(target.put_blob, blob):
                report.damaged.append((name, blob.digest))
                continue
            seen.add(blob.digest)
            report.blobs += 1
            report.size += blob.size
        blobs.append(blob.digest)
    async for exported in source.manifests(name):
        await to_thread(target.put_manifest, name, exported)
        report.manifests += 1
    tags = {tag: digest async for tag, digest in source.tags(name)}
    await to_thread(target.put_repository, name, blobs, tags)
    report.tags += len(tags)
