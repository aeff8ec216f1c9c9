"""Follows Link headers (RFC 8288), as spec.md asks clients to."""

import re
from typing import Any

from tests.wire.harness.exchange import Reply, Request, Transport

MOST_PAGES = 200


def next_target(reply: Reply) -> str | None:
    """The path and query of the next page; None on the last."""
    link = reply.header("Link")
    if link is None:
        return None
    match = re.fullmatch(r'<(/[^>]*)>; ?rel="?next"?', link)
    assert match is not None, f"not a relative Link to the next page: {link}"
    return match[1]


def pages(transport: Transport, target: str | None) -> list[Any]:
    """Read a list page by page."""
    found = []
    while target is not None:
        reply = transport.send(Request("GET", target))
        assert reply.status == 200, reply.told()
        found.append(reply.json())
        assert len(found) <= MOST_PAGES, "Link leads in a circle"
        target = next_target(reply)
    return found
