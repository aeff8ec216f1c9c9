"""The endpoints that list tags and repositories, and the one at the root."""

from typing import TYPE_CHECKING

from entrepot.api.parse.query import parse_page_size
from entrepot.api.request import Request
from entrepot.api.response import Header, Response
from entrepot.api.wire_errors import JSON
from entrepot.oci.name import RepositoryName
from entrepot.services.listing import Listing, Page

if TYPE_CHECKING:
    from entrepot.services.mirror.listing import MirrorListing

_BETWEEN = '", "'


class BaseEndpoint:
    """Answers `/v2/`."""

    async def get(self, request: Request) -> Response:
        """Say yes."""
        return Response(200, [JSON], b"{}")


class _ListEndpoint:
    """Lists names in pages.

    Args:
        listing: lists what the caller may see.
        prefix: `http.prefix`.
        maximum: the most names on a page.
    """

    def __init__(self, listing: "Listing | MirrorListing", prefix: str, maximum: int) -> None:
        self._listing = listing
        self._prefix = prefix
        self._maximum = maximum


class TagsEndpoint(_ListEndpoint):
    """Lists a repository's tags; a page has `tags.maxtags` at most."""

    async def get(self, request: Request) -> Response:
        """Give one page."""
        name = RepositoryName.parse(request.name)
        size = parse_page_size(request.query, self._maximum, self._maximum)
        after = request.query.first("last") or ""
        page = await self._listing.tags(request.caller, name, after, size)
        body = f'{{"name": "{name}", "tags": {_json_list(page.names)}}}'.encode()
        return Response(200, _headers(f"{self._prefix}v2/{name}/tags/list", page, size), body)


class CatalogueEndpoint(_ListEndpoint):
    """Lists repositories; a page has `catalog.maxentries` at most."""

    async def get(self, request: Request) -> Response:
        """Give one page."""
        size = parse_page_size(request.query, self._maximum, min(100, self._maximum))
        after = request.query.first("last") or ""
        page = await self._listing.repositories(request.caller, after, size)
        body = f'{{"repositories": {_json_list(page.names)}}}'.encode()
        return Response(200, _headers(f"{self._prefix}v2/_catalog", page, size), body)


def _json_list(names: list[str]) -> str:
    """Write names as a JSON list: their grammar allows nothing that needs escaping."""
    return f'["{_BETWEEN.join(names)}"]' if names else "[]"


def _headers(path: str, page: Page, size: int) -> list[Header]:
    if not page.more:
        return [JSON]
    # The grammar of names has one character that is reserved in URLs.
    last = page.names[-1].replace("/", "%2F")
    link = f'<{path}?n={size}&last={last}>; rel="next"'
    return [JSON, (b"link", link.encode())]
