"""Counts what a collector does, and tells who wants to know."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from entrepot.errors import EntrepotError
from entrepot.ports.collection import Collected, CollectedKind, Why


class CollectionObserver(Protocol):
    """Is told while it happens."""

    def removed(self, removal: Collected) -> None:
        """Something was removed, durably."""
        ...

    def failed(self, what: str, error: EntrepotError) -> None:
        """Something could not be removed, and will be tried again."""
        ...

    def swept(self, what: str, looked: int, queued: int) -> None:
        """A page of the full sweep was read, of links, blobs, manifests or files."""
        ...


@dataclass(slots=True)
class Tally:
    """What was done; implements `CollectionObserver`.

    Attributes:
        removals: by kind.
        freed: bytes that were removed.
        strays: files that were removed and belonged to no blob.
        failures: how many things could not be removed.
        looked: what the full sweep has read, by kind.
        queued: what it found to have been forgotten.
    """

    removals: Counter[CollectedKind] = field(default_factory=Counter)
    freed: int = 0
    strays: int = 0
    failures: int = 0
    looked: Counter[str] = field(default_factory=Counter)
    queued: int = 0

    def removed(self, removal: Collected) -> None:
        """Count something that was removed."""
        self.removals[removal.kind] += 1
        if removal.kind is CollectedKind.BYTES:
            self.freed += removal.size
            self.strays += removal.why is Why.STRAY

    def failed(self, what: str, error: EntrepotError) -> None:
        """Count something that could not be removed."""
        self.failures += 1

    def swept(self, what: str, looked: int, queued: int) -> None:
        """Count a page of the full sweep."""
        self.looked[what] += looked
        self.queued += queued
