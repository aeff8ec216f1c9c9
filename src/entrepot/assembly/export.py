"""Puts an export together: the database and the storage that the settings name, and a directory."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from entrepot.assembly.backup import database_file
from entrepot.assembly.data_directory import root_directory
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem import oci_layout_target
from entrepot.drivers.filesystem.docker_tree_target import DockerTreeTarget
from entrepot.drivers.filesystem.export_files import ExportFiles
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.oci_layout_target import OciLayoutTarget
from entrepot.drivers.sql.engines.sqlite.schema import require_schema
from entrepot.drivers.sql.export import SqliteExportSource
from entrepot.oci.repository_glob import RepositoryGlob
from entrepot.ports.export import ExportTarget
from entrepot.services.transfer.export import ExportReport, Progress
from entrepot.services.transfer.export import export as write


def export(
    settings: Settings,
    directory: Path,
    form: str,
    wanted: Sequence[RepositoryGlob],
    progress: Progress,
    *,
    copy: bool,
) -> ExportReport:
    """Write what the registry has into a directory, beside a registry that runs.

    Args:
        settings: of the registry.
        directory: where it goes.
        form: `docker-registry` or `oci`.
        wanted: repositories that one of these matches; none means all.
        progress: told of each repository.
        copy: copy blobs, where hard links were possible, too.
    """
    path = database_file(settings)
    require_schema(path, "metadata")
    layout = Layout(root_directory(settings))
    files = ExportFiles(layout, directory.absolute(), form, copy=copy)
    target: ExportTarget = (
        OciLayoutTarget(files) if form == oci_layout_target.FORM else DockerTreeTarget(files)
    )
    with closing(SqliteExportSource(path)) as source:
        return write(source, target, wanted, progress)
