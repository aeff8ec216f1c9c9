"""The ASGI application: finds the endpoint, responds, and reports to the observer."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import count
from typing import Any, Protocol
from urllib.parse import quote
from uuid import uuid4

from entrepot.api.authentication import Authentication
from entrepot.api.management import MANAGEMENT, match_management
from entrepot.api.origin import Origins
from entrepot.api.request import Receive, Request, Scope, Send, read_headers
from entrepot.api.response import Header, Response, send_stream
from entrepot.api.routes import Match, match_path
from entrepot.api.wire_errors import JSON, encode_errors, render_error, render_simple
from entrepot.errors import (
    ClientGone,
    Denied,
    EntrepotError,
    Outage,
    Unauthenticated,
    Unsupported,
)
from entrepot.operations.failures import log_failure
from entrepot.operations.requests import RequestRecord
from entrepot.ports.events import ORIGIN, Origin

Handler = Callable[[Request], Awaitable[Response]]
Endpoints = Mapping[str, Mapping[str, Handler]]
"""For each route, the handler of each method. HEAD works wherever GET does."""
Beside = Mapping[str, tuple[str, Mapping[str, Handler]]]
"""For each path beside `v2/`, such as `auth/token`: its route, and the handler of each method."""

_API_VERSION: Header = (b"docker-distribution-api-version", b"registry/2.0")
_NO_SNIFFING: Header = (b"x-content-type-options", b"nosniff")
_READING = frozenset({"GET", "HEAD"})
_SLASHES = re.compile("/+")
_ENDING_IN_A_SLASH = frozenset({"base", "blob_upload"})


class Observed(Protocol):
    """Observes requests."""

    def started(self, record: RequestRecord) -> None:
        """A request began."""
        ...

    def finished(self, record: RequestRecord) -> None:
        """The request ended."""
        ...


class Application:
    """Answers requests.

    Args:
        endpoints: the handler of each route and method.
        origins: determines how the client sees the registry.
        observer: observes each request.
        prefix: `http.prefix`, with a slash at both ends.
        extra_headers: `http.headers`.
        read_only: refuse every method that changes anything.
        is_failing: tells whether a health check fails; then every request is refused.
        beside: the handlers of paths outside `v2/`; they change no repository.
        authentication: identifies the caller; None if everybody may do everything.
        locate: finds the repository that a request means, where there are mirrors.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        origins: Origins,
        observer: Observed,
        *,
        prefix: str = "/",
        extra_headers: Mapping[str, tuple[str, ...]] | None = None,
        read_only: bool = False,
        is_failing: Callable[[], bool] = lambda: False,
        beside: Beside | None = None,
        authentication: Authentication | None = None,
        locate: Callable[[Request], Awaitable[None]] | None = None,
    ) -> None:
        self._beside = {
            f"{prefix}{path}": (route, _methods(handlers, read_only=False))
            for path, (route, handlers) in (beside or {}).items()
        }
        self._endpoints = {
            route: _methods(handlers, read_only=read_only) for route, handlers in endpoints.items()
        }
        self._origins = origins
        self._authentication = authentication
        self._locate = locate
        self._observer = observer
        self._root = prefix
        self._base = f"{prefix}v2/"
        self._management = f"{prefix}{MANAGEMENT}"
        self._bases = (self._base, self._management)
        self._common = _common_headers(extra_headers or {})
        self._is_failing = is_failing
        self._request_prefix = uuid4().hex[:12]
        self._request_number = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        if scope["type"] != "http":
            return
        request = self._begin(scope, receive)
        record = request.record
        if record.method not in _READING:
            ORIGIN.set(Origin(record.client, record.request_id, record.user_agent))
        self._observer.started(record)
        try:
            response = await self._respond(request)
            record.status = response.status
            await self._send(response, request, send)
        except ClientGone as gone:
            record.aborted = True
            sent = gone.detail.get("sent") if isinstance(gone.detail, dict) else None
            record.bytes_out = sent or record.bytes_out
        finally:
            self._observer.finished(record)

    def _begin(self, scope: Scope, receive: Receive) -> Request:
        headers = read_headers(scope["headers"])
        origin = self._origins.find(scope, headers)
        raw_query = scope["query_string"]
        path = scope["path"]
        record = RequestRecord(
            f"{self._request_prefix}-{next(self._request_number)}",
            scope["method"],
            f"{path}?{raw_query.decode('latin-1')}" if raw_query else path,
            f"HTTP/{scope['http_version']}",
            origin.client,
            headers.get(b"host", b"").decode("latin-1"),
            headers.get(b"user-agent", b"").decode("latin-1"),
            headers.get(b"referer", b"").decode("latin-1"),
        )
        return Request(scope, receive, headers, record, origin)

    async def _respond(self, request: Request) -> Response:
        record = request.record
        allowed: Mapping[str, Handler] = {}
        try:
            if self._is_failing():
                return _unhealthy()
            found = self._find(request)
            if isinstance(found, Response):
                return found
            allowed = found
            if self._locate is not None and request.name and self._is_pull(request):
                await self._locate(request)
            authentication = self._authentication
            if authentication is not None:
                authentication.locate(request)
                beside = request.scope["path"] in self._beside
                if not beside and not await authentication.recognise(request):
                    await authentication.identify(request)
            handler = allowed.get(record.method)
            if handler is None:
                return _not_allowed(record.method, allowed)
            return await handler(request)
        except EntrepotError as error:
            return self._explain(request, error, allowed)
        except Exception as error:
            log_failure(record, error)
            return render_simple(
                500, "UNKNOWN", f"the registry failed; its log has more: {record.request_id}"
            )

    def _is_pull(self, request: Request) -> bool:
        """Tell whether a path is one of the distribution protocol's."""
        return request.scope["path"].startswith(self._base)  # type: ignore[no-any-return]

    def _find(self, request: Request) -> Mapping[str, Handler] | Response:
        """Find the handlers of a path, or the response if it is the same for every caller."""
        record, path = request.record, request.scope["path"]
        if "//" in path:
            return _redirect(request, _SLASHES.sub("/", path))
        if path.startswith(self._bases):
            match = self._match(path)
            if path.endswith("/") and self._leads_elsewhere(path, match):
                return _redirect(request, path[:-1])
            if match is None:
                return render_simple(404, "UNSUPPORTED", "not found: no endpoint has this path")
            record.route, request.name, request.argument = match
            record.repository, record.reference = match.name, match.argument
            allowed = self._endpoints[match.route]
        elif path in self._beside:
            record.route, allowed = self._beside[path]
        else:
            return self._outside(path)
        return _options(allowed) if record.method == "OPTIONS" else allowed

    def _explain(
        self, request: Request, error: EntrepotError, allowed: Mapping[str, Handler]
    ) -> Response:
        """Respond to a request that was refused or failed."""
        record = request.record
        if isinstance(error, ClientGone | Outage):
            record.aborted = isinstance(error, ClientGone)
            log_failure(record, error)
        if isinstance(error, Denied | Unauthenticated) and self._authentication is not None:
            return self._authentication.refuse(request, error)
        response = render_error(error)
        if isinstance(error, Unsupported):
            others = [method for method in allowed if method != record.method]
            response.headers.append(_allow(others))
        return response

    def _match(self, path: str) -> Match | None:
        if path.startswith(self._base):
            return match_path(path[len(self._base) :])
        return match_management(path[len(self._management) :])

    def _leads_elsewhere(self, path: str, match: Match | None) -> bool:
        """Tell whether a path has a meaning only without its trailing slash."""
        if match is not None and (match.argument or match.route in _ENDING_IN_A_SLASH):
            return False
        return self._match(path[:-1]) is not None

    def _outside(self, path: str) -> Response:
        """Respond outside /v2/: to the root, which load balancers request, and nothing else."""
        if path == self._base[:-1]:
            return Response(301, [(b"location", self._base.encode())])
        if path in ("/", self._root):
            return Response(200, [(b"cache-control", b"no-cache")])
        return render_simple(404, "UNSUPPORTED", "not found: no endpoint has this path")

    async def _send(self, response: Response, request: Request, send: Send) -> None:
        headers = [*self._common, *response.headers]
        if request.namespace:
            headers.append((b"oci-namespace", request.namespace.encode("latin-1", "replace")))
        if response.status not in (204, 304):  # RFC 9110 section 8.6
            headers.append((b"content-length", b"%d" % response.length))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        body = response.body
        if isinstance(body, bytes):
            if request.record.method == "HEAD":
                body = b""
            request.record.bytes_out = len(body)
            await send({"type": "http.response.body", "body": body, "more_body": False})
            return
        try:
            request.record.bytes_out = await send_stream(request.receive, send, body)
        except Exception as error:
            # Too late for an error: a broken connection tells the client that it lacks a part.
            log_failure(request.record, error)
            raise
        finally:
            body.close()


def _unhealthy() -> Response:
    message = "the registry is unhealthy"
    detail = "health check failed: please see /debug/health"
    return Response(503, [JSON], encode_errors([("UNAVAILABLE", message, detail)]))


def _methods(handlers: Mapping[str, Handler], *, read_only: bool) -> dict[str, Handler]:
    methods = dict(handlers)
    if "GET" in methods:
        methods["HEAD"] = methods["GET"]
    if read_only:
        return {name: handler for name, handler in methods.items() if name in _READING}
    return methods


def _common_headers(extra: Mapping[str, tuple[str, ...]]) -> list[Header]:
    configured: list[Header] = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, values in extra.items()
        for value in values
    ]
    named: set[Any] = {name for name, _ in configured}
    return configured + [
        header for header in (_API_VERSION, _NO_SNIFFING) if header[0] not in named
    ]


def _not_allowed(method: str, allowed: Mapping[str, Handler]) -> Response:
    response = render_simple(405, "UNSUPPORTED", f"{method[:40]} is not allowed here")
    response.headers.append(_allow(allowed))
    return response


def _options(allowed: Iterable[str]) -> Response:
    """List the allowed methods, without credentials: a browser's preflight sends none (CORS)."""
    return Response(200, [_allow(allowed)])


def _allow(methods: Iterable[str]) -> Header:
    return b"allow", ", ".join((*methods, "OPTIONS")).encode()


def _redirect(request: Request, path: str) -> Response:
    """Redirect to the path without extra slashes, as Docker Registry does for every method."""
    location = quote(path, safe="/:@+", errors="replace").encode()
    query = request.scope["query_string"]
    return Response(301, [(b"location", location + b"?" + query if query else location)])
