"""What a fallback tag listed at Docker Registry is found by the referrers API."""

import asyncio
from pathlib import Path

from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.oci.digest import Digest
from entrepot.oci.media_type import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import ANONYMOUS, OpenAccess
from entrepot.services.listing import Listing
from tests.unit.services.adoption.harness import adopt_tree, database
from tests.unit.services.adoption.tree import RegistryTree

SBOM = "application/spdx+json"


def test_with_and_without_a_subject_each_is_listed_once(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    config = tree.blob("app", b"{}")
    subject = tree.image("app", config, [])
    named = {"subject": subject.descriptor(OCI_MANIFEST)}
    artifacts = [
        tree.image("app", config, [], artifactType=SBOM, annotations={"n": str(number)}, **extra)
        for number, extra in enumerate(({}, {}, named, named))
    ]
    children = [one.descriptor(OCI_MANIFEST, artifactType=SBOM) for one in artifacts[:3]]
    tree.tag("app", subject.digest.replace(":", "-"), tree.index("app", children))
    adopt_tree(tmp_path)
    digests = sorted(one.digest for one in artifacts)
    assert asyncio.run(listed(tmp_path, subject.digest, None)) == digests
    assert asyncio.run(listed(tmp_path, subject.digest, SBOM)) == digests
    assert asyncio.run(listed(tmp_path, subject.digest, "text/plain")) == []


async def listed(root: Path, subject: str, artifact_type: str | None) -> list[str]:
    metadata = SqlMetadata(SqliteDatabase(database(root)))
    try:
        listing = Listing(metadata, OpenAccess())
        name = RepositoryName("app")
        found = listing.referrers(ANONYMOUS, name, Digest(subject), artifact_type)
        return [referrer.digest async for referrer in found]
    finally:
        metadata.close()
