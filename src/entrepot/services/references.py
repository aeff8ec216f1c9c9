"""Checks that a pushed manifest refers to what the repository has (spec.md, "Push").

What may be absent: subjects; layers that are not to be distributed; where the policy decides on
URLs, layers that name an allowed one; images of an index for platforms that it does not ask for.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from entrepot.errors import InvalidManifest, UnknownReferences
from entrepot.oci.descriptor import Descriptor
from entrepot.oci.linear_regex import LinearRegex
from entrepot.oci.manifest import Edge, Manifest, Role
from entrepot.oci.media_type import is_non_distributable
from entrepot.ports.metadata import Transaction

# Some readers of URLs drop these, some do not: a pattern would be held against another URL.
_DROPPED = re.compile(r"[\x00-\x20\x7f]")
# No server takes longer ones; a manifest of 4 MiB could have one, held against every pattern.
_LONGEST_URL = 8192


@dataclass(frozen=True, slots=True)
class ManifestPolicy:
    """What `validation.manifests` of the configuration asks for.

    Attributes:
        urls_decide: URLs are held against the two lists below, and a layer whose URLs pass may be
            absent. Otherwise any URL is taken, and none of them replaces a blob.
        urls_allowed: every URL of a descriptor must match one of these; None allows any.
        urls_denied: and none of these.
        required_platforms: the platforms (os, architecture) whose images an index must find;
            None asks for all of them, an empty set for none.
    """

    urls_decide: bool = False
    urls_allowed: tuple[LinearRegex, ...] | None = None
    urls_denied: tuple[LinearRegex, ...] = ()
    required_platforms: frozenset[tuple[str, str]] | None = None


def check_urls(manifest: Manifest, policy: ManifestPolicy) -> None:
    """Refuse URLs that the policy does not allow.

    Raises:
        InvalidManifest: a descriptor names one; the message names it.
    """
    if not policy.urls_decide:
        return
    for edge in manifest.edges:
        for url in edge.descriptor.urls:
            if not _is_allowed(url, policy):
                raise InvalidManifest(
                    f"{edge.role} {edge.descriptor.digest} names the URL {url[:200]!r}, which "
                    "validation.manifests.urls of this registry does not allow",
                    {"digest": edge.descriptor.digest, "url": url[:200]},
                )


def _is_allowed(url: str, policy: ManifestPolicy) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if len(url) > _LONGEST_URL or _DROPPED.search(url):
        return False
    if parts.scheme not in ("http", "https") or parts.fragment:
        return False
    if any(pattern.found_in(url) for pattern in policy.urls_denied):
        return False
    if policy.urls_allowed is None:
        return True
    return any(pattern.found_in(url) for pattern in policy.urls_allowed)


async def check_references(
    transaction: Transaction, repository: int, manifest: Manifest, policy: ManifestPolicy
) -> list[InvalidManifest]:
    """Refuse a manifest that refers to what is absent.

    Returns:
        Of each descriptor whose size is not that of what is stored, what is to be raised for it.

    Raises:
        UnknownReferences: something is absent that must not be; all of it is named.
    """
    missing: dict[str, None] = {}
    wrong: list[InvalidManifest] = []
    for edge, stored in await _stored_sizes(transaction, repository, manifest):
        if stored is None:
            if not _may_be_absent(edge, policy):
                missing[edge.descriptor.digest] = None
        elif stored != edge.descriptor.size:
            said = (
                f"{edge.role} {edge.descriptor.digest} has {stored} bytes, "
                f"the manifest says {edge.descriptor.size}"
            )
            detail = {"digest": edge.descriptor.digest, "size": stored}
            wrong.append(InvalidManifest(said, detail))
    if missing:
        raise UnknownReferences(list(missing))
    return wrong


async def missing_references(
    transaction: Transaction, repository: int, manifest: Manifest, policy: ManifestPolicy
) -> list[str]:
    """List what a manifest refers to that is absent and must not be."""
    sizes = await _stored_sizes(transaction, repository, manifest)
    return [
        edge.descriptor.digest
        for edge, stored in sizes
        if stored is None and not _may_be_absent(edge, policy)
    ]


async def _stored_sizes(
    transaction: Transaction, repository: int, manifest: Manifest
) -> list[tuple[Edge, int | None]]:
    """Give the size of what the repository has of each thing that a manifest needs."""
    edges = [edge for edge in manifest.edges if edge.role is not Role.SUBJECT]
    digests = dict.fromkeys(edge.descriptor.digest for edge in edges)
    blobs = await transaction.blob_sizes(repository, digests)
    children = [edge.descriptor.digest for edge in edges if edge.role is Role.MANIFEST]
    manifests: dict[str, int] = {}
    if children:
        manifests = await transaction.manifest_sizes(repository, dict.fromkeys(children))
    sizes: list[tuple[Edge, int | None]] = []
    for edge in edges:
        stored = blobs.get(edge.descriptor.digest)
        if edge.role is Role.MANIFEST:
            # A child that is absent as a manifest may be a blob: BuildKit's cache is written so.
            stored = manifests.get(edge.descriptor.digest, stored)
        sizes.append((edge, stored))
    return sizes


def _may_be_absent(edge: Edge, policy: ManifestPolicy) -> bool:
    descriptor = edge.descriptor
    if edge.role is Role.LAYER:
        named = policy.urls_decide and bool(descriptor.urls)
        return named or is_non_distributable(descriptor.media_type)
    if edge.role is Role.MANIFEST:
        return not _is_required(descriptor, policy)
    return False


def _is_required(descriptor: Descriptor, policy: ManifestPolicy) -> bool:
    if policy.required_platforms is None:
        return True
    return descriptor.platform in policy.required_platforms
