"""Which repository a request means, where other registries are mirrored.

containerd and BuildKit ask a mirror for `library/alpine?ns=docker.io`, every client can ask for
`docker.io/library/alpine`, and docker asks its mirrors for `library/alpine` alone.
"""

from collections.abc import Awaitable, Callable

from entrepot.api.request import Request
from entrepot.oci.name import RepositoryName
from entrepot.services.mirror.origins import Origins


class Namespaces:
    """Translates names, before anybody is asked whether the caller may have them.

    Args:
        origins: know what is mirrored.
        has: tells whether this registry has a repository of its own.
    """

    def __init__(self, origins: Origins, has: Callable[[RepositoryName], Awaitable[bool]]) -> None:
        self._origins = origins
        self._has = has

    async def locate(self, request: Request) -> None:
        """Give a request the name under which its repository is kept.

        Raises:
            InvalidRequest: the query cannot be read.
        """
        namespace = ""
        if request.scope["query_string"]:
            namespace = request.query.first("ns") or ""
        has = self._has if _is_pull(request) else None
        name, request.namespace = await self._origins.locate(request.name, namespace, has)
        if name != request.name:
            request.name = request.record.repository = name


def _is_pull(request: Request) -> bool:
    """Tell whether a request can be about an image that is only upstream.

    Before a push clients ask for blobs with HEAD, and upload what is not here. Nobody asks so
    before a pull.
    """
    method = request.record.method
    return method == "GET" or (method == "HEAD" and request.record.route != "blob")
