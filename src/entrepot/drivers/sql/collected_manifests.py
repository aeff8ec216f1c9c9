"""What holds a manifest, and how one goes that nothing holds; inside a transaction."""

import re
import sqlite3
from typing import Any

from entrepot.drivers.sql.reader import QUERIES
from entrepot.drivers.sql.transaction import SqliteTransaction
from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.ports.collection import Kind, Removal, Why

COLLECTOR = ""
"""Who removes tags in the history: nobody's account."""

# services/fallback.py: a list of referrers is tagged with its subject's digest, both parts cut.
_FALLBACK_TAG = re.compile(r"([a-z0-9]{1,32})-([0-9a-f]{64})")


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
    if ties is None or not goes or (_is_held(ties) and not _tags_of_list(connection, ties)):
        connection.execute(QUERIES["drop_manifest_candidate"], {"manifest": manifest})
        return
    connection.execute(QUERIES["date_manifest"], {"manifest": manifest, "now": now})
    connection.execute(QUERIES["date_links_of_manifest"], {"manifest": manifest, "since": later})


async def collect_manifest(
    connection: sqlite3.Connection, manifest: int, now: int, *, widowed: bool, goes: bool
) -> list[Removal]:
    """Remove a candidate that nothing holds; drop the candidate where something does.

    Args:
        connection: in a transaction.
        manifest: its number.
        now: for the history of tags.
        widowed: whether what it speaks of was deleted.
        goes: whether one that nothing holds goes at all.
    """
    ties = _ties(connection, manifest)
    tags = [] if ties is None or not widowed else _tags_of_list(connection, ties)
    if ties is None or not goes or (_is_held(ties) and not tags):
        connection.execute(QUERIES["drop_manifest_candidate"], {"manifest": manifest})
        return []
    parameters = {"manifest": manifest}
    dated = connection.execute(QUERIES["dated_links_of_manifest"], parameters).fetchall()
    listed = connection.execute(QUERIES["listed_manifests"], parameters).fetchall() if tags else []
    transaction = SqliteTransaction(connection)
    digest = Digest(ties["digest"])
    await transaction.delete_manifest(ties["repository"], digest, COLLECTOR, now)
    for (child,) in listed:
        connection.execute(QUERIES["widow_manifest"], {"manifest": child})
    for repository, blob, since in dated:
        # Whoever was promised one of them since then has let it wait anew.
        link = {"repository": repository, "blob": blob, "since": since}
        connection.execute(QUERIES["date_link"], link)
    why = Why.WIDOWED if widowed else Why.UNTAGGED
    removed = [Removal(Kind.TAG, ties["name"], tag, 0, why) for tag in tags]
    return [*removed, Removal(Kind.MANIFEST, ties["name"], digest, ties["size"], why)]


_TIES = (
    *("repository", "name", "digest", "size", "media_type", "subject"),
    *("tagged", "indexed", "subject_is_there"),
)


def _ties(connection: sqlite3.Connection, manifest: int) -> dict[str, Any] | None:
    row = connection.execute(QUERIES["manifest_ties"], {"manifest": manifest}).fetchone()
    return None if row is None else {"number": manifest, **dict(zip(_TIES, row, strict=True))}


def _is_held(ties: dict[str, Any]) -> bool:
    return bool(ties["tagged"] or ties["indexed"] or ties["subject_is_there"])


def _tags_of_list(connection: sqlite3.Connection, ties: dict[str, Any]) -> list[str]:
    """Give the tags of a list of referrers whose subject is gone; none for anything else."""
    if ties["indexed"] or ties["subject_is_there"] or ties["media_type"] not in types.INDEXES:
        return []
    rows = connection.execute(QUERIES["tags_of_manifest"], {"manifest": ties["number"]})
    tags = [tag for (tag,) in rows]
    for tag in tags:
        found = _FALLBACK_TAG.fullmatch(tag)
        if found is None:
            return []
        prefix = f"{found[1]}:{found[2]}"
        subject = {"repository": ties["repository"], "prefix": prefix}
        if connection.execute(QUERIES["manifest_with_prefix"], subject).fetchone():
            return []
    return tags
