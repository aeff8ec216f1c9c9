"""What holds a manifest, and how one goes that nothing holds; inside a transaction."""

import sqlite3
from typing import Any, NamedTuple

from entrepot.drivers.sql.reader import QUERIES
from entrepot.drivers.sql.transaction import SqliteTransaction
from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.collection import Kind, Removal, Why

COLLECTOR = ""
"""Who removes tags in the history: nobody's account."""


async def date_manifest(
    connection: sqlite3.Connection, manifest: int, now: int, later: int, *, goes: bool
) -> None:
    """Let a candidate's grace begin, and that of its blobs a little later; or drop it.

    Args:
        connection: in a transaction.
        manifest: its number.
        now: when its grace begins.
        later: when that of its blobs does.
        goes: whether one that nothing holds goes at all.
    """
    ties = _ties(connection, manifest)
    if ties is None or not goes or (_is_held(ties) and not _tags(connection, manifest).orphaned):
        connection.execute(QUERIES["drop_manifest_candidate"], {"manifest": manifest})
        return
    connection.execute(QUERIES["date_manifest"], {"manifest": manifest, "now": now})
    connection.execute(QUERIES["date_links_of_manifest"], {"manifest": manifest, "since": later})


async def collect_manifest(
    connection: sqlite3.Connection, manifest: int, now: int, *, widowed: bool, goes: bool
) -> list[Removal]:
    """Remove a candidate that nothing holds; drop the candidate where something does.

    Tags that made it an accessory of a manifest that was deleted hold nothing, and go.

    Args:
        connection: in a transaction.
        manifest: its number.
        now: for the history of tags.
        widowed: whether what it speaks of was deleted.
        goes: whether one that nothing holds goes at all.
    """
    ties = _ties(connection, manifest)
    tags = _tags(connection, manifest) if widowed else _Tags([], [])
    if ties is None or not goes or (_is_held(ties) and not tags.orphaned):
        connection.execute(QUERIES["drop_manifest_candidate"], {"manifest": manifest})
        return []
    transaction = SqliteTransaction(connection)
    why = Why.WIDOWED if widowed else Why.UNTAGGED
    removed = [Removal(Kind.TAG, ties["name"], tag, 0, why) for tag in tags.orphaned]
    if tags.others or ties["indexed"] or ties["subject_is_there"]:
        for tag in tags.orphaned:
            await transaction.delete_tag(ties["repository"], tag, COLLECTOR, now)
        connection.execute(QUERIES["drop_manifest_candidate"], {"manifest": manifest})
        return removed
    parameters = {"manifest": manifest}
    dated = connection.execute(QUERIES["dated_links_of_manifest"], parameters).fetchall()
    # What a list of referrers names may have no subject of its own.
    listed = (
        connection.execute(QUERIES["listed_manifests"], parameters).fetchall()
        if tags.orphaned
        else []
    )
    digest = Digest(ties["digest"])
    await transaction.delete_manifest(ties["repository"], digest, COLLECTOR, now)
    for (child,) in listed:
        connection.execute(QUERIES["widow_manifest"], {"manifest": child})
    for repository, blob, since in dated:
        # Whoever was promised one of them since then has let it wait anew.
        link = {"repository": repository, "blob": blob, "since": since}
        connection.execute(QUERIES["date_link"], link)
    return [*removed, Removal(Kind.MANIFEST, ties["name"], digest, ties["size"], why)]


_TIES = (
    *("repository", "name", "digest", "size"),
    *("tagged", "indexed", "subject_is_there"),
)


def _ties(connection: sqlite3.Connection, manifest: int) -> dict[str, Any] | None:
    row = connection.execute(QUERIES["manifest_ties"], {"manifest": manifest}).fetchone()
    return None if row is None else dict(zip(_TIES, row, strict=True))


def _is_held(ties: dict[str, Any]) -> bool:
    return bool(ties["tagged"] or ties["indexed"] or ties["subject_is_there"])


class _Tags(NamedTuple):
    """The tags of a manifest: those whose subject was deleted, and those that hold it."""

    orphaned: list[Tag]
    others: list[Tag]


def _tags(connection: sqlite3.Connection, manifest: int) -> _Tags:
    rows = connection.execute(QUERIES["tags_by_subject"], {"manifest": manifest}).fetchall()
    return _Tags(
        [Tag(tag) for tag, orphaned in rows if orphaned],
        [Tag(tag) for tag, orphaned in rows if not orphaned],
    )
