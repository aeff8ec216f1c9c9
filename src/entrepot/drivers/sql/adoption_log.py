"""Remembers how far adoption is, in the same transactions as the rows that it makes."""

from collections import Counter
from collections.abc import Iterable

from entrepot.drivers.sql.engines.sqlite.bulk import SqliteBulk
from entrepot.drivers.sql.transaction import SqlTransaction
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import AdoptionCounts, AdoptionState, Finding, FindingKind

# Those that triggers change are counted too, some two for each that is written here.
CHECKPOINT_ROWS = 12_000
_COUNTED = ("repositories", "manifests", "tags", "blobs", "blob_bytes")


class SqlAdoptionLog:
    """Implements `AdoptionLog`.

    Args:
        session: nobody else uses it.
    """

    def __init__(self, session: SqliteBulk) -> None:
        self._session = session
        self._transaction = SqlTransaction(session)
        self._new: Counter[str] = Counter()

    async def state(self) -> AdoptionState | None:
        """Tell how far adoption is; None when it never began."""
        rows = await self._session.rows("adoption_state")
        if not rows:
            return None
        started_at, finished_at, reached, *counts = rows[0]
        return AdoptionState(started_at, finished_at, reached, AdoptionCounts(*counts))

    async def has_content(self) -> bool:
        """Tell whether the database knows any repository or blob."""
        return bool((await self._session.column("has_content"))[0])

    async def begin(self, now: int, *, again: bool) -> AdoptionState:
        """Become the only one who adopts, and go on from the state that this gives."""
        self._session.hold()
        if again and await self._session.run("reopen_adoption", now=now):
            await self._session.run("forget_findings")
        await self._session.run("begin_adoption", now=now)
        return await self._begun()

    async def note(self, findings: Iterable[Finding]) -> None:
        """Remember findings, each once."""
        rows = [
            {
                "kind": str(finding.kind),
                "repository": finding.repository,
                "reference": finding.reference,
                "detail": finding.detail,
            }
            for finding in findings
        ]
        if rows:
            await self._session.many("note_finding", rows)

    async def reached(self, name: RepositoryName) -> None:
        """Remember that a repository is wholly adopted."""
        await self._session.run("mark_adopted", name=name)

    async def checkpoint(self) -> None:
        """Commit what was done, durably, when it has become much."""
        if self._session.changes() >= CHECKPOINT_ROWS:
            await self._commit()

    async def finish(self, now: int) -> AdoptionState:
        """Commit everything, and that adoption is done."""
        await self._begun()  # nothing is committed for an adoption that is not known
        await self._session.run("finish_adoption", now=now)
        await self._commit()
        return await self._begun()

    async def counts(self) -> AdoptionCounts:
        """Tell what was made known so far."""
        state = await self.state()
        before = state.counts if state is not None else AdoptionCounts()
        return AdoptionCounts(*(getattr(before, name) + self._new[name] for name in _COUNTED))

    async def count_findings(self, kind: FindingKind) -> int:
        """Tell how many findings of a kind there are."""
        return int((await self._session.column("count_findings", kind=str(kind)))[0])

    async def findings(self, kind: FindingKind, after: Finding | None, limit: int) -> list[Finding]:
        """List findings of a kind, in order, in pages that begin behind a finding."""
        rows = await self._session.rows(
            "findings",
            kind=str(kind),
            repository=after.repository if after else "",
            reference=after.reference if after else "",
            detail=after.detail if after else "",
            limit=limit,
        )
        return [Finding(FindingKind(row[0]), *row[1:]) for row in rows]

    def close(self) -> None:
        """Let go of the database; what was not committed is gone."""
        self._session.close()

    async def _begun(self) -> AdoptionState:
        state = await self.state()
        if state is None:
            raise RuntimeError("no adoption has begun")
        return state

    async def _commit(self) -> None:
        await self._session.run("count_adopted", **{name: self._new[name] for name in _COUNTED})
        self._session.commit()
        self._new.clear()
