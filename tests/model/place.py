"""A registry's services and its collector on real drivers, with a clock in the test's hand."""

import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from entrepot.drivers.filesystem.foreign import DockerRegistryTree
from entrepot.drivers.filesystem.inspector import FilesystemInspector
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.drivers.sql.collection import SqlCollectionQueue
from entrepot.drivers.sql.database import Database
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.drivers.sql.quarantine import SqlQuarantine
from entrepot.drivers.sql.removal import SqlTagHistory
from entrepot.drivers.sql.sessions import SqlUploadSessions
from entrepot.drivers.sql.sweep import SqlCollectionSweep
from entrepot.errors import ClientError, UnknownBlob, UnknownManifest, UnknownReferences
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag, parse_reference
from entrepot.ports.access import ANONYMOUS, OpenAccess
from entrepot.ports.clock import MICROSECONDS
from entrepot.services.adoption.changes import DirectoryWatch
from entrepot.services.collection import CollectionRules, Collector, Sweep, Tally
from entrepot.services.delete import Delete
from entrepot.services.immutable import ImmutableTags
from entrepot.services.mount import Mount
from entrepot.services.promises import Promises
from entrepot.services.pull import Pull
from entrepot.services.push import Push
from entrepot.services.quarantine import Quarantining
from entrepot.services.references import ManifestPolicy
from entrepot.services.tag_history import TagHistories
from entrepot.services.upload import Chunk, Upload
from tests.wire.harness.contents import Content

GRACE = 800.0
RULES = CollectionRules(GRACE)
UNTAGGED = CollectionRules(GRACE, untagged=True)

Wrap = Callable[[Any, str], Any]


def bare(port: Any, name: str) -> Any:
    """Leave a port as it is."""
    return port


class Clock:
    """Stands still until it is moved; begins now, for files have the machine's times."""

    def __init__(self) -> None:
        self._now = time.time_ns() // 1000

    def now(self) -> int:
        """Tell the time."""
        return self._now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self._now += int(seconds * MICROSECONDS)


class Place:
    """One registry.

    Args:
        root: its directory.
        wrap: may put something around each port, whose name it is told.
        rules: what the collector takes.
        step: may put something around the database.
    """

    def __init__(
        self,
        root: Path,
        wrap: Wrap = bare,
        rules: CollectionRules = RULES,
        step: Callable[[Database], Database] = lambda database: database,
    ) -> None:
        prepare(root)
        self.path = path = root / "metadata.db"
        migrate(path, "metadata", durable=False)
        migrate(root / "sessions.db", "sessions", durable=False)
        self.layout, self.clock, self.rules, self.wrap = Layout(root), Clock(), rules, wrap
        self.writes: list[int] = []
        database = step(
            SqliteDatabase(path, observe=lambda changes, _: self.writes.append(changes))
        )
        self.database = SqlMetadata(database)
        self.sessions = SqlUploadSessions(SqliteDatabase(root / "sessions.db", durable=False))
        self.storage = FilesystemStorage(root, threads=4)
        self.pages = SqlCollectionSweep(database)
        self.tally = Tally()
        self.said: list[str] = []
        access = OpenAccess()
        metadata = wrap(self.database, "metadata")
        self.inspector = FilesystemInspector(self.layout.root)
        self.blobs = wrap(self.storage, "storage")
        self.queue = wrap(SqlCollectionQueue(database), "queue")
        promises = Promises(self.clock, rules.grace)
        self.uploads = Upload(metadata, self.sessions, self.blobs, access, self.clock)
        self.mounts = Mount(metadata, access, self.clock, promises)
        self.pulls = Pull(metadata, self.blobs, access, promises=promises)
        self.pushes = Push(metadata, access, self.clock, ManifestPolicy())
        self.deletes = Delete(metadata, access, self.clock, enabled=True)
        history = wrap(SqlTagHistory(self.database.database), "history")
        self.histories = TagHistories(metadata, history, access, self.clock, ImmutableTags())

    def say(self, statement: str, *values: object) -> None:
        """Change rows past every port, as another process would."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(statement, values)

    def close(self) -> None:
        """Let go of everything."""
        self.database.close()
        self.sessions.close()
        self.storage.close()
        self.inspector.close()

    async def push_blob(self, name: str, blob: Content) -> None:
        """Push a blob in one request."""
        await self.uploads.whole(
            ANONYMOUS, RepositoryName(name), Digest(blob.digest), Chunk(_body(blob.payload))
        )

    async def head_blob(self, name: str, blob: Content) -> bool:
        """Ask whether a repository has a blob, and rely upon it."""
        try:
            await self.pulls.blob(
                ANONYMOUS, RepositoryName(name), Digest(blob.digest), confirming=True
            )
        except UnknownBlob:
            return False
        return True

    async def head_manifest(self, name: str, manifest: Content) -> bool:
        """Ask whether a repository has a manifest, and rely upon it."""
        try:
            await self.pulls.manifest(
                ANONYMOUS, RepositoryName(name), Digest(manifest.digest), confirming=True
            )
        except UnknownManifest:
            return False
        return True

    async def mount(self, name: str, blob: Content, source: str) -> bool:
        """Mount a blob."""
        return await self.mounts.mount(
            ANONYMOUS, RepositoryName(name), Digest(blob.digest), RepositoryName(source)
        )

    async def push_manifest(self, name: str, manifest: Content, *tags: str) -> bool:
        """Push a manifest; False when something that it needs is not there."""
        try:
            await self.pushes.manifest(
                ANONYMOUS,
                RepositoryName(name),
                Digest(manifest.digest),
                manifest.payload,
                manifest.media_type,
                tuple(Tag(tag) for tag in tags),
            )
        except UnknownReferences:
            return False
        return True

    async def delete(self, name: str, reference: str) -> None:
        """Delete a tag, or a manifest by its digest, if it is there."""
        with suppress(UnknownManifest):
            await self.deletes.manifest(ANONYMOUS, RepositoryName(name), parse_reference(reference))

    async def restore(self, name: str, tag: str) -> bool:
        """Undo the last change of a tag; False when its manifest cannot be brought back."""
        try:
            await self.histories.restore(ANONYMOUS, RepositoryName(name), Tag(tag))
        except UnknownManifest:
            return False
        return True

    async def delete_blob(self, name: str, blob: Content) -> None:
        """Delete a blob, if it is there and no manifest needs it."""
        with suppress(ClientError):
            await self.deletes.blob(ANONYMOUS, RepositoryName(name), Digest(blob.digest))

    async def has_manifest(self, name: str, reference: str) -> bool:
        """Tell whether a repository has a manifest."""
        try:
            await self.pulls.manifest(ANONYMOUS, RepositoryName(name), parse_reference(reference))
        except UnknownManifest:
            return False
        return True

    async def pull_blob(self, name: str, blob: Content) -> bytes | None:
        """Read a whole blob; None when the repository does not have it."""
        repository = RepositoryName(name)
        try:
            found = await self.pulls.blob(ANONYMOUS, repository, Digest(blob.digest))
            content = await self.pulls.open(repository, found)
        except UnknownBlob:
            return None
        try:
            return b"".join([piece async for piece in content.read(0, found.size)])
        finally:
            content.close()

    def collector(self) -> Collector:
        """Make a collector, as another process would."""
        ports = (self.queue, self.blobs, self.clock, self.rules, self.tally)
        return Collector(*ports, pause=0.0, sessions=self.sessions)

    async def collect(self) -> None:
        """Look at the queue once."""
        await self.collector().look()

    async def sweep(
        self, *, adopted: bool = False, keep_strays: Callable[[], bool] = lambda: False
    ) -> None:
        """Sweep once, at full speed."""
        ports = (self.pages, self.queue, self.blobs, self.clock, self.rules, self.tally)
        await Sweep(
            *ports,
            share=1.0,
            adopted=adopted,
            keep_strays=keep_strays,
            directory=DirectoryWatch(DockerRegistryTree(self.layout.root), self.pages.trees),
            say=self.said.append,
            quarantining=Quarantining(
                SqlQuarantine(self.database.database),
                self.blobs,
                self.inspector,
                self.clock,
            ),
        ).run()

    async def settle(self, rounds: int = 4) -> None:
        """Let every grace pass, as often as things hang on each other."""
        for _ in range(rounds):
            await self.collect()
            self.clock.forward(2 * self.rules.grace + 1)
        await self.collect()

    def files(self) -> set[str]:
        """List the digests whose bytes are on the disk."""
        return {
            f"{path.parent.parent.parent.name}:{path.parent.name}"
            for path in self.layout.blobs.glob("*/*/*/data")
        }

    def folders(self) -> set[str]:
        """List the digests that have a folder on the disk."""
        return {
            f"{path.parent.parent.name}:{path.name}" for path in self.layout.blobs.glob("*/*/*")
        }


async def _body(content: bytes) -> AsyncIterator[bytes]:
    if content:
        yield content
