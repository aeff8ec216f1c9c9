"""What holds a manifest, and how one goes that nothing holds; inside a transaction."""

from typing import Any, NamedTuple

from entrepot.drivers.sql.database import Session
from entrepot.drivers.sql.transaction import SqlTransaction
from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.access import COLLECTOR
from entrepot.ports.collection import Collected, CollectedKind, Why


async def date_manifest(
    session: Session, manifest: int, now: int, later: int, *, goes: bool
) -> None:
    """Let a candidate's grace begin, and that of its blobs a little later; or drop it.

    Args:
        session: of a transaction.
        manifest: its number.
        now: when its grace begins.
        later: when that of its blobs does.
        goes: whether one that nothing holds goes at all.
    """
    ties = await _ties(session, manifest)
    if (
        ties is None
        or not goes
        or (_is_held(ties) and not (await _tags(session, manifest)).orphaned)
    ):
        await session.run("drop_manifest_candidate", manifest=manifest)
        return
    await session.run("date_manifest", manifest=manifest, now=now)
    await session.run("date_links_of_manifest", manifest=manifest, since=later)


async def collect_manifest(
    session: Session, manifest: int, now: int, *, orphaned: bool, goes: bool
) -> list[Collected]:
    """Remove a candidate that nothing holds; drop the candidate where something does.

    Tags that made it an accessory of a manifest that was deleted hold nothing, and go.

    Args:
        session: of a transaction.
        manifest: its number.
        now: for the history of tags.
        orphaned: whether what it speaks of was deleted.
        goes: whether one that nothing holds goes at all.
    """
    ties = await _ties(session, manifest)
    tags = await _tags(session, manifest) if orphaned else _Tags([], [])
    if ties is None or not goes or (_is_held(ties) and not tags.orphaned):
        await session.run("drop_manifest_candidate", manifest=manifest)
        return []
    transaction = SqlTransaction(session)
    why = Why.ORPHANED if orphaned else Why.UNTAGGED
    removed = [Collected(CollectedKind.TAG, ties["name"], tag, 0, why) for tag in tags.orphaned]
    if tags.others or ties["indexed"] or ties["subject_is_there"]:
        for tag in tags.orphaned:
            await transaction.delete_tag(ties["repository"], tag, COLLECTOR, now)
        await session.run("drop_manifest_candidate", manifest=manifest)
        return removed
    dated = await session.rows("dated_links_of_manifest", manifest=manifest)
    # What a list of referrers names may have no subject of its own.
    listed = await session.column("listed_manifests", manifest=manifest) if tags.orphaned else []
    digest = Digest(ties["digest"])
    await transaction.delete_manifest(ties["repository"], digest, COLLECTOR, now)
    await session.many("widow_manifest", [{"manifest": child} for child in listed])
    for repository, blob, since in dated:
        # Whoever was promised one of them since then has let it wait anew.
        await session.run("date_link", repository=repository, blob=blob, since=since)
    return [*removed, Collected(CollectedKind.MANIFEST, ties["name"], digest, ties["size"], why)]


_TIES = (
    *("repository", "name", "digest", "size"),
    *("tagged", "indexed", "subject_is_there"),
)


async def _ties(session: Session, manifest: int) -> dict[str, Any] | None:
    rows = await session.rows("manifest_ties", manifest=manifest)
    return dict(zip(_TIES, rows[0], strict=True)) if rows else None


def _is_held(ties: dict[str, Any]) -> bool:
    return bool(ties["tagged"] or ties["indexed"] or ties["subject_is_there"])


class _Tags(NamedTuple):
    """The tags of a manifest: those whose subject was deleted, and those that hold it."""

    orphaned: list[Tag]
    others: list[Tag]


async def _tags(session: Session, manifest: int) -> _Tags:
    rows = await session.rows("tags_by_subject", manifest=manifest)
    return _Tags(
        [Tag(tag) for tag, orphaned in rows if orphaned],
        [Tag(tag) for tag, orphaned in rows if not orphaned],
    )
