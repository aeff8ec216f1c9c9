"""Whatever lies there, adoption ends, tells, changes nothing, and what it serves is whole."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.oci.manifest import parse_manifest
from entrepot.oci.media_type import OCI_MANIFEST
from tests.unit.services.adoption.harness import adopt_tree, content, findings, try_adopting
from tests.unit.services.adoption.tree import RegistryTree, fingerprint

NAMES = st.sampled_from(["app", "app/sub", "Bad", "z"])
BYTES = st.sampled_from([b"", b"{}", b"[]", b"layer", b"\x00", b'{"schemaVersion": 1}'])
PUSHES = st.lists(st.tuples(NAMES, BYTES, st.sampled_from(["v1", "v2", "?"])), max_size=6)
DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.sampled_from(["empty", "remove", "cut", "garbage", "another", "folder"]),
    ),
    max_size=6,
)


def push(tree: RegistryTree, name: str, layer: bytes, tag: str) -> None:
    config = tree.blob(name, b"{}")
    image = tree.image(name, config, [tree.alias(name, layer)])
    index = tree.index(name, [image.descriptor(OCI_MANIFEST)])
    tree.tag(name, tag, image)
    tree.tag(name, image.digest.replace(":", "-"), index)
    tree.tag(name, "odd", tree.manifest(name, layer))


def harm(path: Path, how: str) -> None:
    if how == "remove":
        path.unlink()
    elif how == "folder":
        shutil.rmtree(path.parent)
        path.parent.mkdir()
    else:
        old = path.read_bytes()
        path.write_bytes(
            {
                "empty": b"",
                "cut": old[:-1],
                "garbage": b"\xff" * len(old),
                "another": b"sha256:" + b"0" * 64,
            }[how]
        )


@settings(max_examples=25)  # each adopts twice, once with durable commits
@given(PUSHES, DAMAGE)
def test_what_is_served_is_whole_and_the_rest_is_told(
    pushes: list[tuple[str, bytes, str]], damage: list[tuple[int, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        tree = RegistryTree(root)
        for name, layer, tag in pushes:
            push(tree, name, layer, tag)
        for choice, how in damage:
            files = sorted(path for path in root.rglob("*") if path.is_file())
            if files:
                harm(files[choice % len(files)], how)
        before = fingerprint(root)
        tried, told = try_adopting(root)
        assert not (root / "entrepot").exists()
        report = adopt_tree(root, verified=False)
        assert fingerprint(root) == before
        assert (report.outcome, report.counts) == (tried.outcome, tried.counts)
        assert findings(root) == sorted(told)
        check_whole(root)
        if not damage and all(name != "Bad" for name, _, _ in pushes):
            kinds = {finding.kind for finding in told if finding.reference not in ("?", "odd")}
            assert kinds <= {"refused-manifest", "schema-1"}


def check_whole(root: Path) -> None:
    rows = content(root)
    for row in rows["manifests"]:
        digest, media_type, payload = row[1], row[2], row[-1]
        assert digest == f"sha256:{hashlib.sha256(payload).hexdigest()}"
        assert parse_manifest(payload, "").media_type == media_type
    for _, size, location, _ in rows["blobs"]:
        assert (root / location).stat().st_size == size
