"""Detects the format of a directory or an archive to import."""

from pathlib import Path

from entrepot.drivers.filesystem.import_docker_archive import MANIFEST, DockerArchiveSource
from entrepot.drivers.filesystem.import_docker_tree import DockerTreeSource
from entrepot.drivers.filesystem.import_files import DirectoryFiles, TarFiles
from entrepot.drivers.filesystem.import_oci import INDEX, OciLayoutSource
from entrepot.drivers.filesystem.layout import Layout
from entrepot.errors import ConfigurationError
from entrepot.ports.transfer import ImportSource


def open_source(path: Path) -> ImportSource:
    """Open a root directory of Docker Registry, an OCI layout, or an archive of docker save.

    Raises:
        ConfigurationError: it is none of these.
        StorageOutage: it cannot be read.
    """
    if path.is_dir():
        if Layout(path).repositories.is_dir():
            return DockerTreeSource(path)
        if (path / INDEX).is_file():
            return OciLayoutSource(DirectoryFiles(path))
        raise ConfigurationError(
            f"{path} is neither a root directory of Docker Registry (it has no"
            f" docker/registry/v2/repositories) nor an OCI image layout (it has no {INDEX})"
        )
    if not path.exists():
        raise ConfigurationError(f"there is no {path}")
    files = TarFiles(path)
    for name, kind in ((INDEX, OciLayoutSource), (MANIFEST, DockerArchiveSource)):
        opened = files.open(name)
        if opened is not None:
            opened.close()
            source: ImportSource = kind(files)
            return source
    files.close()
    raise ConfigurationError(
        f"{path} has neither {INDEX} nor {MANIFEST}: it is no OCI layout, and no archive of"
        " docker save"
    )
