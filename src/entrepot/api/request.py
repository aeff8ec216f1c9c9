"""A request, as far as it has been parsed."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

from entrepot.api.parse.forwarded import Origin
from entrepot.api.parse.query import Query, read_query
from entrepot.operations.requests import RequestRecord
from entrepot.ports.access import ANONYMOUS, Caller

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


# Headers whose lines form one list (RFC 9110 section 5.3); for others the first line counts.
_LISTS = frozenset(
    {
        b"accept",
        b"forwarded",
        b"if-none-match",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
    }
)


def read_headers(lines: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Give each header's value by its name in lower case; several lines of a list are joined."""
    headers = dict(lines)
    if len(headers) == len(lines):
        return headers
    headers = {}
    for name, value in lines:
        if name not in headers:
            headers[name] = value
        elif name in _LISTS:
            headers[name] += b", " + value
    return headers


class Request:
    """One request.

    Args:
        scope: of the connection.
        receive: gives the body.
        headers: as `read_headers` gives them.
        record: what the logs will say about the request.
        origin: how the client sees the registry.

    Attributes:
        name: the repository's name in the path, not yet parsed.
        argument: the last part of the path: a reference, a digest or an upload's id.
        address: of the client, if it cannot be forged; only with access control.
        bearer: the caller sent a token.
        namespace: the host whose mirror the client has asked for (`?ns=`); empty for none.
        caller: who sent the request.
    """

    __slots__ = (
        "_query",
        "address",
        "argument",
        "bearer",
        "caller",
        "headers",
        "name",
        "namespace",
        "origin",
        "receive",
        "record",
        "scope",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        headers: Mapping[bytes, bytes],
        record: RequestRecord,
        origin: Origin,
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.headers = headers
        self.record = record
        self.origin = origin
        self.name = ""
        self.argument = ""
        self.address = ""
        self.bearer = False
        self.namespace = ""
        self.caller: Caller = ANONYMOUS
        self._query: Query | None = None

    def header(self, name: bytes) -> str | None:
        """Give a header's value; None if it is absent."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def query(self) -> Query:
        """The parameters in the address."""
        if self._query is None:
            self._query = read_query(self.scope["query_string"])
        return self._query
