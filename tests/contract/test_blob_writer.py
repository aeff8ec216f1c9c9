import asyncio
import os

import pytest

from entrepot.errors import InvalidDigest, UnknownUpload, UploadBusy
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobStorage, Claim, UploadState
from tests.contract.storages import Storages
from tests.contract.uploading import CLAIM, ENDED, MIB, committed, keep, read_all, send, some_bytes

pytestmark = pytest.mark.anyio

SIZES = [0, 1, 511, MIB - 1, MIB, MIB + 1, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 3 * MIB + 7]
ALGORITHMS = ["sha256", "sha512"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_what_was_sent_is_what_is_read(
    storages: Storages, storage: BlobStorage, size: int, algorithm: str
) -> None:
    content = some_bytes(size)
    location = await keep(storage, content, algorithm=algorithm)
    assert await read_all(storages.open(), location, size) == content
    assert storages.stored(location) == content


@pytest.mark.parametrize("piece", [1, 4_096, 65_536, MIB, 3 * MIB])
async def test_how_the_bytes_are_cut_makes_no_difference(storage: BlobStorage, piece: int) -> None:
    content = some_bytes(1_500 if piece == 1 else 2 * MIB + 300_001)
    state = await storage.begin("u", "sha256")
    pieces = [content[start : start + piece] for start in range(0, len(content), piece)]
    state = await send(storage, state, b"", *pieces, b"")
    assert state.received == len(content)
    location = await committed(storage, state, Digest.of(content))
    assert await read_all(storage, location, len(content)) == content


async def test_a_new_upload_has_received_nothing(storage: BlobStorage) -> None:
    state = await storage.begin("u", "sha512")
    assert (state.upload_id, state.algorithm, state.received) == ("u", "sha512", 0)
    assert await send(storage, state) == state


async def test_a_request_without_bytes_changes_nothing(storage: BlobStorage) -> None:
    state = await send(storage, await storage.begin("u", "sha256"), b"abc")
    assert await send(storage, state) == state
    assert await send(storage, state, b"", b"") == state


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_chunk_may_go_through_another_instance(
    storages: Storages, algorithm: str
) -> None:
    content = some_bytes(2 * MIB + 99)
    state = await storages.open().begin("u", algorithm)
    for start in range(0, len(content), 300_000):
        state = await send(storages.open(), state, content[start : start + 300_000])
        assert state.received == min(start + 300_000, len(content))
    location = await committed(storages.open(), state, Digest.of(content, algorithm))
    assert storages.stored(location) == content


async def test_a_state_is_small_and_can_be_written_down(storages: Storages) -> None:
    content = some_bytes(MIB + 1)
    state = await send(storages.open(), await storages.open().begin("u", "sha512"), content)
    assert len(state.progress) < 1_024
    written = (state.upload_id, state.algorithm, state.received, bytes(state.progress))
    location = await committed(
        storages.open(), UploadState(*written), Digest.of(content, state.algorithm)
    )
    assert storages.stored(location) == content


@pytest.mark.parametrize("more", [1, 1_000, MIB, 2 * MIB + 5])
@pytest.mark.parametrize("before", [0, 1_000])
async def test_bytes_behind_the_state_are_cut_off(
    storages: Storages, storage: BlobStorage, before: int, more: int
) -> None:
    begin, lost, end = some_bytes(before, 1), some_bytes(more, 2), some_bytes(500, 3)
    state = await send(storage, await storage.begin("u", "sha256"), begin)
    await send(storage, state, lost)
    state = await send(storages.open(), state, end)
    assert state.received == before + 500
    assert [upload.state.received async for upload in storage.uploads()] == [before + 500]
    location = await committed(storage, state, Digest.of(begin + end))
    assert storages.stored(location) == begin + end


async def test_a_commit_takes_what_its_state_tells_of_and_no_more(
    storages: Storages, storage: BlobStorage
) -> None:
    state = await send(storage, await storage.begin("u", "sha256"), b"first")
    await send(storage, state, b"second")
    location = await committed(storage, state, Digest.of(b"first"))
    assert storages.stored(location) == b"first"


@pytest.mark.parametrize("size", [1, MIB, 3 * MIB + 1])
async def test_a_part_that_broke_off_changes_nothing(
    storages: Storages, storage: BlobStorage, size: int
) -> None:
    state = await send(storage, await storage.begin("u", "sha256"), b"before")

    async def break_off() -> None:
        async with await storage.append(state, CLAIM) as part:
            await part.write(some_bytes(size))
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await break_off()
    state = await send(storage, state, b", after")
    location = await committed(storage, state, Digest.of(b"before, after"))
    assert storages.stored(location) == b"before, after"


async def test_a_part_can_be_flushed_again_and_again(
    storages: Storages, storage: BlobStorage
) -> None:
    content = some_bytes(3 * MIB)
    state = await storage.begin("u", "sha256")
    async with await storage.append(state, CLAIM) as part:
        for start in range(0, len(content), 500_000):
            await part.write(content[start : start + 500_000])
            state = await part.flush()
            assert state == await part.flush()
            assert state.received == min(start + 500_000, len(content))
    location = await committed(storage, state, Digest.of(content))
    assert storages.stored(location) == content


async def test_a_checkpoint_tells_of_bytes_from_which_another_process_can_go_on(
    storages: Storages, storage: BlobStorage
) -> None:
    content = some_bytes(16 * MIB)
    state = await storage.begin("u", "sha256")

    async def break_off() -> UploadState:
        states = [state]
        async with await storage.append(state, CLAIM) as part:
            for start in range(0, len(content), 500_000):
                await part.write(content[start : start + 500_000])
                states.append(part.checkpoint())
        assert [told.received for told in states] == sorted(told.received for told in states)
        return states[-1]

    reached = await break_off()
    assert 0 < reached.received <= len(content)
    state = await send(storages.open(), reached, content[reached.received :])
    location = await committed(storage, state, Digest.of(content))
    assert storages.stored(location) == content


@pytest.mark.parametrize("size", [7, 3 * MIB])
async def test_a_writer_whose_claim_has_ended_takes_nothing_from_its_successor(
    storages: Storages, storage: BlobStorage, size: int
) -> None:
    state = await send(storage, await storage.begin("u", "sha256"), b"shared")
    held = True
    async with await storage.append(state, Claim("first", lambda: held)) as part:
        held = False
        state = await send(storages.open(), state, b", and the successor's")

        async def go_on() -> None:
            await part.write(some_bytes(size))
            await part.flush()

        with pytest.raises(UploadBusy):
            await go_on()
    content = b"shared, and the successor's"
    with pytest.raises(UploadBusy):
        await committed(storage, state, Digest.of(content), ENDED)
    location = await committed(storage, state, Digest.of(content))
    assert storages.stored(location) == content


async def test_a_writer_that_is_cancelled_leaves_nothing_open_and_the_upload_going(
    storages: Storages, storage: BlobStorage
) -> None:
    state = await send(storage, await storage.begin("u", "sha256"), b"kept")
    before = os.listdir("/proc/self/fd")

    async def write_for_ever() -> None:
        async with await storage.append(state, CLAIM) as part:
            while True:
                await part.write(some_bytes(MIB))
                await asyncio.sleep(0)

    writing = asyncio.create_task(write_for_ever())
    await asyncio.sleep(0.02)
    writing.cancel()
    await asyncio.wait([writing])
    assert writing.cancelled()
    assert len(os.listdir("/proc/self/fd")) <= len(before)
    location = await committed(storage, state, Digest.of(b"kept"))
    assert storages.stored(location) == b"kept"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_wrong_digest_is_refused_and_the_upload_goes_on(
    storages: Storages, storage: BlobStorage, algorithm: str
) -> None:
    state = await send(storage, await storage.begin("u", "sha256"), b"abc")
    for wrong in (b"", b"ab", b"abcd"):
        with pytest.raises(InvalidDigest):
            await committed(storage, state, Digest.of(wrong, algorithm))
    state = await send(storage, state, b"def")
    location = await committed(storage, state, Digest.of(b"abcdef", algorithm))
    assert storages.stored(location) == b"abcdef"


@pytest.mark.parametrize("announced", ALGORITHMS)
@pytest.mark.parametrize("asked", ALGORITHMS)
@pytest.mark.parametrize("size", [0, 3 * MIB + 1])
async def test_the_digest_may_be_of_another_algorithm_than_was_announced(
    storages: Storages, storage: BlobStorage, announced: str, asked: str, size: int
) -> None:
    content = some_bytes(size)
    state = await storage.begin("u", announced)
    for half in (content[: size // 2], content[size // 2 :]):
        state = await send(storage, state, half)
    location = await committed(storage, state, Digest.of(content, asked))
    assert storages.stored(location) == content


async def test_an_upload_without_a_byte_is_the_empty_blob(
    storages: Storages, storage: BlobStorage
) -> None:
    state = await storage.begin("u", "sha256")
    location = await committed(storage, state, Digest.of(b""))
    assert storages.stored(location) == b""
    with pytest.raises(InvalidDigest):
        await committed(storage, await storage.begin("v", "sha256"), Digest.of(b"x"))


@pytest.mark.parametrize("size", [0, 5, MIB + 1])
async def test_a_commit_can_be_repeated(
    storages: Storages, storage: BlobStorage, size: int
) -> None:
    content = some_bytes(size)
    state = await send(storage, await storage.begin("u", "sha256"), content)
    for instance in (storage, storage, storages.open()):
        location = await committed(instance, state, Digest.of(content))
        assert storages.stored(location) == content


async def test_committing_what_is_there_already_leaves_one_whole_blob(
    storages: Storages, storage: BlobStorage
) -> None:
    content = some_bytes(MIB)
    for upload_id in ("u", "v", "w"):
        location = await keep(storage, content, upload_id)
        assert storages.stored(location) == content
    assert [upload async for upload in storage.uploads()] == []


async def test_committing_heals_a_damaged_blob(storages: Storages, storage: BlobStorage) -> None:
    content = some_bytes(1_000)
    location = await keep(storage, content)
    for number, damage in enumerate((None, b"", content[:-1], bytes(1_000))):
        storages.damage(location, damage)
        location = await keep(storage, content, f"u{number}")
        assert storages.stored(location) == content


async def test_two_uploads_of_the_same_bytes_may_be_committed_at_once(storages: Storages) -> None:
    content = some_bytes(MIB + 1)
    instances = [storages.open() for _ in range(8)]
    states = [
        await send(instance, await instance.begin(f"u{number}", "sha256"), content)
        for number, instance in enumerate(instances)
    ]
    locations = await asyncio.gather(
        *(
            committed(instance, state, Digest.of(content))
            for instance, state in zip(instances, states, strict=True)
        )
    )
    for location in locations:
        assert await read_all(instances[0], location, len(content)) == content


async def test_many_uploads_at_once_do_not_mix(storages: Storages, storage: BlobStorage) -> None:
    async def upload(number: int) -> None:
        content = some_bytes(200_000, number)
        state = await storage.begin(f"u{number}", "sha256")
        for start in range(0, len(content), 30_000):
            state = await send(storage, state, content[start : start + 30_000])
        location = await committed(storage, state, Digest.of(content))
        assert storages.stored(location) == content

    await asyncio.gather(*(upload(number) for number in range(30)))


@pytest.mark.parametrize("left", [None, 0, 999])
async def test_an_upload_whose_bytes_are_lost_is_unknown(
    storages: Storages, storage: BlobStorage, left: int | None
) -> None:
    content = some_bytes(1_000)
    state = await send(storage, await storage.begin("u", "sha256"), content)
    storages.cut_upload("u", left)
    with pytest.raises(UnknownUpload):
        await send(storage, state, b"more")
    with pytest.raises(UnknownUpload):
        await committed(storages.open(), state, Digest.of(content))


async def test_lost_bytes_do_not_become_another_blob_of_the_same_size(
    storages: Storages, storage: BlobStorage
) -> None:
    other = some_bytes(1_000, 1)
    await keep(storage, other)
    state = await send(storage, await storage.begin("u", "sha256"), some_bytes(1_000, 2))
    storages.cut_upload("u", None)
    with pytest.raises((UnknownUpload, InvalidDigest)):
        await committed(storage, state, Digest.of(other))


async def test_an_aborted_upload_is_unknown_and_leaves_nothing(
    storages: Storages, storage: BlobStorage
) -> None:
    state = await send(storage, await storage.begin("u", "sha256"), b"abc")
    await storages.open().abort(UploadState("u", "sha256", 0, b""))
    await storage.abort(UploadState("u", "sha256", 0, b""))
    assert [upload async for upload in storage.uploads()] == []
    with pytest.raises(UnknownUpload):
        await send(storage, state, b"def")
    with pytest.raises(UnknownUpload):
        await committed(storage, state, Digest.of(b"abc"))


async def test_uploads_leave_nothing_open(storage: BlobStorage) -> None:
    await keep(storage, some_bytes(MIB))
    before = os.listdir("/proc/self/fd")
    for number in range(3):
        await keep(storage, some_bytes(MIB + number), f"u{number}")
        state = await send(storage, await storage.begin(f"v{number}", "sha256"), b"abc")
        with pytest.raises(InvalidDigest):
            await committed(storage, state, Digest.of(b"x"))
        await storage.abort(UploadState(f"v{number}", "sha256", 0, b""))
    assert len(os.listdir("/proc/self/fd")) <= len(before)
