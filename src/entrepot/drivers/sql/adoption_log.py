"""Remembers how far adoption is, in the same transactions as the rows that it makes."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from entrepot.drivers.sql.engines.sqlite.failures import translate
from entrepot.drivers.sql.engines.sqlite.lock import FileLock
from entrepot.drivers.sql.reader import QUERIES
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import AdoptionCounts, AdoptionState, Finding, FindingKind

# Those that triggers change are counted too, some two for each that is written here.
CHECKPOINT_ROWS = 12_000
LOCKED_WORK = "adopting this directory"
_COUNTED = ("repositories", "manifests", "tags", "blobs", "blob_bytes")


class SqliteAdoptionLog:
    """Implements `AdoptionLog`.

    Args:
        connection: nobody else uses it.
        lock: the file that keeps others from adopting; None where nobody else can come.
    """

    def __init__(self, connection: sqlite3.Connection, lock: Path | None) -> None:
        self._connection = connection
        self._lock_path = lock
        self._lock: FileLock | None = None
        self._new: Counter[str] = Counter()
        self._committed_changes = 0

    async def state(self) -> AdoptionState | None:
        """Tell how far adoption is; None when it never began."""
        with translated():
            row = self._run("adoption_state").fetchone()
        if row is None:
            return None
        started_at, finished_at, reached, *counts = row
        return AdoptionState(started_at, finished_at, reached, AdoptionCounts(*counts))

    async def has_content(self) -> bool:
        """Tell whether the database knows any repository or blob."""
        with translated():
            return bool(self._run("has_content").fetchone()[0])

    async def begin(self, now: int, *, again: bool) -> AdoptionState:
        """Become the only one who adopts, and go on from the state that this gives."""
        if self._lock is None and self._lock_path is not None:
            self._lock = FileLock(self._lock_path, LOCKED_WORK)
        with self._changing():
            if again and self._run("reopen_adoption", now=now).rowcount:
                self._run("forget_findings")
            self._run("begin_adoption", now=now)
        state = await self.state()
        if state is None:  # pragma: no cover (the row was just written)
            raise RuntimeError("the adoption that has just begun is gone")
        return state

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
            with self._changing():
                self._connection.executemany(QUERIES["note_finding"], rows)

    async def reached(self, name: RepositoryName) -> None:
        """Remember that a repository is wholly adopted."""
        with self._changing():
            self._run("mark_adopted", name=name)

    async def checkpoint(self) -> None:
        """Commit what was done, durably, when it has become much."""
        if self._connection.total_changes - self._committed_changes >= CHECKPOINT_ROWS:
            self._commit()

    async def finish(self, now: int) -> AdoptionState:
        """Commit everything, and that adoption is done."""
        with self._changing():
            self._run("finish_adoption", now=now)
        self._commit()
        state = await self.state()
        if state is None:
            raise RuntimeError("an adoption was finished that never began")
        return state

    async def counts(self) -> AdoptionCounts:
        """Tell what was made known so far."""
        state = await self.state()
        before = state.counts if state is not None else AdoptionCounts()
        return AdoptionCounts(*(getattr(before, name) + self._new[name] for name in _COUNTED))

    async def count_findings(self, kind: FindingKind) -> int:
        """Tell how many findings of a kind there are."""
        with translated():
            return int(self._run("count_findings", kind=str(kind)).fetchone()[0])

    async def findings(self, kind: FindingKind, after: Finding | None, limit: int) -> list[Finding]:
        """List findings of a kind, in order, in pages that begin behind a finding."""
        with translated():
            rows = self._run(
                "findings",
                kind=str(kind),
                repository=after.repository if after else "",
                reference=after.reference if after else "",
                detail=after.detail if after else "",
                limit=limit,
            ).fetchall()
        return [Finding(FindingKind(row[0]), *row[1:]) for row in rows]

    def close(self) -> None:
        """Let go of the database; what was not committed is gone."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with translated():
            if not self._connection.in_transaction:
                self._connection.execute("BEGIN IMMEDIATE")
            yield

    def _commit(self) -> None:
        with self._changing():
            self._run("count_adopted", **{name: self._new[name] for name in _COUNTED})
            self._connection.execute("COMMIT")
        self._new.clear()
        self._committed_changes = self._connection.total_changes

    def _digests(self, query: str, digests: Iterable[Digest]) -> set[str]:
        return {row[0] for row in self._run(query, digests=json.dumps(list(digests)))}

    def _run(self, query: str, **parameters: Any) -> sqlite3.Cursor:
        return self._connection.execute(QUERIES[query], parameters)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what sqlite3 raises inside into Entrepot's own errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error) from error
