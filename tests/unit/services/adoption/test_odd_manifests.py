"""Manifests that no client could push now, and that Docker Registry served."""

from collections import defaultdict
from pathlib import Path

from entrepot.oci.media_type import IMAGES, INDEXES
from entrepot.ports.adoption import FindingKind
from tests.unit.oci import odd_manifests as odd
from tests.unit.services.adoption.harness import Served, adopt_tree, findings
from tests.unit.services.adoption.tree import RegistryTree

SIZES = "the manifest says"


def test_what_was_served_byte_for_byte_is_adopted_with_a_finding(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    for blob in odd.BLOBS:
        tree.blob("app", blob)
    stored = {one.name: tree.manifest("app", one.payload) for one in odd.ODD}
    for name, content in stored.items():
        tree.tag("app", name, content)
    adopt_tree(tmp_path)

    served = Served(tmp_path)
    told = defaultdict(list)
    for finding in findings(tmp_path):
        told[finding.reference].append((finding.kind, finding.detail))
    unreadable = odd.REFUSED_BY_BOTH - odd.TAKEN_HERE - odd.WITHOUT_DIGEST
    for one in odd.ODD:
        found = served.manifest("app", one.name)
        if one.name in unreadable:
            assert found is None
            ((kind, _),) = told[stored[one.name].digest]
            assert kind is FindingKind.REFUSED_MANIFEST
            continue
        assert found is not None, one.name
        assert found.payload == one.payload
        assert found.media_type in IMAGES | INDEXES
        says = odd.REFUSED_HERE.get(one.name)
        if says is None or one.name == "child-size-too-large":  # children are told when absent
            continue
        wanted = FindingKind.WRONG_SIZE if SIZES in says else FindingKind.ODD_MANIFEST
        details = [detail for kind, detail in told[stored[one.name].digest] if kind is wanted]
        assert any(says in detail for detail in details), one.name
