"""Random lives of an upload, against the bytes that must be there."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import InvalidDigest
from entrepot.oci.digest import HEX_LENGTH, Digest
from tests.contract.storages import STORAGES, Storages
from tests.contract.uploading import CLAIM, MIB, committed, send, some_bytes

sizes = st.integers(0, 3_000) | st.integers(MIB - 2, MIB + 2)
requests = st.tuples(
    st.sampled_from(["sent", "sent", "sent", "broken off", "forgotten", "committed wrongly"]),
    st.lists(sizes, max_size=3),
    st.integers(0, 1),
)
algorithms = st.sampled_from(sorted(HEX_LENGTH))


async def live(
    storages: Storages,
    lives: list[tuple[str, list[int], int]],
    announced: str,
    asked: str,
) -> None:
    instances = [storages.open(), storages.open()]
    state, content = await instances[0].begin("u", announced), b""
    for number, (what, lengths, instance) in enumerate(lives):
        storage = instances[instance]
        pieces = [some_bytes(length, number) for length in lengths]
        if what == "sent":
            state = await send(storage, state, *pieces)
            content += b"".join(pieces)
        elif what == "broken off":
            async with await storage.append(state, CLAIM) as part:
                for piece in pieces:
                    await part.write(piece)
        elif what == "forgotten":
            await send(storage, state, *pieces)
        else:
            with pytest.raises(InvalidDigest):
                await committed(storage, state, Digest.of(content + b"x", asked))
        assert state.received == len(content)
    location = await committed(instances[0], state, Digest.of(content, asked))
    assert storages.stored(location) == content


@pytest.mark.parametrize("driver", STORAGES)
@given(st.lists(requests, max_size=8), algorithms, algorithms)
def test_an_upload_becomes_what_its_states_told_of(
    driver: str, lives: list[tuple[str, list[int], int]], announced: str, asked: str
) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        storages = STORAGES[driver](Path(folder))
        try:
            asyncio.run(live(storages, lives, announced, asked))
        finally:
            storages.close()
