"""What refers to a manifest: by the API, or by the tag that stands for it.

Source: distribution-spec spec.md, "Listing Referrers" and "Unavailable Referrers API".
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from entrepot.drivers.remote.answers import content_type, next_page
from entrepot.drivers.remote.exchange import MOST_ERROR_BYTES, Exchange, Question
from entrepot.drivers.remote.listing import MOST_PAGES, linked, read_document
from entrepot.errors import UnknownUpstreamContent, UpstreamFault
from entrepot.oci import media_type as types
from entrepot.oci.accessory import fallback_tag
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.upstream import RemoteManifest

# A registry without the API says 404; some say that they do not know the path or the method.
_NO_API = frozenset({400, 404, 405, 501})

Fetch = Callable[[RepositoryName, Tag], Awaitable[RemoteManifest]]
Entries = list[Any]


async def fetch_referrers(
    exchange: Exchange,
    fetch: Fetch,
    name: RepositoryName,
    scopes: tuple[str, ...],
    digest: Digest,
    artifact_type: str,
    limit: int,
) -> RemoteManifest:
    """Fetch the index of what refers to a manifest.

    Args:
        exchange: asks the registry.
        fetch: fetches a manifest by its tag.
        name: of the repository.
        scopes: that reading it takes.
        digest: of the manifest.
        artifact_type: of those that are wanted; empty for all.
        limit: bytes of the index, at most.

    Returns:
        All pages as one index; an empty one where nothing refers to it.
    """
    entries, is_filtered = await _by_api(exchange, name, scopes, digest, artifact_type, limit)
    if entries is None:
        entries, is_filtered = await _by_tag(fetch, name, digest), False
    if artifact_type and not is_filtered:
        entries = [entry for entry in entries if _type_of(entry) == artifact_type]
    payload = await asyncio.to_thread(_index, entries) if entries else _index([])
    if len(payload) > limit:
        raise UpstreamFault(
            f"{exchange.address.host} lists more referrers of {name}@{digest} than {limit} bytes"
        )
    return RemoteManifest(Digest.of(payload), payload, types.OCI_INDEX)


async def _by_api(
    exchange: Exchange,
    name: RepositoryName,
    scopes: tuple[str, ...],
    digest: Digest,
    artifact_type: str,
    limit: int,
) -> tuple[Entries | None, bool]:
    """Read all pages; gives None where there is no API, and whether the type was looked at."""
    what = f"the referrers of {name}@{digest}"
    query = f"?{urlencode({'artifactType': artifact_type})}" if artifact_type else ""
    path = f"/v2/{name}/referrers/{digest}{query}"
    entries: Entries = []
    left, is_filtered = limit, True
    for page in range(MOST_PAGES):
        accepted = frozenset({200, *_NO_API}) if page == 0 else frozenset({200})
        headers = {"Accept": types.OCI_INDEX}
        question = Question("GET", path, what, scopes, headers, accepted=accepted)
        async with exchange.ask(question) as reply:
            if reply.status != 200:
                await reply.beginning(MOST_ERROR_BYTES)
                return None, False
            body = await reply.body(left)
            link = linked(reply.url, next_page(reply.headers))
            filters = reply.headers.get("OCI-Filters-Applied", "")
        if page == 0 and types.without_parameters(content_type(reply.headers)) != types.OCI_INDEX:
            return None, False  # some answer any unknown path with a page for people
        is_filtered = is_filtered and "artifactType" in filters
        entries += _entries(await read_document(body, reply.host, what), reply.host, what)
        left -= len(body)
        if not link:
            return entries, is_filtered
        path = link
    raise UpstreamFault(f"{exchange.address.host} has more than {MOST_PAGES} pages of {what}")


async def _by_tag(fetch: Fetch, name: RepositoryName, digest: Digest) -> Entries:
    try:
        index = await fetch(name, fallback_tag(digest))
    except UnknownUpstreamContent:
        return []
    if types.without_parameters(index.media_type) != types.OCI_INDEX:
        return []  # somebody's image that happens to have this tag
    what = f"the referrers of {name}@{digest}"
    return _entries(await read_document(index.payload, "the registry", what), "the registry", what)


def _entries(document: dict[str, Any], host: str, what: str) -> Entries:
    entries = document.get("manifests")
    if entries is None:  # Go writes an empty list as null
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UpstreamFault(f"{host} did not answer with {what}")
    return entries


def _type_of(entry: dict[str, Any]) -> Any:
    return entry.get("artifactType")


def _index(entries: Entries) -> bytes:
    index = {"schemaVersion": 2, "mediaType": types.OCI_INDEX, "manifests": entries}
    return json.dumps(index, ensure_ascii=True, separators=(",", ":")).encode()
