"""Short words for what the tests of blob storage do over and over."""

import random

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobReader, BlobWriter, Claim, Location, UploadState

MIB = 1024 * 1024
CLAIM = Claim("a test", lambda: True)
ENDED = Claim("a test that waited too long", lambda: False)


def some_bytes(size: int, seed: int = 0) -> bytes:
    return random.Random(f"{size} {seed}").randbytes(size)


async def send(storage: BlobWriter, state: UploadState, *pieces: bytes) -> UploadState:
    """Send one request's bytes, and let go of the upload."""
    async with await storage.append(state, CLAIM) as part:
        for piece in pieces:
            await part.write(piece)
        return await part.flush()


async def committed(
    storage: BlobWriter, state: UploadState, digest: Digest, claim: Claim = CLAIM
) -> Location:
    """Make an upload a blob, and let go of it at once."""
    async with storage.commit(state, digest, claim) as placed:
        return placed.location


async def needed() -> bool:
    """Answer a deletion that the bytes are needed after all."""
    return True


async def not_needed() -> bool:
    """Answer a deletion that nobody needs the bytes."""
    return False


async def keep(
    storage: BlobWriter, content: bytes, upload_id: str = "kept", algorithm: str = "sha256"
) -> Location:
    """Make bytes a blob."""
    state = await send(storage, await storage.begin(upload_id, algorithm), content)
    return await committed(storage, state, Digest.of(content, algorithm))


async def read_all(storage: BlobReader, location: Location, size: int) -> bytes:
    return await read_range(storage, location, size, 0, size)


async def read_range(
    storage: BlobReader, location: Location, size: int, start: int, stop: int
) -> bytes:
    content = await storage.open(location, size)
    try:
        return b"".join([piece async for piece in content.read(start, stop)])
    finally:
        content.close()
