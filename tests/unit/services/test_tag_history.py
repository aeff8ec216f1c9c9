"""Histories and restoring, against a model that is a list."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.drivers.sql.dated_tags import SqlDatedTags
from entrepot.drivers.sql.pulls import SqlPullTimes
from entrepot.drivers.sql.removal import SqlTagHistory
from entrepot.drivers.sql.sessions import SqlReservations
from entrepot.errors import (
    Denied,
    ImmutableTag,
    InvalidRequest,
    QuotaExceeded,
    UnknownManifest,
    UnknownName,
)
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob
from entrepot.ports.access import ANONYMOUS, Access, OpenAccess
from entrepot.ports.metadata import StoredBlob, Transaction
from entrepot.services.image_removal import Candidate, ImageRemoval
from entrepot.services.immutable import ImmutableRule, ImmutableTags
from entrepot.services.quotas import Quotas
from entrepot.services.quotas.enforced import EnforcedQuotas
from entrepot.services.quotas.limits import Limits, QuotaRules
from entrepot.services.tag_history import TagHistories
from tests.contract.pushing import (
    APP,
    give_blobs,
    push,
    some_blob,
    some_image,
    some_index,
    stored,
)
from tests.unit.services.registry import CAROL, HidingAccess, Registry, with_registry

IMAGES = [some_image(f"layer {number}") for number in range(3)]
DIGESTS = [image.digest for image in IMAGES]
LATEST = Tag("latest")

OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 2)),
        st.tuples(st.just("untag"), st.just(0)),
        st.tuples(st.just("delete"), st.integers(0, 2)),
        st.tuples(st.just("undo"), st.integers(1, 4)),
        st.tuples(st.just("restore"), st.integers(0, 2)),
    ),
    max_size=25,
)


@dataclass
class Model:
    """A tag, the manifests that are there, and what happened, newest last."""

    at: Digest | None = None
    there: set[Digest] = field(default_factory=set)
    changes: list[tuple[Digest | None, Digest | None]] = field(default_factory=list)

    def move(self, to: Digest | None) -> None:
        if to != self.at:
            self.changes.append((self.at, to))
            self.at = to

    def undone(self, steps: int) -> Digest | None:
        return self.changes[-steps][0] if steps <= len(self.changes) else None


def histories_of(
    registry: Registry,
    *rules: ImmutableRule,
    access: Access | None = None,
    quotas: Quotas | None = None,
) -> TagHistories:
    history = SqlTagHistory(registry.metadata.database)
    return TagHistories(
        registry.metadata,
        history,
        access or OpenAccess(),
        registry.clock,
        ImmutableTags(rules),
        quotas=quotas,
    )


async def untag(registry: Registry) -> None:
    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, 1)
        await transaction.delete_tag(repository, LATEST, ANONYMOUS, 1)

    await registry.metadata.change(change)


async def delete(registry: Registry, digest: Digest) -> None:
    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, 1)
        await transaction.delete_manifest(repository, digest, ANONYMOUS, 1)

    await registry.metadata.change(change)


async def restored(histories: TagHistories, to: Digest | int) -> bool:
    try:
        await histories.restore(CAROL, APP, LATEST, to)
    except (UnknownManifest, InvalidRequest):
        return False
    return True


@settings(max_examples=60)
@given(OPERATIONS)
def test_it_is_told_and_undone_as_it_happened(operations: list[tuple[str, int]]) -> None:
    async def work(registry: Registry) -> None:
        histories, model = histories_of(registry), Model()
        await push(registry.metadata, APP, *IMAGES)
        model.there = set(DIGESTS)
        for kind, number in operations:
            if kind == "push":
                await push(registry.metadata, APP, IMAGES[number], tag="latest")
                model.there.add(DIGESTS[number])
                model.move(DIGESTS[number])
            elif kind == "untag":
                await untag(registry)
                model.move(None)
            elif kind == "delete":
                await delete(registry, DIGESTS[number])
                model.there.discard(DIGESTS[number])
                if model.at == DIGESTS[number]:
                    model.move(None)
            else:
                to = number if kind == "undo" else DIGESTS[number]
                known = {digest for change in model.changes for digest in change}
                target = model.undone(number) if kind == "undo" else DIGESTS[number]
                possible = target in model.there & known
                assert await restored(histories, to) is possible
                if possible:
                    model.move(target)
            found = await registry.metadata.manifest_by_tag(APP, LATEST)
            assert (found and found.digest) == model.at
            page = await histories.changes(CAROL, APP, LATEST, None, 100)
            told = [(change.old_digest, change.new_digest) for change in page.changes]
            assert told == model.changes[::-1]
            assert not page.more

    with_registry(work)


def test_pages_tell_whether_there_is_more() -> None:
    async def work(registry: Registry) -> None:
        histories = histories_of(registry)
        for number in range(5):
            await push(registry.metadata, APP, IMAGES[number % 2], tag="latest")
        first = await histories.changes(CAROL, APP, LATEST, None, 3)
        assert (len(first.changes), first.more) == (3, True)
        rest = await histories.changes(CAROL, APP, LATEST, first.changes[-1].number, 3)
        assert (len(rest.changes), rest.more) == (2, False)

    with_registry(work)


def test_whoever_restores_stands_in_the_history() -> None:
    async def work(registry: Registry) -> None:
        histories = histories_of(registry)
        await push(registry.metadata, APP, IMAGES[0], tag="latest")
        await push(registry.metadata, APP, IMAGES[1], tag="latest")
        done = await histories.restore(CAROL, APP, LATEST)
        assert (done.before, done.now) == (DIGESTS[1], DIGESTS[0])
        page = await histories.changes(CAROL, APP, LATEST, None, 1)
        assert page.changes[0].caller == CAROL.name

    with_registry(work)


def test_an_immutable_tag_is_not_restored_elsewhere() -> None:
    async def work(registry: Registry) -> None:
        rule = ImmutableRule(RepositoryGlobs.parse(["**"]), (TagGlob.parse("latest"),))
        histories = histories_of(registry, rule)
        await push(registry.metadata, APP, IMAGES[0], tag="latest")
        await push(registry.metadata, APP, IMAGES[1], tag="latest")
        with pytest.raises(ImmutableTag):
            await histories.restore(CAROL, APP, LATEST)
        await untag(registry)
        assert (await histories.restore(CAROL, APP, LATEST)).now == DIGESTS[1]

    with_registry(work)


def test_who_may_not_is_told_nothing() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, IMAGES[0], tag="latest")
        histories = histories_of(registry, access=HidingAccess({"team/app"}))
        with pytest.raises(Denied):
            await histories.changes(CAROL, APP, LATEST, None, 9)
        with pytest.raises(Denied):
            await histories.restore(CAROL, APP, LATEST)
        with pytest.raises(UnknownName):
            await histories.restore(CAROL, RepositoryName("no/where"), LATEST)
        with pytest.raises(UnknownName):
            await histories.changes(CAROL, RepositoryName("no/where"), LATEST, None, 9)

    with_registry(work)


def test_two_who_restore_at_once_both_find_the_tag_where_one_of_them_put_it() -> None:
    async def work(registry: Registry) -> None:
        histories = histories_of(registry)
        for image in IMAGES:
            await push(registry.metadata, APP, image, tag="latest")
        done = await asyncio.gather(
            histories.restore(CAROL, APP, LATEST, DIGESTS[0]),
            histories.restore(CAROL, APP, LATEST, DIGESTS[1]),
        )
        assert done[0].before == DIGESTS[2]
        assert done[1].before == DIGESTS[0]

    with_registry(work)


def blobs_of(*layers: int) -> list[StoredBlob]:
    return [some_blob("{}"), *(some_blob(f"layer {number}") for number in layers)]


def test_an_image_that_was_removed_comes_back_with_its_tag_children_and_pulls() -> None:
    async def work(registry: Registry) -> None:
        index = some_index(*IMAGES[:2])
        outer = some_index(index, IMAGES[2])
        await give_blobs(registry.metadata, APP, *blobs_of(0, 1, 2))
        await push(registry.metadata, APP, *IMAGES, index, outer, tag="latest")
        pulls = SqlPullTimes(registry.metadata.database)
        await pulls.note([(APP, outer.digest)], 7)
        removal = ImageRemoval(registry.metadata, OpenAccess(), registry.clock, ImmutableTags())
        (removed,) = await removal.remove(CAROL, [Candidate(APP, LATEST, outer.digest, 1)])
        assert set(removed.manifests) == {*DIGESTS, index.digest, outer.digest}
        done = await histories_of(registry).restore(CAROL, APP, LATEST)
        assert (done.before, done.now) == (None, outer.digest)
        for image in (*IMAGES, index, outer):
            found = await registry.metadata.manifest_by_digest(APP, image.digest)
            assert found == stored(image)
        (dated,) = await SqlDatedTags(registry.metadata.database).dated_tags(APP, "", 9)
        assert (dated.tag, dated.digest, dated.pulled_at) == (LATEST, outer.digest, 7)

    with_registry(work)


@pytest.mark.parametrize("shared_first", [False, True])
def test_indexes_that_share_a_child_come_back(*, shared_first: bool) -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, APP, *blobs_of(0, 1))
        inner = some_index(IMAGES[0], IMAGES[1])
        both = [IMAGES[0], inner] if shared_first else [inner, IMAGES[0]]
        outer = some_index(*both)
        await push(registry.metadata, APP, *IMAGES[:2], inner, outer, tag="latest")
        for image in (outer, inner, *IMAGES[:2]):
            await delete(registry, image.digest)
        await histories_of(registry).restore(CAROL, APP, LATEST)
        for image in (outer, inner, *IMAGES[:2]):
            assert await registry.metadata.manifest_by_digest(APP, image.digest) is not None

    with_registry(work)


def test_what_lacks_a_blob_or_a_child_does_not_come_back() -> None:
    async def work(registry: Registry) -> None:
        histories = histories_of(registry)
        await give_blobs(registry.metadata, APP, *blobs_of(0))
        index = some_index(*IMAGES[:2])
        await push(registry.metadata, APP, *IMAGES[:2], index, tag="latest")
        for image in (index, *IMAGES[:2]):
            await delete(registry, image.digest)
        with pytest.raises(UnknownManifest, match=f"needs {blobs_of(1)[1].digest}, which is gone"):
            await histories.restore(CAROL, APP, LATEST)
        assert await registry.metadata.manifest_by_tag(APP, LATEST) is None
        assert await registry.metadata.manifest_by_digest(APP, DIGESTS[0]) is None
        await give_blobs(registry.metadata, APP, *blobs_of(1))
        assert (await histories.restore(CAROL, APP, LATEST)).now == index.digest

    with_registry(work)


def test_a_restored_image_has_to_fit_the_quotas() -> None:
    async def work(registry: Registry) -> None:
        await give_blobs(registry.metadata, APP, *blobs_of(0))
        await push(registry.metadata, APP, IMAGES[0], tag="latest")
        await delete(registry, DIGESTS[0])
        await push(registry.metadata, APP, IMAGES[1], tag="other")
        rules = QuotaRules(Limits(tags=1), [], [])
        reservations = SqlReservations(registry.sessions.database)
        quotas = EnforcedQuotas(rules, registry.metadata, reservations, registry.clock)
        histories = histories_of(registry, quotas=quotas)
        with pytest.raises(QuotaExceeded):
            await histories.restore(CAROL, APP, LATEST)
        assert await registry.metadata.manifest_by_tag(APP, LATEST) is None

    with_registry(work)
