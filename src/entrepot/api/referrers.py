"""`/v2/NAME/referrers/DIGEST` (spec.md, "Listing Referrers")."""

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from entrepot.api.request import Request
from entrepot.api.response import Header, LargeBody, Response
from entrepot.api.shares import Shares
from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import Referrer
from entrepot.services.listing import Listing

if TYPE_CHECKING:
    from entrepot.services.mirror.listing import MirrorListing

_LIMIT_BYTES = 4 * 1024 * 1024
_AT_ONCE = 64 * 1024
_BEGIN = f'{{"schemaVersion": 2, "mediaType": "{types.OCI_INDEX}", "manifests": ['.encode()
_END = b"]}"
_FRAME_BYTES = 256
_INDEX: Header = (b"content-type", types.OCI_INDEX.encode())
_FILTERED: Header = (b"oci-filters-applied", b"artifactType")


class ReferrersEndpoint:
    """Lists the manifests that refer to a manifest.

    Args:
        listing: lists what the caller may see.
        prefix: `http.prefix`.
        limit: bytes of one answer.
    """

    def __init__(
        self, listing: "Listing | MirrorListing", prefix: str, limit: int = _LIMIT_BYTES
    ) -> None:
        self._listing = listing
        self._prefix = prefix
        self._limit = limit
        self._shares = Shares(limit, "you are reading", "lists of referrers", "being read")

    async def get(self, request: Request) -> Response:
        """Give an image index of them; empty when there are none."""
        name = RepositoryName.parse(request.name)
        subject = Digest.parse(request.argument)
        # A media type has no space: one that was decoded is a `+` that was not encoded.
        artifact_type = (request.query.first("artifactType") or "").replace(" ", "+") or None
        after = request.query.first("last") or ""
        with self._shares.hold(request) as held:
            found: list[bytes] = []
            last, more = "", False
            async for referrer in self._listing.referrers(
                request.caller, name, subject, artifact_type, after
            ):
                entry = _descriptor(referrer)
                if found and _FRAME_BYTES + held.size + len(entry) > self._limit:
                    more = True
                    break
                held.add(len(entry) + 2)
                found.append(entry)
                last = referrer.digest
            body = b", ".join(found).join((_BEGIN, _END))
        headers = [_INDEX]
        if artifact_type is not None:
            headers.append(_FILTERED)
        if more:
            headers.append(self._link(name, subject, artifact_type, last))
        if len(body) <= _AT_ONCE:
            return Response(200, headers, body)
        sending = self._shares.hold(request, len(body))
        return Response(200, headers, LargeBody(body, sending.close), len(body))

    def _link(
        self, name: RepositoryName, subject: Digest, artifact_type: str | None, last: str
    ) -> Header:
        path = f"{self._prefix}v2/{name}/referrers/{subject}?last={quote(last, safe='')}"
        if artifact_type is not None:
            path += f"&artifactType={quote(artifact_type, safe='')}"
        return b"link", f'<{path}>; rel="next"'.encode()


def _descriptor(referrer: Referrer) -> bytes:
    descriptor: dict[str, object] = {
        "mediaType": referrer.media_type,
        "digest": referrer.digest,
        "size": referrer.size,
    }
    if referrer.artifact_type is not None:
        descriptor["artifactType"] = referrer.artifact_type
    text = json.dumps(descriptor)
    if referrer.annotations:  # already JSON, and not parsed here: they may have megabytes
        text = f'{text[:-1]}, "annotations": {referrer.annotations}}}'
    return text.encode()
