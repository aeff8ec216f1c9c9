"""`/v2/NAME/blobs/uploads/…` (spec.md, "Pushing blobs", "Mounting a blob")."""

from entrepot.api.body import declared_length, stream_body
from entrepot.api.origin import Locations
from entrepot.api.parse.ranges import parse_content_range
from entrepot.api.request import Request
from entrepot.api.response import Header, Response
from entrepot.api.wire_errors import render_error
from entrepot.errors import (
    InvalidDigest,
    InvalidName,
    InvalidRange,
    InvalidRequest,
    Overloaded,
    SizeMismatch,
)
from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest, parse_algorithm
from entrepot.oci.name import RepositoryName
from entrepot.ports.uploads import UploadSession
from entrepot.services.mount import Mount
from entrepot.services.upload import Chunk, Upload


class UploadsEndpoint:
    """Receives blobs.

    Args:
        upload: the rules of uploads.
        mount: the rules of mounting.
        locations: builds URLs.
        timeout: seconds after which a silent client is dropped.
        limit: the most bodies received at the same time.
    """

    def __init__(
        self, upload: Upload, mount: Mount, locations: Locations, timeout: float, limit: int
    ) -> None:
        self._upload = upload
        self._mount = mount
        self._locations = locations
        self._timeout = timeout
        self._places = _Places(limit)

    async def post(self, request: Request) -> Response:
        """Mount a blob, receive a whole one, or begin a session."""
        name = RepositoryName.parse(request.name)
        mounted = await self._try_mount(request, name)
        if mounted is not None:
            return self._created(request, name, mounted)
        whole = request.query.first("digest")
        if whole is not None:
            digest = Digest.parse(whole)
            request.record.digest = digest
            with self._places:
                await self._upload.whole(request.caller, name, digest, self._whole(request))
            return self._created(request, name, digest)
        algorithm = parse_algorithm(request.query.first("digest-algorithm") or DEFAULT_ALGORITHM)
        session = await self._upload.begin(request.caller, name, algorithm)
        return self._standing(request, session, 202)

    async def get(self, request: Request) -> Response:
        """Report the progress of an upload."""
        name = RepositoryName.parse(request.name)
        session = await self._upload.status(request.caller, name, request.argument)
        return self._standing(request, session, 204)

    async def patch(self, request: Request) -> Response:
        """Receive more bytes."""
        name = RepositoryName.parse(request.name)
        try:
            chunk = self._chunk(request)
            with self._places:
                session = await self._upload.append(request.caller, name, request.argument, chunk)
        except InvalidRange as error:
            return await self._out_of_order(request, name, error)
        return self._standing(request, session, 202)

    async def put(self, request: Request) -> Response:
        """Receive the last bytes and make the upload a blob."""
        name = RepositoryName.parse(request.name)
        text = request.query.first("digest")
        if text is None:
            raise InvalidDigest("the parameter digest is missing; it names the uploaded content")
        digest = Digest.parse(text)
        request.record.digest = digest
        try:
            chunk = self._chunk(request)
            with self._places:
                await self._upload.finish(request.caller, name, request.argument, digest, chunk)
        except InvalidRange as error:
            return await self._out_of_order(request, name, error)
        return self._created(request, name, digest)

    async def delete(self, request: Request) -> Response:
        """Cancel an upload."""
        name = RepositoryName.parse(request.name)
        await self._upload.cancel(request.caller, name, request.argument)
        return Response(204, [])

    async def _try_mount(self, request: Request, name: RepositoryName) -> Digest | None:
        wanted = request.query.first("mount")
        if not wanted:
            return None
        source_text = request.query.first("from")
        try:
            digest = Digest.parse(wanted)
            source = RepositoryName.parse(source_text) if source_text else None
        except (InvalidDigest, InvalidName):
            return None  # spec.md: a blob that cannot be mounted is uploaded
        request.record.digest = digest
        mounted = await self._mount.mount(request.caller, name, digest, source)
        return digest if mounted else None

    def _whole(self, request: Request) -> Chunk:
        declared = declared_length(request)
        return Chunk(stream_body(request, self._timeout, declared), length=declared)

    def _chunk(self, request: Request) -> Chunk:
        declared = declared_length(request)
        header = request.header(b"content-range")
        if header is None:
            return self._whole(request)
        try:
            start, stop = parse_content_range(header)
        except InvalidRequest as error:
            raise InvalidRange(error.message) from None
        if declared is not None and declared != stop - start:
            raise SizeMismatch(
                f"Content-Range has {stop - start} bytes, Content-Length {declared}",
                {"range": header[:100], "length": declared},
            )
        length = stop - start
        return Chunk(stream_body(request, self._timeout, length), start, length)

    def _created(self, request: Request, name: RepositoryName, digest: Digest) -> Response:
        location = self._locations.url(request, f"v2/{name}/blobs/{digest}")
        return Response(
            201,
            [(b"location", location.encode()), (b"docker-content-digest", digest.encode())],
        )

    def _standing(self, request: Request, session: UploadSession, status: int) -> Response:
        return Response(status, self._standing_headers(request, session))

    def _standing_headers(self, request: Request, session: UploadSession) -> list[Header]:
        request.record.reference = session.id
        path = f"v2/{session.repository}/blobs/uploads/{session.id}"
        headers: list[Header] = [
            (b"location", self._locations.url(request, path).encode()),
            (b"range", b"0-%d" % max(0, session.state.received - 1)),
            (b"docker-upload-uuid", session.id.encode()),
        ]
        if self._upload.minimum_chunk:
            headers.append((b"oci-chunk-min-length", b"%d" % self._upload.minimum_chunk))
        return headers

    async def _out_of_order(
        self, request: Request, name: RepositoryName, error: InvalidRange
    ) -> Response:
        """Say where the upload stands, so that the client can continue (spec.md, chunk errors)."""
        session = error.upload
        if not isinstance(session, UploadSession):
            session = await self._upload.status(request.caller, name, request.argument)
        response = render_error(error)
        response.headers += self._standing_headers(request, session)
        return response


class _Places:
    """Limits the bodies received at the same time.

    Args:
        number: how many there are.
    """

    __slots__ = ("_free",)

    def __init__(self, number: int) -> None:
        self._free = number

    def __enter__(self) -> None:
        if self._free <= 0:
            raise Overloaded("too many uploads at once; try again in a moment")
        self._free -= 1

    def __exit__(self, *outcome: object) -> None:
        self._free += 1
