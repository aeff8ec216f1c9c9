"""Reads the links of Docker Registry's tree: small files that hold a digest.

Deleting removes the file and leaves its folder, so a folder without a link is skipped. A crash
leaves an empty file, which Docker Registry does not follow either.
"""

import os
from collections.abc import Iterator

from entrepot.drivers.filesystem.foreign_files import printable, read_link, status, subfolders
from entrepot.errors import InvalidDigest, InvalidTag
from entrepot.oci.digest import HEX_LENGTH, Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.adoption import Finding, FindingKind
from entrepot.ports.foreign import Link, RemovedLink, TagLink


def digest_links(
    folder: str, what: str, name: RepositoryName
) -> Iterator[Link | RemovedLink | Finding]:
    """Read `<folder>/ALGORITHM/HEX/link`.

    Args:
        folder: where the algorithms' folders are.
        what: "layer" or "manifest", for findings.
        name: of the repository, for findings.
    """
    for algorithm in sorted(subfolders(folder)):
        if algorithm not in HEX_LENGTH:
            detail = f"{what}s under a digest algorithm that is not supported"
            yield Finding(FindingKind.UNREADABLE_NAME, name, printable(algorithm), detail)
            continue
        for encoded in subfolders(f"{folder}/{algorithm}"):
            link = _digest_link(f"{folder}/{algorithm}/{encoded}/link", algorithm, encoded)
            if isinstance(link, Link | RemovedLink):
                yield link
            elif link is not None:
                kind, detail = link
                reference = printable(f"{algorithm}:{encoded}")
                yield Finding(kind, name, reference, f"of a {what}: {detail}")


def tag_links(folder: str, name: RepositoryName) -> Iterator[TagLink | Finding]:
    """Read `<folder>/TAG/current/link`."""
    for entry in subfolders(folder):
        found = read_link(f"{folder}/{entry}/current/link")
        if found is None:
            detail = "points to nothing: it has no current/link"
            yield Finding(FindingKind.DANGLING_TAG, name, printable(entry), detail)
            continue
        content, modified_at = found
        try:
            tag = Tag.parse(entry)
        except InvalidTag as error:
            yield Finding(FindingKind.UNREADABLE_NAME, name, printable(entry), error.message)
            continue
        target = _target(content)
        if isinstance(target, Digest):
            yield TagLink(tag, target, modified_at)
        else:
            kind, detail = target
            yield Finding(kind, name, tag, f"of a tag: {detail}")


def _digest_link(
    path: str, algorithm: str, encoded: str
) -> Link | RemovedLink | tuple[FindingKind, str] | None:
    found = read_link(path)
    try:
        digest = Digest.parse(f"{algorithm}:{encoded}")
    except InvalidDigest as error:
        return None if found is None else (FindingKind.UNREADABLE_NAME, error.message)
    if found is None:
        left = status(os.path.dirname(path))
        return None if left is None else RemovedLink(digest, left.st_mtime_ns // 1000)
    content, modified_at = found
    target = _target(content)
    return Link(digest, target, modified_at) if isinstance(target, Digest) else target


def _target(content: bytes) -> Digest | tuple[FindingKind, str]:
    if not content:
        return FindingKind.EMPTY_LINK, "its link file is empty"
    try:
        return Digest.parse(content.decode("ascii"))
    except (InvalidDigest, UnicodeDecodeError):
        return FindingKind.MALFORMED_LINK, f"its link file holds {content[:80]!r}"
