"""Makes an upload a blob: checked, synced, and given its final name."""

import fcntl
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from entrepot.drivers.filesystem.durability import FinalNames
from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.hashing import restore
from entrepot.drivers.filesystem.unsettled import LARGEST_BYTES
from entrepot.drivers.filesystem.upload import lost
from entrepot.drivers.filesystem.upload_file import lock, write_all
from entrepot.errors import InvalidDigest
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Claim, UploadState

_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CommittedFile:
    """A blob's file in its place.

    Attributes:
        held: keeps the file from being removed, until it is closed.
        content: all of its bytes, where they are not on the disk yet.
        file: open, where they are not.
    """

    held: int
    content: bytes | None = None
    file: int = -1

    def close(self) -> None:
        """Let go of everything."""
        os.close(self.held)
        if self.file >= 0:
            os.close(self.file)


def commit_file(
    upload: Path,
    target: str,
    state: UploadState,
    digest: Digest,
    claim: Claim,
    names: FinalNames,
    *,
    unsynced: bool = False,
) -> CommittedFile:
    """Check an upload's file against a digest and make it the blob's file.

    When the file is gone and a whole blob stands in its place, an earlier commit of the same
    upload got that far, and this one waits for what may not have reached the disk since.

    Args:
        upload: the upload's file.
        target: the blob's.
        state: how much belongs to the upload.
        digest: that its bytes must have.
        claim: the right to do this.
        names: gives the file its name.
        unsynced: wait for no disk, and give the content instead. A file that has the name already
            may be good, and is replaced by none that is not synced: then this one is.

    Raises:
        Held: somebody removes a blob beside it at this moment; to be tried again.
        InvalidDigest: the bytes have another digest; the file stays.
        UnknownUpload: the file lacks bytes that the state tells of.
        UploadBusy: another request writes to the file, or may do so by now.
        StorageFull: there is no room for a directory.
        StorageOutage: the file system failed.
    """
    known = _digest_from_progress(state, digest)
    with translated("committing an upload"):
        file = _open(upload, state)
        if file is None and known == digest and state.received > LARGEST_BYTES:
            held = _hold_whole(target, state.received, digest, names)
            if held is not None:
                return CommittedFile(held)
        elif file is None and known == digest:
            # The earlier commit may have waited for no disk, and nobody did so since.
            file, unsynced = _copy_whole(target, upload, digest), False
        if file is None:
            raise lost(state)
        kept = False
        try:
            lock(file, upload, claim)
            _cut(file, state)
            content = os.pread(file, state.received, 0) if unsynced else None
            if content is not None:
                known = Digest.of(content, digest.algorithm)
            _check(known or _digest_from_file(file, digest.algorithm), digest)
            held = names.hold(target)
            try:
                if content is not None and names.give_if_free(str(upload), target):
                    fcntl.flock(file, fcntl.LOCK_UN)
                    kept = True
                    return CommittedFile(held, content, file)
                _sync(file, upload)
                names.give(str(upload), target, held)
            except BaseException:
                os.close(held)
                raise
            return CommittedFile(held)
        finally:
            if not kept:
                os.close(file)


def put_file(scratch: Path, target: str, content: bytes, names: FinalNames) -> None:
    """Make sure that a small blob's file has these bytes, durably.

    It is written anew even where it has them: nobody can tell whether they are on the disk.

    Args:
        scratch: a path for it until it is whole, on the same file system.
        target: the blob's.
        content: all of its bytes.
        names: gives the file its name.

    Raises:
        Held: somebody removes a blob beside it at this moment; to be tried again.
        StorageFull: there is no room.
        StorageOutage: the file system failed.
    """
    with translated("writing a small blob"):
        held = names.hold(target)
        try:
            file = os.open(scratch, os.O_WRONLY | os.O_CLOEXEC | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                write_all(file, [content], 0)
                _sync(file, scratch)
            finally:
                os.close(file)
            names.give(str(scratch), target, held)
        finally:
            scratch.unlink(missing_ok=True)
            os.close(held)


def _open(upload: Path, state: UploadState) -> int | None:
    """Open an upload's file, and make it where it has no bytes; None where they are gone."""
    make = 0 if state.received else os.O_CREAT
    try:
        return os.open(upload, os.O_RDWR | os.O_CLOEXEC | make, 0o600)
    except FileNotFoundError:
        return None


def _copy_whole(target: str, upload: Path, digest: Digest) -> int | None:
    """Make a small upload's file again from the blob's; None where that has other bytes."""
    try:
        with open(target, "rb") as blob:
            content = blob.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return None
    if Digest.of(content, digest.algorithm) != digest:
        return None
    file = os.open(upload, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(file, [content], 0)
    except BaseException:
        os.close(file)
        raise
    return file


def _check(found: str, digest: Digest) -> None:
    if found != digest:
        raise InvalidDigest(
            f"the bytes that were received have the digest {found}, not {digest}",
            {"digest": digest, "received": found},
        )


def _cut(file: int, state: UploadState) -> None:
    """Leave what the state tells of: bytes behind it were not acknowledged."""
    size = os.fstat(file).st_size
    if size < state.received:
        raise lost(state)
    if size > state.received:
        os.ftruncate(file, state.received)


def _hold_whole(target: str, size: int, digest: Digest, names: FinalNames) -> int | None:
    held = names.hold(target)
    try:
        if _is_whole(target, size, digest):
            names.sync(target, held)
            return held
    except BaseException:
        os.close(held)
        raise
    os.close(held)
    return None


def _sync(file: int, upload: Path) -> None:
    """Wait for the disk, and forget bytes that did not get there.

    Linux tells of them once: a second try would be told that all is well.
    """
    try:
        os.fsync(file)
    except OSError:
        upload.unlink(missing_ok=True)
        raise


def _digest_from_progress(state: UploadState, digest: Digest) -> str | None:
    if state.algorithm != digest.algorithm:
        return None
    if state.received == 0:
        return Digest.of(b"", state.algorithm)
    hasher = restore(state.algorithm, state.progress)
    return f"{state.algorithm}:{hasher.finalize()}" if hasher is not None else None


def _digest_from_file(file: int, algorithm: str) -> str:
    """Read the whole file, once: for uploads whose state could not be carried on."""
    hasher = hashlib.new(algorithm)
    offset = 0
    while content := os.pread(file, _READ_BYTES, offset):
        hasher.update(content)
        offset += len(content)
    return f"{algorithm}:{hasher.hexdigest()}"


def _is_whole(target: str, size: int, digest: Digest) -> bool:
    """Tell whether the blob's file was put there by an earlier commit.

    It is read: what has rotted since keeps its size, and this commit takes it out of quarantine.
    """
    try:
        file = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        if os.fstat(file).st_size != size:
            return False
        return _digest_from_file(file, digest.algorithm) == digest
    finally:
        os.close(file)
