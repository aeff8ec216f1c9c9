"""`server.limits.manifest` is one limit: for pushing (tests/wire), importing and adopting."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from entrepot.assembly.adoption import adopt_at_start
from entrepot.assembly.backend import Backend
from entrepot.assembly.transfer import import_images
from entrepot.config.server import MANIFEST_LIMIT, LimitSettings, ServerSettings
from entrepot.config.settings import Settings
from entrepot.config.storage import FilesystemSettings, StorageSettings
from entrepot.oci.media_type import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.services.transfer.import_images import ignore_progress

CONFIG = b"{}"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def manifest() -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": f"sha256:{sha256(CONFIG)}",
            "size": len(CONFIG),
        },
        "layers": [],
        "annotations": {"padding": "x" * MANIFEST_LIMIT},
    }
    return json.dumps(document).encode()


def settings(root: Path, limit: int) -> Settings:
    return Settings(
        storage=StorageSettings(filesystem=FilesystemSettings(rootdirectory=str(root))),
        server=ServerSettings(limits=LimitSettings(manifest=limit)),
    )


def docker_registrys_tree(root: Path) -> None:
    tree = root / "docker/registry/v2"
    for content in (manifest(), CONFIG):
        folder = tree / "blobs/sha256" / sha256(content)[:2] / sha256(content)
        folder.mkdir(parents=True)
        (folder / "data").write_bytes(content)
    links = {
        f"_layers/sha256/{sha256(CONFIG)}": CONFIG,
        f"_manifests/revisions/sha256/{sha256(manifest())}": manifest(),
        "_manifests/tags/large/current": manifest(),
    }
    for place, content in links.items():
        folder = tree / "repositories/app" / place
        folder.mkdir(parents=True)
        (folder / "link").write_text(f"sha256:{sha256(content)}")


def oci_layout(folder: Path) -> None:
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    for content in (manifest(), CONFIG):
        (blobs / sha256(content)).write_bytes(content)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    entry = {
        "mediaType": OCI_MANIFEST,
        "digest": f"sha256:{sha256(manifest())}",
        "size": len(manifest()),
        "annotations": {"org.opencontainers.image.ref.name": "large"},
    }
    index = {"schemaVersion": 2, "manifests": [entry]}
    (folder / "index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(("limit", "taken"), [(MANIFEST_LIMIT, 0), (2 * MANIFEST_LIMIT, 1)])
def test_adopting_keeps_to_it(tmp_path: Path, limit: int, taken: int) -> None:
    docker_registrys_tree(tmp_path)
    backend = Backend(settings(tmp_path, limit))

    async def work() -> None:
        await backend.prepare()
        report = await adopt_at_start(backend)
        assert report is not None
        assert (report.counts.manifests, report.counts.tags) == (taken, taken)

    asyncio.run(work())


@pytest.mark.parametrize(("limit", "taken"), [(MANIFEST_LIMIT, 0), (2 * MANIFEST_LIMIT, 1)])
def test_importing_keeps_to_it(tmp_path: Path, limit: int, taken: int) -> None:
    oci_layout(tmp_path / "layout")
    configured = settings(tmp_path / "data", limit)

    async def work() -> None:
        await Backend(configured).prepare()
        app = RepositoryName("app")
        report = await import_images(configured, tmp_path / "layout", app, ignore_progress)
        assert (report.manifests, len(report.failures)) == (taken, 1 - taken)

    asyncio.run(work())
