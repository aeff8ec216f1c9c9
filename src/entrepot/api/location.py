"""What Location headers say: where the client finds it, as the client sees the registry."""

from entrepot.api.request import Request


class Locations:
    """Builds URLs.

    Args:
        prefix: `http.prefix`, with a slash at both ends.
        host: `http.host`, a URL; None takes what the request says.
        relative: `http.relativeurls`.
    """

    def __init__(self, prefix: str, host: str | None, *, relative: bool) -> None:
        self._prefix = prefix
        self._host = host.rstrip("/") if host else None
        self._relative = relative

    def url(self, request: Request, path: str) -> str:
        """Give the URL of a path under the prefix, such as `v2/app/blobs/sha256:…`."""
        path = f"{self._prefix}{path}"
        if self._relative:
            return path
        if self._host is not None:
            return f"{self._host}{path}"
        origin = request.origin
        return f"{origin.scheme}://{origin.host}{path}" if origin.host else path
