"""Uploads at once, over one database: what is counted and what is arriving never go over."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.drivers.sql.sessions import SqlReservations
from entrepot.errors import QuotaExceeded
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.services.quotas import receiving
from entrepot.services.quotas.enforced import EnforcedQuotas
from entrepot.services.quotas.limits import Limits, QuotaRules, Rule
from entrepot.services.upload import Chunk, Upload
from tests.unit.services.registry import CAROL, Registry, with_registry

NAMES = [RepositoryName("team/a"), RepositoryName("team/b")]
LIMIT = 10_000
PIECE = 500


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "AHEAD", 3 * PIECE)


def upload_of(registry: Registry) -> tuple[Upload, SqlReservations]:
    reservations = SqlReservations(registry.sessions.database)
    rules = QuotaRules(Limits(), [Rule(RepositoryGlobs.parse(["team"]), Limits(bytes=LIMIT))], [])
    quotas = EnforcedQuotas(rules, registry.metadata, reservations, registry.clock)
    return (
        Upload(
            registry.metadata,
            registry.sessions,
            registry.blobs,
            registry.access,
            registry.clock,
            quotas=quotas,
        ),
        reservations,
    )


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE):
        await asyncio.sleep(0)
        yield content[start : start + PIECE]


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 6000), st.booleans(), st.booleans()),
        min_size=2,
        max_size=7,
    )
)
@settings(deadline=None, max_examples=25)
def test_never_over_whatever_is_pushed_at_once(
    pushes: list[tuple[int, int, bool, bool]],
) -> None:
    async def work(registry: Registry) -> None:
        upload, reservations = upload_of(registry)
        over: list[int] = []

        async def watch() -> None:
            while True:
                used = (await registry.metadata.used(NAMES[0])).namespace.bytes
                taken = await reservations.reserved(NAMES[0], registry.clock.now())
                # What is being committed is given back a moment before it is counted.
                over.extend(value for value in (used, taken.namespace) if value > LIMIT)
                await asyncio.sleep(0)

        async def push(number: int, which: int, size: int, whole: bool, declared: bool) -> int:
            content = b"%d " % number * size
            content = content[:size]
            length = size if declared else None
            digest = Digest.of(content)
            try:
                if whole:
                    chunk = Chunk(pieces(content), length=length)
                    await upload.whole(CAROL, NAMES[which], digest, chunk)
                else:
                    session = await upload.begin(CAROL, NAMES[which])
                    chunk = Chunk(pieces(content), length=length)
                    await upload.append(CAROL, NAMES[which], session.id, chunk)
                    end = Chunk(pieces(b""), length=0)
                    await upload.finish(CAROL, NAMES[which], session.id, digest, end)
            except QuotaExceeded:
                return 0
            return size

        watching = asyncio.create_task(watch())
        numbers = count()
        taken = await asyncio.gather(*(push(next(numbers), *one) for one in pushes))
        watching.cancel()
        used = await registry.metadata.used(NAMES[0])
        assert not over
        assert used.namespace.bytes <= LIMIT
        assert used.namespace.bytes <= sum(taken)
        left = await reservations.reserved(NAMES[0], registry.clock.now())
        assert left.namespace == 0
        assert list((registry.layout.root / "entrepot" / "uploads").iterdir()) == []

    with_registry(work)


def test_what_others_take_is_left_to_them_and_comes_back() -> None:
    async def work(registry: Registry) -> None:
        upload, _ = upload_of(registry)
        begun, gate = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield bytes(PIECE)
            begun.set()
            await gate.wait()
            yield bytes(PIECE)

        first = await upload.begin(CAROL, NAMES[0])
        sending = asyncio.create_task(
            upload.append(CAROL, NAMES[0], first.id, Chunk(slow(), length=2 * PIECE))
        )
        await begun.wait()
        content = bytes([7]) * (LIMIT - PIECE)
        with pytest.raises(QuotaExceeded, match=r"1000 B are arriving, 9.28 KiB more wanted"):
            await upload.whole(
                CAROL, NAMES[1], Digest.of(content), Chunk(pieces(content), length=len(content))
            )
        gate.set()
        await sending
        await upload.cancel(CAROL, NAMES[0], first.id)
        await upload.whole(
            CAROL, NAMES[1], Digest.of(content), Chunk(pieces(content), length=len(content))
        )

    with_registry(work)


def test_a_lease_is_renewed_while_bytes_come() -> None:
    async def work(registry: Registry) -> None:
        upload, reservations = upload_of(registry)
        seen: list[int] = []

        async def slow() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield bytes(10)
                registry.clock.forward(20)
                taken = await reservations.reserved(NAMES[0], registry.clock.now())
                seen.append(taken.namespace)

        content = bytes(40)
        chunk = Chunk(slow(), length=len(content))
        await upload.whole(CAROL, NAMES[0], Digest.of(content), chunk)
        assert seen == [40] * 4

    with_registry(work)
