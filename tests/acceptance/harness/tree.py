"""What a directory holds, so that two moments can be compared."""

import hashlib
from pathlib import Path


def digests(root: Path) -> dict[str, str]:
    """The sha256 of every file below `root`, and the name of every directory, by relative path."""
    found: dict[str, str] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        found[name] = _sha256(path) if path.is_file() else "directory"
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
