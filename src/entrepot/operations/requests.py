"""What is known of one request: filled in while it runs, read when it is over."""

from time import perf_counter

ROUTES = (
    "base",
    "blob",
    "blob_upload",
    "blob_upload_chunk",
    "catalog",
    "keys",
    "manifest",
    "referrers",
    "repository",
    "tag_history",
    "tag_restore",
    "tags",
    "token",
    "other",
)
"""Docker Registry's handler names; `referrers`, `token` and `keys` (which it has not); the rest."""


class RequestRecord:
    """One request.

    The application makes one as soon as a request arrives and fills in what it learns. Texts are
    as the client sent them, not trusted and not escaped; empty where there is nothing.

    Args:
        request_id: unique for ever.
        method: as the client sent it.
        target: path and query.
        protocol: ``HTTP/1.1`` or ``HTTP/1.0``.
        client: the address of the client, or of the last proxy that is not trusted.
        host: the Host header.
        user_agent: the User-Agent header.
        referer: the Referer header.

    Attributes:
        route: one of ROUTES.
        repository: the name in the path.
        reference: the tag or digest of a manifest, or the id of an upload.
        digest: of the blob or manifest that was asked for or has been served.
        user: the account's name.
        started: perf_counter() at the arrival.
        seconds: how long it took; set when it is over.
        status: of the answer; 0 until there is one.
        bytes_in: bytes of the body that were read.
        bytes_out: bytes of the body that were sent.
        aborted: whether the client went away before the end.
    """

    __slots__ = (
        "aborted",
        "bytes_in",
        "bytes_out",
        "client",
        "digest",
        "host",
        "method",
        "protocol",
        "reference",
        "referer",
        "repository",
        "request_id",
        "route",
        "seconds",
        "started",
        "status",
        "target",
        "user",
        "user_agent",
    )

    def __init__(
        self,
        request_id: str,
        method: str,
        target: str,
        protocol: str = "HTTP/1.1",
        client: str = "",
        host: str = "",
        user_agent: str = "",
        referer: str = "",
    ) -> None:
        self.request_id = request_id
        self.method = method
        self.target = target
        self.protocol = protocol
        self.client = client
        self.host = host
        self.user_agent = user_agent
        self.referer = referer
        self.route = "other"
        self.repository = self.reference = self.digest = self.user = ""
        self.started = perf_counter()
        self.seconds = 0.0
        self.status = self.bytes_in = self.bytes_out = 0
        self.aborted = False
