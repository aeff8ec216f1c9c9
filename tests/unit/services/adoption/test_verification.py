"""Verifying reads every blob; what is damaged is told, and not adopted."""

import asyncio
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.foreign import DockerRegistryTree
from entrepot.errors import StorageOutage
from entrepot.ports.adoption import FindingKind
from entrepot.services.adoption import Outcome, Progress, Stage, verify
from tests.unit.services.adoption.harness import Served, adopt_tree, findings
from tests.unit.services.adoption.tree import RegistryTree


def test_damage_that_no_size_betrays_is_found(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    whole, broken = tree.blob("app", b"whole"), tree.blob("app", b"broken")
    image = tree.image("app", tree.blob("app", b"{}"), [whole, broken])
    tree.data(broken.digest).write_bytes(b"BROKEN")
    report = adopt_tree(tmp_path, verified=True)
    assert report.outcome is Outcome.ADOPTED
    assert [(one.kind, one.reference) for one in findings(tmp_path)] == [
        (FindingKind.DAMAGED_BLOB, broken.digest),
        (FindingKind.MISSING_BLOB, image.digest),
    ]
    served = Served(tmp_path)
    assert served.blob("app", whole.digest) is not None
    assert served.blob("app", broken.digest) is None


def test_every_file_is_read_and_progress_ends_at_the_total(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    blobs = [tree.blob("app", f"blob {number}".encode()) for number in range(700)]
    seen: list[Progress] = []
    verified = asyncio.run(verify(DockerRegistryTree(tmp_path), seen.append))
    assert (verified.blobs, verified.damaged) == (700, set())
    assert verified.size == sum(blob.size for blob in blobs)
    assert seen[-1] == Progress(Stage.VERIFYING, verified.size, verified.size)


def test_names_among_the_blobs_that_are_no_digests_are_told(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    tree.blob("app", b"x")
    (tree.registry / "blobs/sha256/zz/zz").mkdir(parents=True)
    verified = asyncio.run(verify(DockerRegistryTree(tmp_path)))
    assert [one.reference for one in verified.findings] == ["blobs/sha256/zz/zz"]


def test_a_blob_that_cannot_be_read_stops_it(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    data = tree.data(tree.blob("app", b"x").digest)
    data.unlink()
    data.mkdir()
    with pytest.raises(StorageOutage, match="cannot read"):
        asyncio.run(verify(DockerRegistryTree(tmp_path)))
