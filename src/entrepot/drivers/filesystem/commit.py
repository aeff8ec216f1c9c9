"""Makes an upload a blob: checked, synced, and given its final name."""

import hashlib
import os
from pathlib import Path

from entrepot.drivers.filesystem.durability import FinalNames
from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.hashing import restore
from entrepot.drivers.filesystem.upload import lost
from entrepot.drivers.filesystem.upload_file import lock
from entrepot.errors import InvalidDigest
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Claim, UploadState

_READ_BYTES = 1024 * 1024


def commit_file(
    upload: Path, target: str, state: UploadState, digest: Digest, claim: Claim, names: FinalNames
) -> int:
    """Check an upload's file against a digest and make it the blob's file, durably.

    When the file is gone and a whole blob stands in its place, an earlier commit of the same
    upload got that far, and this one waits for what may not have reached the disk since.

    Returns:
        What keeps the blob's file from being removed, until it is closed.

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
        try:
            file = os.open(upload, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            held = None
            if known == digest:
                held = _hold_whole(target, state.received, digest, names)
            if held is not None:
                return held
            if state.received:
                raise lost(state) from None
            file = os.open(upload, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            lock(file, upload, claim)
            _cut(file, state)
            found = known or _digest_from_file(file, digest.algorithm)
            if found != digest:
                raise InvalidDigest(
                    f"the bytes that were received have the digest {found}, not {digest}",
                    {"digest": digest, "received": found},
                )
            _sync(file, upload)
            held = names.hold(target)
            try:
                names.give(str(upload), target, held)
            except BaseException:
                os.close(held)
                raise
            return held
        finally:
            os.close(file)


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
    """Tell whether the blob's file is what an earlier commit has put there.

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
