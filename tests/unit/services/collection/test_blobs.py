"""Blobs go when no manifest needs them and nobody was promised them."""

from collections.abc import AsyncIterator

from entrepot.drivers.sql.database import Session
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import ANONYMOUS
from entrepot.services.upload import Chunk
from tests.model.place import GRACE, Place
from tests.unit.services.collection.places import at_a_place, push
from tests.wire.harness.contents import CONFIG, Content, image

ONE, TWO = Content(b"one"), Content(b"two" * 100)
FIRST, SECOND = image(ONE, config=CONFIG), image(ONE, TWO, config=CONFIG)
ALMOST, OVER = GRACE - 1, GRACE + GRACE / 8 + 1


def test_a_blob_that_no_manifest_came_for_goes_after_its_grace() -> None:
    async def work(place: Place) -> None:
        await place.push_blob("a", ONE)
        await place.collect()
        place.clock.forward(ALMOST)
        await place.collect()
        assert place.files() == {ONE.digest}
        place.clock.forward(OVER - ALMOST)
        await place.collect()
        assert place.files() == place.folders() == set()
        assert not await place.head_blob("a", ONE)
        assert place.tally.freed == ONE.size

    at_a_place(work)


def test_what_a_manifest_needs_stays() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.settle()
        await place.sweep()
        await place.settle()
        assert place.files() == {ONE.digest, CONFIG.digest}

    at_a_place(work)


def test_the_grace_begins_when_the_last_manifest_goes() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await push(place, "a", SECOND, ONE, TWO, tag="2")
        await place.settle()
        await place.delete("a", FIRST.digest)
        await place.settle()
        assert place.files() == {ONE.digest, TWO.digest, CONFIG.digest}
        await place.delete("a", SECOND.digest)
        await place.collect()
        place.clock.forward(ALMOST)
        await place.collect()
        assert place.files() == {ONE.digest, TWO.digest, CONFIG.digest}
        place.clock.forward(OVER - ALMOST)
        await place.collect()
        assert place.files() == set()

    at_a_place(work)


def test_a_blob_that_another_repository_has_keeps_its_bytes() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await push(place, "b", FIRST, ONE, tag="1")
        await place.delete("a", FIRST.digest)
        await place.settle()
        assert not await place.head_blob("a", ONE)
        assert await place.pull_blob("b", ONE) == ONE.payload

    at_a_place(work)


def test_what_head_has_confirmed_lives_for_the_grace_after_it() -> None:
    async def work(place: Place) -> None:
        await place.push_blob("a", ONE)
        await place.collect()
        for _ in range(5):
            place.clock.forward(ALMOST)
            assert await place.head_blob("a", ONE)
            await place.collect()
        place.clock.forward(OVER)
        await place.collect()
        assert not await place.head_blob("a", ONE)

    at_a_place(work)


def test_asking_often_is_written_down_once_in_a_while() -> None:
    async def work(place: Place) -> None:
        await place.push_blob("a", ONE)
        await place.collect()
        writes = place.writes
        writes.clear()
        for _ in range(100):
            assert await place.head_blob("a", ONE)
        assert writes == []
        place.clock.forward(ALMOST)
        for _ in range(100):
            assert await place.head_blob("a", ONE)
        assert writes == [1]

    at_a_place(work)


def test_head_of_what_manifests_need_writes_nothing() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.settle()
        writes = place.writes
        writes.clear()
        place.clock.forward(10 * GRACE)
        assert await place.head_blob("a", ONE)
        assert await place.head_manifest("a", FIRST)
        assert writes == []

    at_a_place(work)


def test_a_mount_and_a_finished_upload_confirm_as_head_does() -> None:
    async def work(place: Place) -> None:
        await push(place, "source", SECOND, ONE, TWO, tag="1")
        for again in range(3):
            assert await place.mount("a", ONE, "source")
            await place.push_blob("a", TWO)
            await place.collect()
            place.clock.forward(ALMOST)
            await place.collect()
            assert await place.pull_blob("a", ONE) == ONE.payload, again
            assert await place.pull_blob("a", TWO) == TWO.payload, again
        place.clock.forward(OVER)
        await place.collect()
        assert not await place.head_blob("a", ONE)
        assert not await place.head_blob("a", TWO)

    at_a_place(work)


def test_a_blob_that_was_collected_can_be_pushed_again() -> None:
    async def work(place: Place) -> None:
        for _ in range(3):
            await push(place, "a", FIRST, ONE, tag="1")
            await place.delete("a", FIRST.digest)
            await place.settle()
            assert place.files() == set()
        await push(place, "a", FIRST, ONE, tag="1")
        await place.settle()
        assert await place.pull_blob("a", ONE) == ONE.payload

    at_a_place(work)


def test_a_blob_that_was_deleted_by_hand_goes_at_once() -> None:
    async def work(place: Place) -> None:
        await place.push_blob("a", ONE)
        await place.delete_blob("a", ONE)
        await place.collect()
        assert place.files() == set()

    at_a_place(work)


def test_bytes_that_two_digests_share_go_with_the_last_of_them() -> None:
    """A directory of Docker Registry may have one file for both algorithms."""

    async def work(place: Place) -> None:
        await place.push_blob("a", ONE)
        alias = ONE.sha512

        async def add(session: Session) -> None:
            ((_, size, location, _),) = await session.rows("find_blob", digest=ONE.digest)
            await session.run("keep_blob", digest=alias, size=size, location=location, now=1)
            await session.run("link_blob", repository=1, digest=alias, now=1)

        await place.database.database.transaction(add)
        await place.delete_blob("a", ONE)
        await place.settle()
        assert place.files() == {ONE.digest}
        await place.sweep()
        await place.settle()
        assert place.files() == set()

    at_a_place(work)


def test_the_first_layers_of_a_long_push_wait_for_its_last() -> None:
    async def work(place: Place) -> None:
        name, blob = RepositoryName("a"), Digest(TWO.digest)
        await place.push_blob("a", ONE)
        await place.push_blob("b", CONFIG)
        session = await place.uploads.begin(ANONYMOUS, name)
        for _ in range(6):
            await place.collect()
            place.clock.forward(0.6 * GRACE)
            await place.uploads.append(ANONYMOUS, name, session.id, Chunk(body(b"")))
        assert place.files() == {ONE.digest}
        await place.uploads.finish(ANONYMOUS, name, session.id, blob, Chunk(body(TWO.payload)))
        await place.settle()
        assert place.files() == set()

    at_a_place(work)


def test_an_abandoned_upload_holds_nothing_for_longer_than_the_grace() -> None:
    async def work(place: Place) -> None:
        await place.push_blob("a", ONE)
        await place.uploads.begin(ANONYMOUS, RepositoryName("a"))
        await place.settle()
        assert place.files() == set()

    at_a_place(work)


async def body(content: bytes) -> AsyncIterator[bytes]:
    if content:
        yield content
