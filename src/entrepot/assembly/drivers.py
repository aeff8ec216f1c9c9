"""What the services work on, opened by the backend."""

from collections.abc import Callable
from dataclasses import dataclass

from entrepot.ports.access import Access
from entrepot.ports.accounts import Accounts
from entrepot.ports.blobs import BlobStorage
from entrepot.ports.check import Mender
from entrepot.ports.clock import Clock
from entrepot.ports.collection import CollectionQueue, CollectionSweep
from entrepot.ports.events import EventLog
from entrepot.ports.eviction import CachedImages
from entrepot.ports.fills import CheckedTags, Fills
from entrepot.ports.guesses import GuessLedger
from entrepot.ports.inspection import BlobInspector
from entrepot.ports.jobs import JobLedger
from entrepot.ports.metadata import Metadata
from entrepot.ports.pulls import PullGatherers, PullTimes
from entrepot.ports.quarantine import Quarantine
from entrepot.ports.redo import RedoLog
from entrepot.ports.removal import DatedTags, HiddenRepositories, TagHistory
from entrepot.ports.tokens import TokenStore
from entrepot.ports.uploads import Reservations, UploadSessions
from entrepot.ports.usage import UsageReader, UsageRecount


@dataclass(frozen=True, slots=True)
class Drivers:
    """What the services work on, opened in this process; `close` lets go of all of it.

    Attributes:
        holders: what the names of this process's claims begin with, `NODE/worker-N/` or
            `NODE/command-PID/`: whoever knows that it has ended can free them.
    """

    metadata: Metadata
    sessions: UploadSessions
    blobs: BlobStorage
    access: Access
    clock: Clock
    jobs: JobLedger
    events: EventLog
    tag_history: TagHistory
    dated_tags: DatedTags
    hidden_repositories: HiddenRepositories
    pulls: PullTimes
    pull_gatherers: PullGatherers
    accounts: Accounts
    tokens: TokenStore
    fills: Fills
    checked_tags: CheckedTags
    cached_images: CachedImages
    guesses: GuessLedger
    quarantine: Quarantine
    inspector: BlobInspector
    collection: CollectionQueue
    collection_sweep: CollectionSweep
    reservations: Reservations
    mender: Mender
    redo: RedoLog
    usage: UsageReader
    recount: UsageRecount
    holders: str
    close: Callable[[], None]

    async def free_claims(self, holders: str) -> None:
        """Let go of the claims of processes that have ended, for others to go on at once.

        Args:
            holders: what the names of the holders begin with.

        Raises:
            MetadataOutage: a database failed.
        """
        await self.sessions.release_all(holders)
        await self.fills.release_all(holders)
        await self.jobs.release_all(holders)
        await self.collection.release_all_bytes(holders)
