"""The drivers of metadata and of upload sessions."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from entrepot.drivers.sqlite.jobs import SqliteJobLedger
from entrepot.drivers.sqlite.metadata import SqliteMetadata
from entrepot.drivers.sqlite.migrations import migrate
from entrepot.drivers.sqlite.quarantine import SqliteQuarantine
from entrepot.drivers.sqlite.sessions import SqliteUploadSessions
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.jobs import JobLedger
from entrepot.ports.metadata import Metadata
from entrepot.ports.quarantine import Quarantine
from entrepot.ports.uploads import UploadSessions


@dataclass(frozen=True)
class TagChange:
    """A line of a tag's history."""

    old_digest: str | None
    new_digest: str | None
    caller: str
    changed_at: int


class MetadataDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    groups: list[int]
    """How many changes each commit carried."""

    def open(self) -> Metadata:
        """Make another instance of the driver, as another process would."""
        ...

    def tag_history(self, name: RepositoryName, tag: Tag) -> list[TagChange]:
        """Look at a tag's history, oldest first, which no port reads yet."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class SessionsDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> UploadSessions:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class JobsDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> JobLedger:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class QuarantineDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> Quarantine:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class SqliteMetadataDatabase:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._opened: list[SqliteMetadata] = []
        self.groups: list[int] = []

    def open(self) -> Metadata:
        self._opened.append(
            SqliteMetadata(self._path, lambda changes, _: self.groups.append(changes))
        )
        return self._opened[-1]

    def tag_history(self, name: RepositoryName, tag: Tag) -> list[TagChange]:
        with closing(sqlite3.connect(self._path)) as connection:
            rows = connection.execute(
                "SELECT old_digest, new_digest, caller, changed_at FROM tag_history "
                "JOIN repositories ON repositories.id = repository_id "
                "WHERE name = ? AND tag = ? ORDER BY tag_history.id",
                (name, tag),
            )
            return [TagChange(*row) for row in rows]

    def close(self) -> None:
        for metadata in self._opened:
            metadata.close()


class SqliteSessionsDatabase:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "sessions.db"
        migrate(self._path, "sessions", durable=False)
        self._opened: list[SqliteUploadSessions] = []

    def open(self) -> UploadSessions:
        self._opened.append(SqliteUploadSessions(self._path))
        return self._opened[-1]

    def close(self) -> None:
        for sessions in self._opened:
            sessions.close()


class SqliteJobsDatabase:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._opened: list[SqliteMetadata] = []

    def open(self) -> JobLedger:
        self._opened.append(SqliteMetadata(self._path))
        return SqliteJobLedger(self._opened[-1])

    def close(self) -> None:
        for metadata in self._opened:
            metadata.close()


class SqliteQuarantineDatabase:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._opened: list[SqliteMetadata] = []

    def open(self) -> Quarantine:
        self._opened.append(SqliteMetadata(self._path))
        return SqliteQuarantine(self._opened[-1])

    def close(self) -> None:
        for metadata in self._opened:
            metadata.close()


METADATA: dict[str, Callable[[Path], MetadataDatabase]] = {"sqlite": SqliteMetadataDatabase}
SESSIONS: dict[str, Callable[[Path], SessionsDatabase]] = {"sqlite": SqliteSessionsDatabase}
QUARANTINES: dict[str, Callable[[Path], QuarantineDatabase]] = {"sqlite": SqliteQuarantineDatabase}
JOBS: dict[str, Callable[[Path], JobsDatabase]] = {"sqlite": SqliteJobsDatabase}
