"""Small stories that a collector and clients live through at once, and what must be true after.

Each story prepares a place, then gives its tasks. A client asserts what it was promised: what was
confirmed within the grace lets its manifest in. At the end every acknowledged manifest is whole,
and once everything has settled the storage holds exactly what is reachable.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from entrepot.oci.digest import Digest
from entrepot.services.collection import CollectionRules
from tests.model.place import GRACE, RULES, UNTAGGED, Place
from tests.model.scheduler import Work
from tests.wire.harness.contents import OCI_INDEX, OCI_MANIFEST, Content, manifest

X, Y = Content(b"x" * 10), Content(b"y" * 20)
OVERDUE = 1.2 * GRACE


def image_of(*blobs: Content, **more: object) -> Content:
    """Write the smallest manifest that needs blobs."""
    config, *layers = blobs
    described = [layer.described() for layer in layers]
    return manifest(OCI_MANIFEST, config=config.described(), layers=described, **more)


M, BOTH = image_of(X), image_of(X, Y)
SAME = image_of(X, annotations={"the": "same blob"})
INDEX = manifest(OCI_INDEX, manifests=[M.described()])
SIGNATURE = image_of(Y, subject=M.described(), artifactType="example/signature")
NEEDS = {M.digest: (X,), BOTH.digest: (X, Y), SAME.digest: (X,), SIGNATURE.digest: (Y,)}
CHILDREN = {INDEX.digest: (M,)}


@dataclass
class World:
    """A place, and what was acknowledged there."""

    place: Place
    acknowledged: set[tuple[str, Content]] = field(default_factory=set)

    async def push(self, name: str, image: Content, *tags: str, confirmed: int) -> None:
        """Push a manifest; what it needs was confirmed at a moment, and must still be there."""
        is_taken = await self.place.push_manifest(name, image, *tags)
        if self.place.clock.now() - confirmed <= GRACE * 1_000_000:
            assert is_taken, "a promise was broken"
        if is_taken:
            self.acknowledged.add((name, image))

    async def check(self, *, sweeps: bool) -> None:
        """Look at everything that was acknowledged, and let everything settle."""
        await self.check_whole()
        await self.place.settle()
        if sweeps:
            await self.place.sweep()
            await self.place.settle()
        await self.check_whole()
        reachable = {
            blob.digest
            for _, image in self.acknowledged
            for each in (image, *CHILDREN.get(image.digest, ()))
            for blob in NEEDS.get(each.digest, ())
        }
        assert self.place.files() == reachable, "bytes that nothing needs are left"
        assert self.place.folders() == reachable, "a folder is left"

    async def check_whole(self) -> None:
        """Read everything that was acknowledged."""
        for name, image in self.acknowledged:
            for each in (image, *CHILDREN.get(image.digest, ())):
                assert await self.place.has_manifest(name, each.digest), "a manifest is gone"
                for blob in NEEDS.get(each.digest, ()):
                    found = await self.place.pull_blob(name, blob)
                    assert found == blob.payload, "an acknowledged image is broken"


Prepare = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Script:
    """A story.

    Attributes:
        name: a sentence.
        prepare: what was before.
        tasks: who does what at once.
        rules: what the collector takes.
    """

    name: str
    prepare: Prepare
    tasks: Callable[[World], dict[str, Work]]
    rules: CollectionRules = RULES


async def overdue_blob(world: World) -> None:
    """Repository `a` has a blob that no manifest came for, and its grace is over."""
    await world.place.push_blob("a", X)
    await world.place.collect()
    world.place.clock.forward(OVERDUE)


async def dated_blob(world: World) -> None:
    """Repository `a` has a blob that no manifest came for, and its grace has just begun."""
    await world.place.push_blob("a", X)
    await world.place.collect()


async def image(world: World) -> None:
    """Repository `a` has an image with a tag, for long."""
    await world.place.push_blob("a", X)
    assert await world.place.push_manifest("a", M, "1")
    await world.place.settle()


async def overdue_image(world: World) -> None:
    """The image in `a` has lost its tag, and its grace is over."""
    await image(world)
    await world.place.delete("a", "1")
    await world.place.collect()
    world.place.clock.forward(OVERDUE)


async def deleted_image(world: World) -> None:
    """The image in `a` was deleted, and its grace has just begun."""
    await image(world)
    await world.place.delete("a", M.digest)
    await world.place.collect()


async def long_deleted_image(world: World) -> None:
    """The image in `a` was deleted, and its grace is over."""
    await deleted_image(world)
    world.place.clock.forward(OVERDUE)


async def signed_image(world: World) -> None:
    """The image in `a` has a referrer without a tag, which the sweep has just looked at."""
    await image(world)
    world.acknowledged.add(("a", M))
    await world.place.push_blob("a", Y)
    await world.push("a", SIGNATURE, confirmed=world.place.clock.now())
    await world.place.sweep()


async def leftover(world: World) -> None:
    """A crash has left a blob's bytes, of which nothing tells."""
    _leave(world)


def _leave(world: World) -> None:
    path = Path(world.place.layout.path(world.place.layout.location(Digest(X.digest))))
    path.parent.mkdir(parents=True)
    path.write_bytes(X.payload)
    moment = world.place.clock.now() / 1_000_000 - 2 * GRACE
    os.utime(path, (moment, moment))


def collectors(world: World, number: int = 1) -> dict[str, Work]:
    """Give some collectors, each of which looks once."""
    return {f"collector {each}": world.place.collect for each in range(1, number + 1)}


def pusher(world: World, name: str, pushed: Content) -> Work:
    """Push a blob, and a manifest that needs it."""

    async def push() -> None:
        await world.place.push_blob(name, X)
        await world.push(name, pushed, confirmed=world.place.clock.now())

    return push


def mounter(world: World) -> Work:
    """Mount the blob from `a` to `b`, and push a manifest that needs it."""

    async def mount() -> None:
        if await world.place.mount("b", X, "a"):
            await world.push("b", M, confirmed=world.place.clock.now())

    return mount


def prober(world: World, pushed: Content, *, before: float = 0.0, after: float = 0.0) -> Work:
    """Ask for the blob in `a`, and push a manifest that needs it, where it is there."""

    async def probe() -> None:
        world.place.clock.forward(before)
        if await world.place.head_blob("a", X):
            confirmed = world.place.clock.now()
            world.place.clock.forward(after)
            await world.push("a", pushed, confirmed=confirmed)

    return probe


def indexer(world: World) -> Work:
    """Ask for the image in `a`, and push an index that needs it, where it is there."""

    async def index() -> None:
        if await world.place.head_manifest("a", M):
            await world.push("a", INDEX, "index", confirmed=world.place.clock.now())

    return index


def tagger(world: World) -> Work:
    """Push the manifest in `a` again, with a tag, where its blob is there."""

    async def tag() -> None:
        if await world.place.head_blob("a", X):
            await world.push("a", M, "2", confirmed=world.place.clock.now())

    return tag


def restorer(world: World, *, surely: bool) -> Work:
    """Bring the image in `a` back with its tag."""

    async def restore() -> None:
        restored = await world.place.restore("a", "1")
        assert restored or not surely, "what was deleted within the grace did not come back"
        if restored:
            world.acknowledged.add(("a", M))

    return restore


def deleter(world: World) -> Work:
    """Delete the image in `a`, and let time pass."""

    async def delete() -> None:
        await world.place.delete("a", M.digest)
        await world.place.collect()
        world.place.clock.forward(OVERDUE)
        await world.place.collect()

    return delete


def waiting(world: World) -> Work:
    """Let time pass, and collect."""

    async def wait() -> None:
        await world.place.collect()
        world.place.clock.forward(OVERDUE)
        await world.place.collect()

    return wait


def blind_pusher(world: World) -> Work:
    """Push a manifest without having asked whether its blob is there."""

    async def push() -> None:
        await world.push("a", M, confirmed=0)

    return push


SCRIPTS = [
    Script(
        "a blob is pushed again",
        overdue_blob,
        lambda world: {**collectors(world), "pusher": pusher(world, "a", M)},
    ),
    Script(
        "a manifest comes for what nobody asked for",
        overdue_blob,
        lambda world: {**collectors(world), "pusher": blind_pusher(world)},
    ),
    Script(
        "a blob is pushed again beside two collectors",
        overdue_blob,
        lambda world: {**collectors(world, 2), "pusher": pusher(world, "a", M)},
    ),
    Script(
        "a blob is pushed to another repository",
        overdue_blob,
        lambda world: {**collectors(world), "pusher": pusher(world, "b", M)},
    ),
    Script(
        "two push the same blob to two repositories",
        overdue_blob,
        lambda world: {
            **collectors(world),
            "one": pusher(world, "b", M),
            "two": pusher(world, "c", M),
        },
    ),
    Script(
        "a blob is asked for",
        overdue_blob,
        lambda world: {**collectors(world), "prober": prober(world, M)},
    ),
    Script(
        "a blob is asked for early, and used late",
        dated_blob,
        lambda world: {
            **collectors(world),
            "prober": prober(world, M, before=9.0, after=GRACE - 1),
        },
    ),
    Script(
        "a blob is mounted",
        overdue_blob,
        lambda world: {**collectors(world), "mounter": mounter(world)},
    ),
    Script(
        "an image is deleted while its blob is asked for",
        image,
        lambda world: {"deleter": deleter(world), "prober": prober(world, SAME)},
    ),
    Script(
        "an image is deleted while its blob is mounted",
        image,
        lambda world: {"deleter": deleter(world), "mounter": mounter(world)},
    ),
    Script(
        "an image without a tag gets an index",
        overdue_image,
        lambda world: {**collectors(world), "indexer": indexer(world)},
        UNTAGGED,
    ),
    Script(
        "an image without a tag gets one",
        overdue_image,
        lambda world: {**collectors(world), "tagger": tagger(world)},
        UNTAGGED,
    ),
    Script(
        "an image without a tag is pushed again",
        overdue_image,
        lambda world: {**collectors(world), "prober": prober(world, SAME)},
        UNTAGGED,
    ),
    Script(
        "a referrer without a tag has a subject",
        signed_image,
        lambda world: {"collector": waiting(world)},
        UNTAGGED,
    ),
    Script(
        "a deleted image is restored",
        deleted_image,
        lambda world: {**collectors(world, 2), "restorer": restorer(world, surely=True)},
    ),
    Script(
        "an image that was deleted long ago is restored",
        long_deleted_image,
        lambda world: {**collectors(world), "restorer": restorer(world, surely=False)},
    ),
    Script(
        "a leftover is pushed while the sweep finds it",
        leftover,
        lambda world: {"sweeper": world.place.sweep, "pusher": pusher(world, "a", M)},
    ),
]

CROWD = Script(
    "a crowd",
    overdue_blob,
    lambda world: {
        **collectors(world, 2),
        "waiting": waiting(world),
        "pusher to a": pusher(world, "a", SAME),
        "pusher to c": pusher(world, "c", M),
        "prober": prober(world, M),
        "mounter": mounter(world),
        "sweeper": world.place.sweep,
    },
)
"""Too many orders to try all of them: some, by seeds."""
