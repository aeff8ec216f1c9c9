"""The full sweep finds what the queue does not tell of, and leaves what is another's."""

import os
from pathlib import Path

import pytest

from entrepot.errors import StorageOutage
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import Location
from tests.model.place import GRACE, Place
from tests.unit.services.adoption.tree import RegistryTree
from tests.unit.services.collection.places import at_a_place, push
from tests.wire.harness.contents import CONFIG, Content, image

ONE, TWO = Content(b"one"), Content(b"two" * 100)
FIRST = image(ONE, config=CONFIG)


def lie(place: Place, blob: Content, age: float, *, empty: bool = False) -> Path:
    """Leave bytes where a blob would lie, or only their folder."""
    path = Path(place.layout.path(place.layout.location(Digest(blob.digest))))
    path.parent.mkdir(parents=True)
    moment = place.clock.now() / 1_000_000 - age
    if not empty:
        path.write_bytes(blob.payload)
        os.utime(path, (moment, moment))
    os.utime(path.parent, (moment, moment))
    return path


async def forget_queue(place: Place) -> None:
    for table in ("link_candidates", "blob_candidates", "manifest_candidates"):
        place.say(f"DELETE FROM {table}")


def test_a_link_that_was_forgotten_is_found_and_has_its_whole_grace() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.push_blob("a", TWO)
        await forget_queue(place)
        await place.settle()
        assert TWO.digest in place.files()
        await place.sweep()
        assert place.tally.queued == 1
        await place.collect()
        place.clock.forward(GRACE - 1)
        await place.collect()
        assert TWO.digest in place.files()
        await place.settle()
        assert place.files() == {ONE.digest, CONFIG.digest}

    at_a_place(work)


def test_a_blob_that_no_repository_has_is_found() -> None:
    async def work(place: Place) -> None:
        await place.push_blob("a", ONE)
        await place.delete_blob("a", ONE)
        await forget_queue(place)
        await place.collect()
        assert place.files() == {ONE.digest}
        await place.sweep()
        await place.collect()
        assert place.files() == set()

    at_a_place(work)


def test_everything_is_read_in_pages() -> None:
    async def work(place: Place) -> None:
        for number in range(1100):
            await place.push_blob("a", Content(f"{number}".encode()))
        await forget_queue(place)
        await place.sweep()
        assert place.tally.looked["links"] == place.tally.looked["blobs"] == 1100
        assert place.tally.looked["files"] == 1100
        assert place.tally.queued == 1100

    at_a_place(work)


@pytest.mark.parametrize("empty", [False, True])
def test_what_a_crash_left_behind_is_removed_after_the_grace(empty: bool) -> None:
    async def work(place: Place) -> None:
        old = lie(place, ONE, 2 * GRACE, empty=empty)
        young = lie(place, TWO, GRACE / 2, empty=empty)
        await place.sweep()
        assert not old.parent.exists()
        assert young.parent.exists()

    at_a_place(work)


def test_what_is_older_than_the_adoption_is_another_programs() -> None:
    async def work(place: Place) -> None:
        moment = place.clock.now() - int(3 * GRACE * 1_000_000)
        place.say("INSERT INTO adoption (id, started_at) VALUES (1, ?)", moment)
        theirs, ours = lie(place, ONE, 4 * GRACE), lie(place, TWO, 2 * GRACE)
        await place.sweep()
        assert theirs.exists()
        assert not ours.exists()
        await place.sweep(adopted=True)
        assert not theirs.exists()

    at_a_place(work)


def test_what_a_link_of_docker_registry_names_stays_and_the_change_is_told() -> None:
    """Docker Registry took a push since the directory was adopted: no row knows its blobs."""

    async def work(place: Place) -> None:
        moment = place.clock.now() - int(9 * GRACE * 1_000_000)
        place.say("INSERT INTO adoption (id, started_at) VALUES (1, ?)", moment)
        tree = RegistryTree(place.layout.root)
        await place.sweep()
        assert place.said == []
        pushed, manifest, stray = (lie(place, one, 2 * GRACE) for one in (ONE, TWO, FIRST))
        for link in (tree.layer_link("a", ONE.digest), tree.revision_link("a", TWO.digest)):
            link.parent.mkdir(parents=True)
            link.write_text(f"sha256:{link.parent.name}")
        await place.sweep()
        assert pushed.exists()
        assert manifest.exists()
        assert not stray.exists()
        (said,) = place.said
        assert "Docker Registry has changed 1 of its repositories" in said
        # By hand even so: nothing of a directory that was not read is removed.
        await place.sweep(adopted=True)
        assert pushed.exists()

    at_a_place(work)


def test_a_blob_whose_file_another_program_removed_is_not_promised_any_more() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.sweep()
        assert place.said == []
        os.unlink(place.layout.path(place.layout.location(Digest(ONE.digest))))
        await place.sweep()
        blobs = {
            digest: await place.database.blob(RepositoryName("a"), Digest(digest))
            for digest in (ONE.digest, CONFIG.digest)
        }
        quarantined = {digest: blob and blob.quarantined for digest, blob in blobs.items()}
        assert quarantined == {ONE.digest: True, CONFIG.digest: False}
        await place.push_blob("a", ONE)
        healed = await place.database.blob(RepositoryName("a"), Digest(ONE.digest))
        assert healed is not None
        assert not healed.quarantined

    at_a_place(work)


def test_a_stray_that_becomes_a_blob_meanwhile_stays() -> None:
    async def work(place: Place) -> None:
        lie(place, ONE, 2 * GRACE)
        asked: list[Location] = []
        has_location = place.queue.has_location

        async def push_first(location: Location) -> bool:
            found = bool(await has_location(location))
            if not asked:
                asked.append(location)
                await place.push_blob("a", ONE)
            return found

        place.queue.has_location = push_first
        await place.sweep()
        assert asked
        assert await place.pull_blob("a", ONE) == ONE.payload

    at_a_place(work)


def test_what_cannot_be_removed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(place: Place) -> None:
        def fail(path: str) -> None:
            raise StorageOutage("the disk is read-only")

        await place.push_blob("a", ONE)
        await place.delete_blob("a", ONE)
        with monkeypatch.context() as patch:
            patch.setattr("entrepot.drivers.filesystem.storage.remove_file", fail)
            await place.collect()
        assert place.tally.failures == 1
        assert place.files() == {ONE.digest}
        await place.collect()
        assert place.files() == {ONE.digest}
        place.clock.forward(61)
        await place.collect()
        assert place.files() == set()

    at_a_place(work)


def test_what_was_linked_before_the_adoption_and_never_needed_since_stays() -> None:
    """Manifests of schema 1 are not adopted; Docker Registry would need their blobs."""

    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.push_blob("a", TWO)
        place.say("DELETE FROM link_candidates")
        moment = place.clock.now() + 1
        place.say("INSERT INTO adoption (id, started_at) VALUES (1, ?)", moment)
        await place.sweep()
        await place.settle()
        assert TWO.digest in place.files()
        await place.delete("a", FIRST.digest)
        await place.settle()
        assert place.files() == {TWO.digest}
        await place.sweep(adopted=True)
        await place.settle()
        assert place.files() == set()

    at_a_place(work)
