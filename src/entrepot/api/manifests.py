"""`/v2/NAME/manifests/REFERENCE` (spec.md, "Pulling manifests", "Pushing manifests")."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from entrepot.api.body import SmallBodies
from entrepot.api.challenges import quoted
from entrepot.api.origin import Locations
from entrepot.api.parse.ranges import matches_any
from entrepot.api.request import Request
from entrepot.api.response import Header, LargeBody, Response
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag, parse_reference
from entrepot.services.delete import Delete
from entrepot.services.pull import Pull
from entrepot.services.push import Push

if TYPE_CHECKING:
    from entrepot.services.mirror.pull import MirrorPull

_AT_ONCE = 64 * 1024

PullNoted = Callable[[RepositoryName, Digest], None]


class ManifestsEndpoint:
    """Serves and takes manifests."""

    def __init__(
        self,
        pull: "Pull | MirrorPull",
        push: Push,
        delete: Delete,
        bodies: SmallBodies,
        locations: Locations,
        pulled: PullNoted | None = None,
    ) -> None:
        self._pulled = pulled
        self._pull = pull
        self._push = push
        self._delete = delete
        self._bodies = bodies
        self._locations = locations
        # Shared by all clients that receive the same manifest, however slowly.
        self._sending: WeakValueDictionary[Digest, LargeBody] = WeakValueDictionary()

    async def get(self, request: Request) -> Response:
        """Serve what is stored, whatever Accept says, as Docker Registry 3 does."""
        name = RepositoryName.parse(request.name)
        reference = parse_reference(request.argument)
        probing = request.scope["method"] == "HEAD"
        stored = await self._pull.manifest(request.caller, name, reference, confirming=probing)
        digest = stored.digest
        request.record.digest = digest
        encoded = digest.encode()
        headers: list[Header] = [
            (b"content-type", stored.media_type.encode()),
            (b"docker-content-digest", encoded),
            (b"etag", b'"%b"' % encoded),
        ]
        if stored.warning:  # RFC 7234 section 5.5.1
            text = quoted(f"Response is stale: {stored.warning}")
            headers.append((b"warning", f"110 - {text}".encode()))
        condition = request.header(b"if-none-match")
        if condition is not None and matches_any(condition, digest):
            return Response(304, headers[1:])
        # HEAD and 304 do not count as pulls: polling must not keep an image alive.
        if self._pulled is not None and not probing:
            self._pulled(name, digest)
        if len(stored.payload) <= _AT_ONCE:
            return Response(200, headers, stored.payload)
        if probing:
            return Response(200, headers, length=len(stored.payload))
        payload = self._sending.setdefault(digest, LargeBody(stored.payload))
        return Response(200, headers, payload, len(stored.payload))

    async def put(self, request: Request) -> Response:
        """Store a manifest and set tags."""
        name = RepositoryName.parse(request.name)
        reference = parse_reference(request.argument)
        tags = tuple(Tag.parse(tag) for tag in request.query.every("tag"))
        await self._push.admit(request.caller, name)
        payload = await self._bodies.read(request)
        content_type = request.header(b"content-type") or ""
        with self._bodies.holding(request, payload):
            pushed = await self._push.manifest(
                request.caller, name, reference, payload, content_type, tags
            )
        request.record.digest = pushed.digest
        location = self._locations.url(request, f"v2/{name}/manifests/{pushed.digest}")
        headers: list[Header] = [
            (b"location", location.encode()),
            (b"docker-content-digest", pushed.digest.encode()),
        ]
        if pushed.subject is not None:
            headers.append((b"oci-subject", pushed.subject.encode()))
        if tags:
            headers += [(b"oci-tag", tag.encode()) for tag in pushed.tags]
        return Response(201, headers)

    async def delete(self, request: Request) -> Response:
        """Delete a tag, or a manifest and its tags."""
        name = RepositoryName.parse(request.name)
        reference = parse_reference(request.argument)
        await self._delete.manifest(request.caller, name, reference)
        return Response(202, [])
