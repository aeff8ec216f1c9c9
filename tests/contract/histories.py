"""The history of a tag, as tests like to compare it."""

from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from tests.contract.databases import MetadataDatabase


@dataclass(frozen=True)
class TagLine:
    """A line of a tag's history, whatever its number."""

    old_digest: Digest | None
    new_digest: Digest | None
    caller: str
    changed_at: int


async def history_of(database: MetadataDatabase, name: RepositoryName, tag: Tag) -> list[TagLine]:
    """Read a tag's history, oldest first, in pages of two."""
    _, parts = database.removal()
    lines: list[TagLine] = []
    before: int | None = None
    while page := await parts.history.changes(name, tag, before, 2):
        assert len(page) <= 2
        for change in page:
            assert before is None or change.number < before
            before = change.number
            lines.append(
                TagLine(change.old_digest, change.new_digest, change.caller, change.changed_at)
            )
    return lines[::-1]
