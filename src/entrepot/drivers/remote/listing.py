"""Lists of tags and repositories, page by page, as registries differ on them.

Registries are asked for `n` and `last`, and most answer with a Link whose target has them, too.
Some have tokens of their own in its place (ECR, older Quay), and refuse or ignore a `last` that is
an entry; some give everything at once (Docker Registry 2.8's tags); and not all go by the alphabet
(GHCR goes by age). docs/upstreams.md tells which.
"""

import asyncio
from collections import OrderedDict
from typing import Any
from urllib.parse import urlencode

from yarl import URL

from entrepot.drivers.remote.answers import next_page
from entrepot.drivers.remote.exchange import Exchange, Question
from entrepot.drivers.remote.reply import host_of
from entrepot.drivers.remote.transport import redirect_target
from entrepot.errors import ClientError, InvalidManifest, UpstreamFault
from entrepot.oci.document import read_json
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag

MOST_PAGES = 100
"""That are read in search of a place that the registry cannot be asked for."""

MOST_ENTRIES = 1000
"""Of a page; ECR refuses to give more, where others give as many as they want to."""

CATALOG_SCOPE = ("registry:catalog:*",)

_READ_INLINE = 64 * 1024
_MOST_REMEMBERED = 256


class Lists:
    """Reads lists.

    Args:
        exchange: asks the registry.
        limit: bytes of a page, at most.
    """

    def __init__(self, exchange: Exchange, limit: int) -> None:
        self._exchange = exchange
        self._limit = limit
        # What follows an entry, where the registry has given a page that ended with it.
        self._following: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def tags(
        self, name: RepositoryName, scopes: tuple[str, ...], after: str, limit: int
    ) -> tuple[list[str], bool]:
        """List tags behind one, and tell whether there are more."""
        question = Question("GET", f"/v2/{name}/tags/list", f"the tags of {name}", scopes)
        tags, more = await self._list(question, "tags", after, limit)
        return [tag for tag in tags if _is(Tag.parse, tag)], more

    async def repositories(self, after: str, limit: int) -> tuple[list[RepositoryName], bool]:
        """List repositories behind one, and tell whether there are more."""
        question = Question("GET", "/v2/_catalog", "its list of repositories", CATALOG_SCOPE)
        names, more = await self._list(question, "repositories", after, limit)
        return [RepositoryName(name) for name in names if _is(RepositoryName.parse, name)], more

    async def _list(
        self, question: Question, field: str, after: str, limit: int
    ) -> tuple[list[str], bool]:
        known = self._following.get((question.path, after)) if after else None
        start = f"{question.path}?n={min(limit, MOST_ENTRIES)}"
        asked = f"{start}&{urlencode({'last': after})}" if after else start
        try:
            entries, link = await self._page(question, known or asked, field)
            is_right = known is not None
        except UpstreamFault:
            if not after:
                raise
            # Its `last` is a token of its own and no entry, or what was remembered is too old.
            self._following.pop((question.path, after), None)
            entries, link = await self._page(question, start, field)
            entries, link = await self._find(question, field, after, entries, link)
            is_right = True
        if not is_right and not link and (after in entries or len(entries) > limit):
            # All at once, in whatever order: the registry has looked at neither `n` nor `last`.
            entries = sorted(entry for entry in entries if entry > after)
        elif not is_right and after and not _is_behind(entries, after, link):
            entries, link = await self._find(question, field, after, entries, link)
        if len(entries) > limit:
            return entries[:limit], True
        if entries and link:
            self._remember((question.path, entries[-1]), link)
        return entries, bool(link)

    async def _find(
        self, question: Question, field: str, after: str, entries: list[str], link: str
    ) -> tuple[list[str], str]:
        """Follow the pages of a registry that does not look at `last`, until behind an entry."""
        for _ in range(MOST_PAGES):
            if after in entries:
                rest = entries[entries.index(after) + 1 :]
                if rest or not link:
                    return rest, link
                return await self._page(question, link, field)
            if not link:
                return [], ""
            entries, link = await self._page(question, link, field)
        raise UpstreamFault(
            f"{self._exchange.address.host} gives no list that can be read from {after!r} on"
        )

    async def _page(self, question: Question, path: str, field: str) -> tuple[list[str], str]:
        """Read a page; gives its entries, and where the next one is."""
        asked = Question("GET", path, question.what, question.scopes)
        async with self._exchange.ask(asked) as reply:
            body = await reply.body(self._limit)
            link = linked(reply.url, next_page(reply.headers))
        document = await read_document(body, reply.host, question.what)
        entries = document.get(field)
        if entries is None:  # Go writes an empty list as null
            entries = []
        if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
            raise UpstreamFault(f"{reply.host} did not answer with {question.what}")
        return entries, link

    def _remember(self, key: tuple[str, str], link: str) -> None:
        self._following[key] = link
        while len(self._following) > _MOST_REMEMBERED:
            self._following.popitem(last=False)


def _is_behind(entries: list[str], after: str, link: str) -> bool:
    """Tell whether a page begins behind an entry, as it was asked to."""
    if after in entries:
        return False
    takes_last = bool(entries) and URL(link, encoded=True).query.get("last") == entries[-1]
    return not link or takes_last or all(entry > after for entry in entries)


def linked(url: URL, target: str) -> str:
    """Give path and query of the next page; empty where there is none.

    The page is asked of whichever address of the registry works then.

    Raises:
        UpstreamFault: it is on another host.
    """
    if not target:
        return ""
    following = redirect_target(url, target)
    if following.host != url.host:
        raise UpstreamFault(f"{host_of(url)} has its next page at another host")
    path = following.raw_path_qs
    place = path.find("/v2/")
    if place < 0:
        raise UpstreamFault(f"{host_of(url)} has its next page outside of its API")
    return path[place:]


async def read_document(body: bytes, host: str, what: str) -> dict[str, Any]:
    """Read a JSON object; a large one in a thread.

    Raises:
        UpstreamFault: it is none, or has too many values.
    """
    try:
        if len(body) <= _READ_INLINE:
            document = read_json(body, dict)
        else:
            document = await asyncio.to_thread(read_json, body, dict)
    except InvalidManifest:
        document = None
    if not isinstance(document, dict):
        raise UpstreamFault(f"{host} did not answer with {what} as a JSON object")
    return document


def _is(parse: Any, text: str) -> bool:
    """Tell whether an entry is one that clients could ask for."""
    try:
        parse(text)
    except ClientError:
        return False
    return True
