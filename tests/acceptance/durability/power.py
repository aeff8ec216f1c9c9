"""What a power loss would take: follows a trace and tells what is not on the disk when it must be.

A write is on the disk after a sync of its file that began after the write had ended; a name after
such a sync of its folder. That is all that POSIX promises, so it is all that is believed here.

A small blob's file may get its name unsynced: then its bytes must be in the database's log, which
is another copy of them. When the registry has settled it, it must be on the disk like any other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tests.acceptance.durability.trace import Step

_WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate", "fallocate"}
_SENDS = {"write", "writev", "sendto", "sendmsg"}
_SYNCS = {"fsync", "fdatasync"}
_OPENS = {"open", "openat", "creat"}
# Uploads under way and their sessions are allowed to be lost; a lock and shared memory say nothing.
_LOSABLE = ("/uploads/", "/uploads", "/sessions.db", ".db-shm", "/lock", "/workers", "-journal")


@dataclass
class Acknowledgement:
    """An answer that promises something, and what was wrong when it left.

    Attributes:
        answer: the beginning of what was sent.
        names: blobs that were given their name since the acknowledgement before.
        database_writes: writes to the database's log since then.
        faults: what a power loss at this moment would have taken.
    """

    answer: str
    names: int
    database_writes: int
    faults: list[str]


@dataclass
class Disk:
    """What has changed below a directory, and what of it is known to be on the disk.

    Args:
        above: the directory whose folders are watched; it was there before.
        data: the data directory below it, whose files are watched, too.
    """

    above: str
    data: str
    changed: dict[str, int] = field(default_factory=dict)
    synced: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    names: int = 0
    database_writes: int = 0
    contents: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, str] = field(default_factory=dict)
    copied: set[str] = field(default_factory=set)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)

    def follow(self, steps: Iterable[Step]) -> list[Acknowledgement]:
        """Follow a trace to its end; gives each acknowledgement in it."""
        for step in steps:
            if step.name in _WRITES and self._is_watched(step.file):
                self._write(step)
            elif step.name in _SENDS and not step.is_end and "HTTP/1.1 20" in step.arguments:
                self._answer(step)
            elif step.is_end and step.result is not None and step.result >= 0:
                self._done(step)
            elif step.name.startswith("rename") and not step.is_end:
                self._check_source(step)
        return self.acknowledgements

    def unsettled(self) -> list[str]:
        """List what of small blobs is not on the disk."""
        files = {path for blob in self.blobs.values() for path in (blob, *_folders(blob))}
        return sorted(path for path in files if self._is_dirty(path))

    def _is_watched(self, path: str) -> bool:
        return path.startswith(self.data)

    def _write(self, step: Step) -> None:
        self.changed[step.file] = step.at
        if "/uploads/" in step.file and not step.is_end:
            written = "".join(step.paths)
            self.contents[step.file] = self.contents.get(step.file, "") + written
        if step.file.endswith("metadata.db-wal"):
            self.database_writes += step.is_end
            self.copied |= {
                blob
                for upload, blob in self.blobs.items()
                if self.contents.get(upload, "") in step.arguments
            }

    def _done(self, step: Step) -> None:
        if step.name in _SYNCS:
            # A file that was linked is still called by the name that it was opened with.
            file = self.blobs.get(step.file, step.file)
            self.synced[file] = max(step.began, self.synced.get(file, -1))
        elif step.name in _OPENS and "O_CREAT" in step.arguments:
            path = step.paths[-1]
            if self._is_watched(path) and path not in self.known:
                self._name(path, step.at)
        elif step.name.startswith("mkdir"):
            self._name(step.paths[-1], step.at)
        elif step.name.startswith("unlink"):
            self.known.discard(step.paths[-1])
            self.changed.pop(step.paths[-1], None)
        elif step.name.startswith("link"):
            self._link(step)
        elif step.name.startswith("rename"):
            self._rename(step)

    def _name(self, path: str, at: int) -> None:
        self.known.add(path)
        folder = str(PurePosixPath(path).parent)
        if folder.startswith(self.above) and not _is_losable(path):
            self.changed[folder] = at

    def _check_source(self, step: Step) -> None:
        source, target = step.paths[0], step.paths[-1]
        if "/blobs/" in target and self._is_dirty(source):
            self.faults.append(f"{source} got the name {target} before it was synced")

    def _rename(self, step: Step) -> None:
        source, target = step.paths[0], step.paths[-1]
        for state in (self.changed, self.synced):
            if source in state:
                state[target] = state.pop(source)
        self._name(target, step.at)
        if "/blobs/" in target:
            self.names += 1
            # The folder of the blob, and the one of two digits, may be new through another
            # process and not yet synced by it. The latter is never removed: once is enough.
            prefix, algorithm = list(PurePosixPath(target).parents)[1:3]
            self.changed[str(prefix)] = step.at
            if str(prefix) not in self.settled:
                self.settled.add(str(prefix))
                self.changed[str(algorithm)] = step.at

    def _link(self, step: Step) -> None:
        source, target = step.paths[0], step.paths[-1]
        if "/blobs/" in target:
            self.names += 1
            self.blobs[source] = target
            self.copied.discard(target)
            for path in (target, *_folders(target)):
                self.known.add(path)
                self.changed[path] = step.at

    def _answer(self, step: Step) -> None:
        if not _promises(step.arguments):
            return
        faults = self.faults + [
            f"{path} is not on the disk"
            for path in self.changed
            if self._is_dirty(path) and not _is_losable(path) and path not in self._excused()
        ]
        self.acknowledgements.append(
            Acknowledgement(step.arguments[:120], self.names, self.database_writes, faults)
        )
        self.faults, self.names, self.database_writes = [], 0, 0

    def _excused(self) -> set[str]:
        """What may be missing, because the log has another copy of it."""
        return {path for blob in self.copied for path in (blob, *_folders(blob))}

    def _is_dirty(self, path: str) -> bool:
        return path in self.changed and self.changed[path] > self.synced.get(path, -1)


def _is_losable(path: str) -> bool:
    return any(part in path for part in _LOSABLE)


def _promises(answer: str) -> bool:
    """Tell whether an answer says that something is kept (201) or removed for good (202)."""
    if "HTTP/1.1 201" in answer:
        return True
    return "HTTP/1.1 202" in answer and "docker-upload-uuid" not in answer


def _folders(blob: str) -> list[str]:
    """The folders whose names a blob's file needs."""
    return [str(folder) for folder in list(PurePosixPath(blob).parents)[:3]]
