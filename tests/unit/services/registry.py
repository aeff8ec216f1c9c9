"""Services on the real drivers, with a clock and access rules in the test's hand."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from entrepot.drivers.filesystem.inspector import FilesystemInspector
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.fills import SqlCheckedTags, SqlFills
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.drivers.sql.sessions import SqlUploadSessions
from entrepot.errors import Denied
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Access, Action, Caller, OpenAccess
from entrepot.ports.clock import MICROSECONDS
from tests.contract.engines import RepeatingDatabase

CAROL = Caller("carol")

# Rules are tested here, not durability: waiting for a disk would only take time.
_IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


class MovableClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now = 1_700_000_000 * MICROSECONDS

    def now(self) -> int:
        return self._now

    def forward(self, seconds: float) -> None:
        self._now += int(seconds * MICROSECONDS)


class HidingAccess:
    """Everybody may do everything, but nothing that needs to see a hidden repository."""

    def __init__(self, hidden: set[str]) -> None:
        self.hidden = hidden

    async def require(self, caller: Caller, action: Action, name: RepositoryName) -> None:
        if not await self.may(caller, action, name):
            raise Denied(f"{caller.name} may not {action} {name}")

    async def may(self, caller: Caller, action: Action, name: RepositoryName) -> bool:
        return name not in self.hidden

    async def reach(self, caller: Caller, action: Action) -> frozenset[str] | None:
        return None


class Registry:
    """What the services of one worker work on."""

    def __init__(self, root: Path, access: Access | None = None) -> None:
        prepare(root / "data")
        migrate(root / "metadata.db", "metadata", durable=True)
        migrate(root / "sessions.db", "sessions", durable=False)
        self.layout = Layout(root / "data")
        self.metadata = SqlMetadata(RepeatingDatabase(root / "metadata.db"))
        sessions = RepeatingDatabase(root / "sessions.db", durable=False)
        self.sessions = SqlUploadSessions(sessions)
        self.fills = SqlFills(sessions)
        self.checked_tags = SqlCheckedTags(sessions)
        # One thread: batches reach the file in the order in which they were handed over.
        self.blobs = FilesystemStorage(root / "data", threads=1)
        self.inspector = FilesystemInspector(root / "data")
        self.access: Access = access or OpenAccess()
        self.clock = MovableClock()

    def close(self) -> None:
        self.metadata.close()
        self.sessions.close()
        self.blobs.close()
        self.inspector.close()


def with_registry(
    work: Callable[[Registry], Awaitable[None]], access: Access | None = None
) -> None:
    """Run a function on a new registry."""

    async def run(root: Path) -> None:
        registry = Registry(root, access)
        try:
            await work(registry)
        finally:
            registry.close()

    with TemporaryDirectory(dir=_IN_MEMORY) as root:
        asyncio.run(run(Path(root)))
