"""Manifests of another registry that no client could push now."""

from pathlib import Path

from tests.unit.oci import odd_manifests as odd
from tests.unit.services.adoption.tree import RegistryTree
from tests.unit.services.check.harness import Damaged
from tests.unit.services.transfer.harness import elsewhere, take


def test_what_was_served_byte_for_byte_is_imported_and_told(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path / "tree")
    for blob in odd.BLOBS:
        tree.blob("app", blob)
    served = [one for one in odd.ODD if one.name not in odd.REFUSED_BY_BOTH]
    stored = {one.name: tree.manifest("app", one.payload).digest for one in served}
    for one in served:
        tree.tag("app", one.name, tree.manifest("app", one.payload))

    async def work(other: Damaged) -> None:
        report = await take(other.registry, tree.root)
        assert report.failures == []
        assert report.tags == len(served)
        for one in served:
            says, name = odd.REFUSED_HERE.get(one.name), f"app@{stored[one.name]}"
            told = [why for manifest, why in report.oddities if manifest == name]
            assert says is None or any(says in why for why in told), one.name
            found = await other.registry.metadata.manifest_by_tag("app", one.name)  # type: ignore[arg-type]
            assert found is not None
            assert found.payload == one.payload
        assert await other.check(verify=True) == []

    elsewhere(work)
