"""What lies in a registry's directory, seen without the registry."""

import hashlib
from pathlib import Path


def blob_file(root: Path, digest: str) -> Path:
    """Where Docker Registry's layout keeps the bytes of a digest."""
    algorithm, _, encoded = digest.partition(":")
    return root / "docker/registry/v2/blobs" / algorithm / encoded[:2] / encoded / "data"


def blobs(root: Path) -> set[str]:
    """The digests of all blobs in a directory, each computed anew from its bytes."""
    found = set()
    for data in root.glob("docker/registry/v2/blobs/sha256/*/*/data"):
        digest = hashlib.sha256(data.read_bytes()).hexdigest()
        assert data.parent.name == digest, f"{data} holds {digest}"
        assert data.parent.parent.name == digest[:2]
        found.add(f"sha256:{digest}")
    return found
