"""Removing chosen images while others push."""

import asyncio
from collections.abc import Sequence

import pytest

from entrepot.drivers.sql.dated_tags import SqlDatedTags
from entrepot.errors import Denied, ImmutableTag, UnknownManifest, UnknownName
from entrepot.oci.accessory import fallback_tag
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob
from entrepot.ports.access import ANONYMOUS, Caller, Kind, OpenAccess
from entrepot.ports.metadata import NewManifest, Transaction
from entrepot.services.delete import Delete
from entrepot.services.image_removal import Candidate, ImageRemoval, Outcome, Removed
from entrepot.services.image_selection import ImageSelection, Selector
from entrepot.services.immutable import ImmutableRule, ImmutableTags
from tests.contract.pushing import about, push, some_image, some_index, stored
from tests.unit.services.registry import CAROL, HidingAccess, Registry, with_registry

APP = RepositoryName("team/app")
OTHER = RepositoryName("team/other")
ONE, TWO, THREE = some_image("one"), some_image("two"), some_image("three")
INDEX, SECOND = some_index(ONE, TWO), some_index(TWO, THREE)
EVERYTHING = ImmutableRule(
    RepositoryGlobs.parse(["**"]), (TagGlob.parse("v*"),), frozenset({"releaser"})
)
EVER = 2**62


def removal_of(registry: Registry, *rules: ImmutableRule) -> ImageRemoval:
    return ImageRemoval(registry.metadata, OpenAccess(), registry.clock, ImmutableTags(rules))


def chosen(manifest: NewManifest, tag: str | None = "latest", pushed_at: int = 1) -> Candidate:
    return Candidate(APP, Tag(tag) if tag else None, manifest.digest, pushed_at)


async def left(registry: Registry, *manifests: NewManifest) -> list[NewManifest]:
    found = [await registry.metadata.manifest_by_digest(APP, one.digest) for one in manifests]
    return [one for one, there in zip(manifests, found, strict=True) if there is not None]


def gone(removed: Sequence[Removed]) -> set[Digest]:
    return {digest for one in removed for digest in one.manifests}


def test_an_index_takes_the_children_along_that_nothing_else_holds() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, ONE, TWO, INDEX, tag="latest")
        await push(registry.metadata, APP, THREE, SECOND, tag="second")
        await push(registry.metadata, APP, ONE, tag="one")
        removed = await removal_of(registry).remove(CAROL, [chosen(INDEX)])
        assert removed[0].outcome is Outcome.REMOVED
        assert gone(removed) == {INDEX.digest}
        assert await left(registry, ONE, TWO, THREE, SECOND) == [ONE, TWO, THREE, SECOND]
        removed = await removal_of(registry).remove(CAROL, [chosen(SECOND, "second")])
        assert gone(removed) == {SECOND.digest, TWO.digest, THREE.digest}
        assert await left(registry, ONE, TWO, THREE) == [ONE]

    with_registry(work)


def test_a_manifest_goes_with_its_last_tag() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, ONE, tag="latest")
        await push(registry.metadata, APP, ONE, tag="v1")
        removal = removal_of(registry)
        assert gone(await removal.remove(CAROL, [chosen(ONE)])) == set()
        assert await left(registry, ONE) == [ONE]
        assert gone(await removal.remove(CAROL, [chosen(ONE, "v1")])) == {ONE.digest}
        assert await left(registry, ONE) == []

    with_registry(work)


def test_a_pattern_means_images_and_their_signatures_go_with_them() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, ONE, tag="v1")
        signature = f"{fallback_tag(ONE.digest)}.sig"
        await push(registry.metadata, APP, TWO, tag=signature)
        selection = ImageSelection(registry.metadata, SqlDatedTags(registry.metadata.database))

        async def tags(text: str) -> list[str | None]:
            found = selection.find(Selector.parse(f"{APP}:{text}"), EVER)
            return [candidate.tag async for candidate in found]

        assert await tags("*") == ["v1"]
        assert await tags("*.sig") == []
        assert await tags("sha256-*") == [signature]
        assert await tags(signature) == [signature]

    with_registry(work)


def test_a_tag_alone_leaves_its_manifest() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, ONE, tag="latest")
        only = Candidate(APP, Tag("latest"), ONE.digest, 1, untag_only=True)
        assert gone(await removal_of(registry).remove(CAROL, [only])) == set()
        assert await registry.metadata.tags(APP, "", 9) == []
        assert await left(registry, ONE) == [ONE]

    with_registry(work)


def test_a_signature_whose_image_is_there_only_loses_its_tag() -> None:
    async def work(registry: Registry) -> None:
        signature = some_image("signature", subject=about(ONE))
        await push(registry.metadata, APP, ONE, tag="latest")
        await push(registry.metadata, APP, signature, tag="sig")
        await removal_of(registry).remove(CAROL, [chosen(signature, "sig")])
        assert await left(registry, ONE, signature) == [ONE, signature]
        assert await registry.metadata.tags(APP, "", 9) == ["latest"]

    with_registry(work)


def test_what_was_pushed_since_it_was_chosen_stays() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, ONE, tag="latest")
        await push(registry.metadata, APP, TWO, tag="latest")
        removal = removal_of(registry)
        assert (await removal.remove(CAROL, [chosen(ONE)]))[0].outcome is Outcome.CHANGED
        again = chosen(TWO, pushed_at=0)  # the same manifest, pushed once more
        assert (await removal.remove(CAROL, [again]))[0].outcome is Outcome.CHANGED
        assert await registry.metadata.manifest_by_tag(APP, Tag("latest")) == stored(TWO)
        assert (await removal.remove(CAROL, [chosen(TWO, "old")]))[0].outcome is Outcome.GONE

    with_registry(work)


def test_a_digest_goes_with_its_tags_and_unheld_children() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, ONE, TWO, INDEX, tag="latest")
        await push(registry.metadata, APP, ONE, tag="one")
        removed = await removal_of(registry).remove(CAROL, [chosen(INDEX, None)])
        assert gone(removed) == {INDEX.digest, TWO.digest}
        assert await registry.metadata.tags(APP, "", 9) == ["one"]
        missing = await removal_of(registry).remove(CAROL, [chosen(INDEX, None)])
        assert missing[0].outcome is Outcome.GONE

    with_registry(work)


def test_immutable_tags_stay_but_for_exempt_robots() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, ONE, tag="v1")
        await push(registry.metadata, APP, TWO, tag="latest")
        removal = removal_of(registry, EVERYTHING)
        outcomes = await removal.remove(CAROL, [chosen(ONE, "v1"), chosen(ONE, None), chosen(TWO)])
        assert [one.outcome for one in outcomes] == [
            Outcome.IMMUTABLE,
            Outcome.IMMUTABLE,
            Outcome.REMOVED,
        ]
        person = Caller("releaser", Kind.USER)
        assert (await removal.remove(person, [chosen(ONE, "v1")]))[0].outcome is Outcome.IMMUTABLE
        robot = Caller("releaser", Kind.ROBOT)
        assert (await removal.remove(robot, [chosen(ONE, "v1")]))[0].outcome is Outcome.REMOVED

    with_registry(work)


def test_of_two_pushes_of_an_immutable_tag_at_once_one_is_refused() -> None:
    async def work(registry: Registry) -> None:
        immutable = ImmutableTags([EVERYTHING])

        async def one(manifest: NewManifest) -> None:
            async def change(transaction: Transaction) -> None:
                repository = await transaction.repository(APP, 1)
                number = await transaction.keep_manifest(repository, manifest)
                place = (repository, APP)
                await immutable.check_move(transaction, CAROL, place, Tag("v1"), manifest.digest)
                await transaction.move_tag(repository, Tag("v1"), number, ANONYMOUS, 1)

            await registry.metadata.change(change)

        outcomes = await asyncio.gather(one(ONE), one(TWO), one(THREE), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes].count(ImmutableTag) == 2
        assert outcomes.count(None) == 1
        assert len(await left(registry, ONE, TWO, THREE)) == 1

    with_registry(work)


def test_who_may_not_delete_removes_nothing_and_needs_more_for_a_repository() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, ONE, tag="latest")
        access = HidingAccess({"team/other"})
        removal = ImageRemoval(registry.metadata, access, registry.clock, ImmutableTags())
        hidden = Candidate(OTHER, Tag("latest"), ONE.digest, 1)
        with pytest.raises(Denied):
            await removal.remove(CAROL, [chosen(ONE), hidden])
        assert await left(registry, ONE) == [ONE]
        delete = Delete(registry.metadata, HidingAccess({"team/app"}), registry.clock, enabled=True)
        with pytest.raises(Denied, match="may not admin team/app"):
            await delete.repository(CAROL, APP)

    with_registry(work)


def test_images_are_chosen_by_patterns_and_age() -> None:
    async def work(registry: Registry) -> None:
        for name in (APP, OTHER, RepositoryName("elsewhere")):
            await push(registry.metadata, name, ONE, tag="v1")
            await push(registry.metadata, name, TWO, tag="latest")
        selection = ImageSelection(registry.metadata, SqlDatedTags(registry.metadata.database))

        async def found(text: str, before: int = EVER) -> list[str]:
            selector = Selector.parse(text)
            return [str(one) async for one in selection.find(selector, before)]

        assert await found("team/app:v1") == ["team/app:v1"]
        assert await found("team/app") == ["team/app:latest", "team/app:v1"]
        assert await found("team/*:v?") == ["team/app:v1", "team/other:v1"]
        assert await found("**:latest") == [
            "elsewhere:latest",
            "team/app:latest",
            "team/other:latest",
        ]
        assert await found(f"team/*@{ONE.digest}") == [
            f"team/app@{ONE.digest}",
            f"team/other@{ONE.digest}",
        ]
        assert await found("nowhere/**") == []
        assert await found("team/app:v*", before=1) == []
        assert await found("team/app:v1", before=1) == []
        for text in ("team/app:v9", f"team/app@{THREE.digest}"):
            with pytest.raises(UnknownManifest):
                await found(text)
        with pytest.raises(UnknownName):
            await found("team/nothing")

    with_registry(work)


@pytest.mark.parametrize(
    "text", ["", ":v1", "team/app:", "localhost:5000/app", "team/app:v1:v2", "Team/app", "a:[v]"]
)
def test_what_chooses_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|empty"):
        Selector.parse(text)
