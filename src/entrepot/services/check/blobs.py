"""The rows of blobs against their bytes."""

from entrepot.oci.digest import Digest
from entrepot.ports.check import KnownBlob
from entrepot.ports.quarantine import Reason
from entrepot.services.check.findings import Fault, Finding
from entrepot.services.check.tools import PAGE, Check, Stage
from entrepot.services.verify import verify_blob

_USERS_NAMED = 3
_KINDS = {
    Reason.MISSING: Fault.MISSING_FILE,
    Reason.WRONG_SIZE: Fault.WRONG_SIZE,
    Reason.WRONG_BYTES: Fault.WRONG_BYTES,
}
_SAID = {
    Reason.MISSING: "its file is missing",
    Reason.WRONG_SIZE: "its file has another size",
    Reason.WRONG_BYTES: "its bytes are wrong",
}


async def check_blobs(check: Check) -> None:
    """Look at every blob that is known."""
    after = 0
    while page := await check.stores.rows.blobs(after, PAGE):
        sizes = await check.stores.blobs.sizes([known.blob.location for known in page])
        for known, size in zip(page, sizes, strict=True):
            await _check_blob(check, known, size)
            check.counts.blobs += 1
            if check.verify:
                check.progress(Stage.BLOBS, check.counts)
        after = page[-1].number
        check.progress(Stage.BLOBS, check.counts)


async def _check_blob(check: Check, known: KnownBlob, size: int | None) -> None:
    blob = known.blob
    reason: Reason | None = None
    if known.quarantined_at is not None or (check.verify and size == blob.size):
        check.counts.reading = blob.digest
        check.progress(Stage.BLOBS, check.counts)
        reason = await verify_blob(check.stores.blobs, blob, check.pacer)
        check.counts.verified_bytes += size or 0
        check.counts.reading = ""
    elif size is None:
        reason = Reason.MISSING
    elif size != blob.size:
        reason = Reason.WRONG_SIZE
    if known.quarantined_at is not None:
        await _tell_of_quarantine(check, known, known.quarantined_at, reason)
    elif reason is not None and await _is_known(check, known):
        await _tell_of_damage(check, known, reason, size)


async def _is_known(check: Check, known: KnownBlob) -> bool:
    """Look again: the collector takes the row first and the file after it."""
    found = await check.stores.rows.blobs(known.number - 1, 1)
    return bool(found) and found[0] == known


async def _tell_of_quarantine(
    check: Check, known: KnownBlob, since: int, reason: Reason | None
) -> None:
    said = "its bytes are correct again" if reason is None else _SAID[reason]
    mended = (
        check.repair and reason is None and await check.stores.quarantine.release(known.blob, since)
    )
    done = "served again" if mended else ""
    await _tell(check, Fault.QUARANTINED, known.blob.digest, said, done, mended=mended)


async def _tell_of_damage(check: Check, known: KnownBlob, reason: Reason, size: int | None) -> None:
    said = _SAID[reason]
    if reason is Reason.WRONG_SIZE:
        said = f"its file has {size} bytes where {known.blob.size} belong"
    done = ""
    if check.repair:

        async def look_again() -> Reason | None:
            return await verify_blob(check.stores.blobs, known.blob, check.pacer)

        again = look_again if reason is Reason.WRONG_BYTES else None
        if await check.quarantining.put(known.blob, reason, again):
            done = "put into quarantine"
    await _tell(check, _KINDS[reason], known.blob.digest, said, done)


async def _tell(
    check: Check, kind: Fault, digest: Digest, said: str, done: str, *, mended: bool = False
) -> None:
    users = await check.stores.rows.users(digest, _USERS_NAMED + 1)
    if users:
        more = " and others" if len(users) > _USERS_NAMED else ""
        said = f"{said}; needed by {', '.join(users[:_USERS_NAMED])}{more}"
    check.found(Finding(kind, "", digest, said, done, mended))
