"""Reads every blob and compares its bytes with its name, on all processors."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from entrepot.oci.digest import Digest
from entrepot.ports.adoption import Finding
from entrepot.ports.foreign import ForeignBlob, ForeignBlobs
from entrepot.services.adoption.progress import (
    Progress,
    ProgressObserver,
    Stage,
    ignore_progress,
)
from entrepot.services.adoption.read_ahead import read_ahead


@dataclass(slots=True)
class VerifiedBlobs:
    """What reading all blobs has shown.

    Attributes:
        blobs: how many were read.
        size: bytes that were read.
        damaged: those whose bytes are not what their names promise.
        findings: names that are no digests.
    """

    blobs: int = 0
    size: int = 0
    damaged: set[Digest] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


async def verify(
    source: ForeignBlobs,
    progress: ProgressObserver = ignore_progress,
    threads: int | None = None,
) -> VerifiedBlobs:
    """Read every blob of a directory.

    Args:
        source: the directory.
        progress: told of each blob.
        threads: how many read at once; None takes one a processor.

    Raises:
        StorageOutage: something cannot be read; the message names it.
    """
    threads = threads or os.cpu_count() or 1
    total = await asyncio.to_thread(_total_bytes, source)
    verified = VerifiedBlobs()
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(threads, "verify") as readers:

        async def read_next(blobs: Iterator[tuple[Digest, ForeignBlob]]) -> None:
            for digest, blob in blobs:
                whole = await loop.run_in_executor(
                    readers, source.has_digest, blob.location, digest
                )
                verified.blobs += 1
                verified.size += blob.size
                if not whole:
                    verified.damaged.add(digest)
                progress(Progress(Stage.VERIFYING, verified.size, total))

        async for batch in read_ahead(source.blobs()):
            verified.findings += [item for item in batch if isinstance(item, Finding)]
            blobs = iter([item for item in batch if not isinstance(item, Finding)])
            await asyncio.gather(*(read_next(blobs) for _ in range(threads)))
    return verified


def _total_bytes(source: ForeignBlobs) -> int:
    return sum(item[1].size for item in source.blobs() if not isinstance(item, Finding))
