"""The management API: repositories, the history of tags."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from entrepot.api.body import SmallBodies
from entrepot.api.parse.query import parse_page_size
from entrepot.api.request import Request
from entrepot.api.response import Header, Response
from entrepot.api.routes import Match
from entrepot.api.wire_errors import JSON
from entrepot.errors import InvalidPagination, InvalidRequest
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.removal import TagChange
from entrepot.services.delete import Delete
from entrepot.services.tag_history import MOST_STEPS, TagHistories

MANAGEMENT = "api/v1/"

_PAGE = 100
_LARGEST = 2**62
_LONGEST_BODY = 4096
_EXPECTED = 'expected nothing, or {"to": DIGEST} or {"to": NUMBER OF CHANGES TO UNDO}'


def moment(microseconds: int) -> str:
    """Write a time, as RFC 3339 has it: 2026-05-01T12:00:00.000000+00:00.

    Args:
        microseconds: since 1970, UTC.
    """
    seconds, rest = divmod(microseconds, MICROSECONDS)
    time = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    return time.isoformat(timespec="microseconds")


class RepositoriesManagement:
    """Deletes repositories.

    Args:
        delete: the rules.
    """

    def __init__(self, delete: Delete) -> None:
        self._delete = delete

    async def delete(self, request: Request) -> Response:
        """Delete a repository with everything in it."""
        name = RepositoryName.parse(request.name)
        await self._delete.repository(request.caller, name)
        return Response(202, [])


def match_management(path: str) -> Match | None:
    """Find what a path means.

    Args:
        path: what follows `/api/v1/`, decoded.

    Returns:
        None when it means nothing.
    """
    kind, _, rest = path.partition("/")
    if kind == "repositories" and rest:
        return Match("repository", rest, "")
    if kind == "tags":
        rest, _, last = rest.rpartition("/")
        name, _, tag = rest.rpartition("/")
        if name and last in ("history", "restore"):
            return Match(f"tag_{last}", name, tag)
    return None


class TagsManagement:
    """Shows and undoes changes of tags.

    Args:
        histories: the rules.
        bodies: reads requests.
        prefix: `http.prefix`.
    """

    def __init__(self, histories: TagHistories, bodies: SmallBodies, prefix: str) -> None:
        self._histories = histories
        self._bodies = bodies
        self._prefix = prefix

    async def history(self, request: Request) -> Response:
        """Give a page of changes, newest first."""
        name = RepositoryName.parse(request.name)
        tag = Tag.parse(request.argument)
        size = max(1, parse_page_size(request.query, _PAGE, _PAGE))
        before = _number(request.query.first("last"))
        page = await self._histories.changes(request.caller, name, tag, before, size)
        headers: list[Header] = [JSON]
        if page.more:
            path = f"{self._prefix}api/v1/tags/{name}/{quote(tag)}/history"
            link = f'<{path}?n={size}&last={page.changes[-1].number}>; rel="next"'
            headers.append((b"link", link.encode()))
        changes = [_plain(change) for change in page.changes]
        body = {"name": name, "tag": tag, "changes": changes}
        return Response(200, headers, json.dumps(body).encode())

    async def restore(self, request: Request) -> Response:
        """Point a tag at a manifest that it pointed to before."""
        name = RepositoryName.parse(request.name)
        tag = Tag.parse(request.argument)
        await self._histories.admit(request.caller, name)
        to = _wanted(await self._bodies.read(request))
        restored = await self._histories.restore(request.caller, name, tag, to)
        request.record.digest = restored.now
        body = {"name": name, "tag": tag, "before": restored.before, "now": restored.now}
        return Response(200, [JSON], json.dumps(body).encode())


def _plain(change: TagChange) -> dict[str, Any]:
    return {
        "number": change.number,
        "from": change.old_digest,
        "to": change.new_digest,
        "by": change.caller,
        "at": moment(change.changed_at),
    }


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return min(int(text), _LARGEST)
    raise InvalidPagination("last is the number of a change", {"last": text[:100]})


def _wanted(body: bytes) -> Digest | int:
    if not body.strip():
        return 1
    if len(body) > _LONGEST_BODY:
        raise InvalidRequest(_EXPECTED)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest(f"the body is not JSON; {_EXPECTED}") from None
    to = document.get("to", 1) if isinstance(document, dict) else None
    if isinstance(to, str):
        return Digest.parse(to)
    if isinstance(to, int) and not isinstance(to, bool) and 0 < to <= MOST_STEPS:
        return to
    raise InvalidRequest(_EXPECTED)
