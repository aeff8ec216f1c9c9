"""Removing an image with all that nothing else holds: an index takes its children along."""

from entrepot.oci.digest import Digest
from entrepot.ports.metadata import Transaction


async def remove_unheld(
    transaction: Transaction, repository: int, digest: Digest, caller: str, now: int
) -> list[Digest]:
    """Remove a manifest unless something holds it, and its children likewise.

    A tag, an index that has it, and the manifest that it is about hold a manifest. Referrers of
    what goes, and blobs, are left to the collector.

    Args:
        transaction: in which it happens.
        repository: the repository's number.
        digest: of the manifest; an unknown one is passed over.
        caller: who does it.
        now: microseconds since 1970, UTC.

    Returns:
        What was removed.
    """
    removed: list[Digest] = []
    waiting = [digest]
    while waiting:
        candidate = waiting.pop()
        if await transaction.is_held(repository, candidate):
            continue
        children = await transaction.children(repository, candidate)
        if await transaction.delete_manifest(repository, candidate, caller, now) is not None:
            removed.append(candidate)
            waiting += children
    return removed
