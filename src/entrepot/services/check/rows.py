"""The database by itself: its file, rows that lead nowhere, and the catalogue."""

from entrepot.ports.check import DanglingRow, RowKind
from entrepot.services.check.findings import Fault, Finding
from entrepot.services.check.tools import PAGE, Check, Stage


async def check_file(check: Check) -> bool:
    """Let the database check its own file.

    Returns:
        Whether it is sound; what a damaged one says is not worth comparing.
    """
    check.progress(Stage.DATABASE, check.counts)
    damage = await check.stores.rows.damage()
    for detail in damage:
        check.found(Finding(Fault.DATABASE_DAMAGED, "", "database", detail))
    return not damage


async def check_dangling(check: Check) -> None:
    """Find rows that refer to rows that are not there.

    They are never seen by clients. A number that is lost may be given to another blob or manifest
    later, to which they would lead then: so they are removed, and what is right is written anew.
    """
    for kind in RowKind:
        last: DanglingRow | None = None
        while page := await check.stores.rows.dangling(kind, last, PAGE):
            for row in page:
                reference = str(row.key[1]) if kind is not RowKind.LINK else f"blob {row.key[1]}"
                mended = check.repair and await check.stores.mender.drop(row)
                done = "removed" if mended else ""
                detail = f"{kind}: {row.detail}"
                check.found(
                    Finding(Fault.DANGLING_ROW, row.repository, reference, detail, done, mended)
                )
            last = page[-1]


async def check_catalogue(check: Check) -> None:
    """Find repositories that are listed wrongly."""
    after = 0
    while page := await check.stores.rows.wrong_in_catalogue(after, PAGE):
        for row in page:
            detail = (
                "it has manifests, and is not listed"
                if row.has_manifests
                else "it is listed, and has no manifests"
            )
            if check.repair:
                await check.stores.mender.mend_catalogue(row.number)
            done = "corrected" if check.repair else ""
            check.found(
                Finding(Fault.WRONG_CATALOGUE, row.name, "catalogue", detail, done, check.repair)
            )
        after = page[-1].number
