"""Manifests go when nothing holds them, where that is wanted; referrers go with their subject."""

from dataclasses import replace

import pytest

from entrepot.services.collection import CollectionRules
from tests.model.place import GRACE, RULES, UNTAGGED, Place
from tests.unit.services.collection.places import at_a_place, push
from tests.wire.harness.contents import CONFIG, EMPTY, Content, artifact, image, index

ONE, TWO = Content(b"one"), Content(b"two" * 100)
FIRST, SECOND = image(ONE, config=CONFIG), image(TWO, config=CONFIG)
BOTH, LESS = index(FIRST, SECOND), index(FIRST)
SIGNATURE = artifact("example/signature", FIRST)
ALMOST, OVER = GRACE - 1, GRACE + GRACE / 8 + 1


def fallback_tag(subject: Content) -> str:
    return subject.digest.replace(":", "-")


async def push_images(place: Place) -> None:
    for manifest, layer in ((FIRST, ONE), (SECOND, TWO)):
        await push(place, "a", manifest, layer)


@pytest.mark.parametrize("rules", [RULES, UNTAGGED])
def test_a_manifest_without_a_tag_stays_unless_told_otherwise(rules: CollectionRules) -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.delete("a", "1")
        await place.settle()
        assert await place.has_manifest("a", FIRST.digest) is not rules.untagged
        assert bool(place.files()) is not rules.untagged

    at_a_place(work, rules)


def test_a_manifest_whose_tag_moved_away_goes_with_its_blobs_after_one_grace() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await push(place, "a", SECOND, TWO, tag="1")
        await place.collect()
        place.clock.forward(ALMOST)
        await place.collect()
        assert await place.has_manifest("a", FIRST.digest)
        # The blobs' own grace ends a slack later than the manifest's, at most twice an eighth.
        place.clock.forward(OVER - ALMOST)
        await place.collect()
        assert not await place.has_manifest("a", FIRST.digest)
        place.clock.forward(GRACE / 8)
        await place.collect()
        assert place.files() == {TWO.digest, CONFIG.digest}

    at_a_place(work, UNTAGGED)


def test_untagged_manifests_are_kept_for_as_long_as_is_said() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.delete("a", "1")
        await place.collect()
        place.clock.forward(9 * GRACE)
        await place.collect()
        assert await place.has_manifest("a", FIRST.digest)
        place.clock.forward(GRACE + 1)
        await place.collect()
        assert not await place.has_manifest("a", FIRST.digest)

    at_a_place(work, replace(UNTAGGED, untagged_after=10 * GRACE))


def test_nothing_of_a_mirror_goes_for_having_no_tag() -> None:
    async def work(place: Place) -> None:
        for name in ("mirror/a", "a"):
            await push(place, name, FIRST, ONE, tag="1")
            await push(place, name, SECOND, TWO)
            await place.delete(name, "1")
        await place.sweep()
        await place.settle()
        for manifest in (FIRST, SECOND):
            assert await place.has_manifest("mirror/a", manifest.digest)
            assert not await place.has_manifest("a", manifest.digest)
        assert place.files() == {ONE.digest, TWO.digest, CONFIG.digest}
        # What is taken out of it on purpose goes, with its blobs.
        await place.delete("mirror/a", SECOND.digest)
        await place.settle()
        assert place.files() == {ONE.digest, CONFIG.digest}

    at_a_place(work, replace(UNTAGGED, mirrors=lambda name: name.startswith("mirror/")))


def test_a_manifest_that_is_pushed_by_digest_is_found_by_the_sweep() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE)
        await place.settle()
        assert await place.has_manifest("a", FIRST.digest)
        await place.sweep()
        await place.settle()
        assert place.files() == set()

    at_a_place(work, UNTAGGED)


def test_a_child_of_two_indexes_stays_until_both_are_gone() -> None:
    async def work(place: Place) -> None:
        await push_images(place)
        assert await place.push_manifest("a", BOTH, "both")
        assert await place.push_manifest("a", LESS, "less")
        await place.delete("a", BOTH.digest)
        await place.settle()
        assert await place.has_manifest("a", FIRST.digest)
        assert not await place.has_manifest("a", SECOND.digest)
        assert place.files() == {ONE.digest, CONFIG.digest}
        await place.delete("a", "less")
        await place.settle(8)
        assert place.files() == set()

    at_a_place(work, UNTAGGED)


def test_children_stay_where_untagged_manifests_stay() -> None:
    async def work(place: Place) -> None:
        await push_images(place)
        assert await place.push_manifest("a", BOTH, "both")
        await place.delete("a", BOTH.digest)
        await place.settle()
        assert await place.has_manifest("a", FIRST.digest)

    at_a_place(work)


async def sign(place: Place, *tags: str) -> None:
    await place.push_blob("a", EMPTY)
    assert await place.push_manifest("a", SIGNATURE, *tags)


@pytest.mark.parametrize("rules", [RULES, UNTAGGED])
def test_a_referrer_stays_with_its_subject_and_goes_with_it(rules: CollectionRules) -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await sign(place)
        await place.sweep()
        await place.settle()
        assert await place.has_manifest("a", SIGNATURE.digest)
        await place.delete("a", FIRST.digest)
        await place.collect()
        place.clock.forward(ALMOST)
        await place.collect()
        assert await place.has_manifest("a", SIGNATURE.digest)
        await place.settle()
        assert not await place.has_manifest("a", SIGNATURE.digest)
        assert place.files() == set()

    at_a_place(work, rules)


def test_what_refers_to_a_referrer_goes_too() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await sign(place)
        second = artifact("example/countersignature", SIGNATURE)
        assert await place.push_manifest("a", second)
        await place.delete("a", FIRST.digest)
        await place.settle()
        assert not await place.has_manifest("a", second.digest)

    at_a_place(work)


def test_a_referrer_with_a_tag_of_its_own_stays() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await sign(place, "signature")
        await place.delete("a", FIRST.digest)
        await place.settle()
        assert await place.has_manifest("a", "signature")

    at_a_place(work)


def test_a_referrer_stays_when_its_subject_comes_back_in_time() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await sign(place)
        await place.delete("a", FIRST.digest)
        await place.collect()
        place.clock.forward(ALMOST)
        await push(place, "a", FIRST, ONE, tag="1")
        await place.settle()
        assert await place.has_manifest("a", SIGNATURE.digest)

    at_a_place(work)


def test_a_referrer_that_came_before_its_subject_stays() -> None:
    async def work(place: Place) -> None:
        await sign(place)
        await place.sweep()
        await place.settle()
        assert await place.has_manifest("a", SIGNATURE.digest)

    at_a_place(work)


def test_the_list_of_referrers_under_a_tag_goes_with_its_subject() -> None:
    """Older clients keep such a list; what it names may have no subject of its own."""

    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.push_blob("a", EMPTY)
        plain = artifact("example/plain", None)
        assert await place.push_manifest("a", plain)
        listing = index(plain)
        tag = fallback_tag(FIRST)
        assert await place.push_manifest("a", listing, tag)
        await place.sweep()
        await place.settle()
        assert await place.has_manifest("a", tag)
        await place.delete("a", FIRST.digest)
        await place.settle(8)
        assert not await place.has_manifest("a", tag)
        assert not await place.has_manifest("a", plain.digest)
        assert place.files() == set()

    at_a_place(work)


def test_a_list_with_another_tag_stays_under_that() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await push(place, "a", SECOND, TWO)
        await place.push_manifest("a", index(SECOND), fallback_tag(FIRST), "mine")
        await place.delete("a", FIRST.digest)
        await place.settle()
        assert await place.has_manifest("a", "mine")
        assert not await place.has_manifest("a", fallback_tag(FIRST))

    at_a_place(work)


@pytest.mark.parametrize("rules", [RULES, UNTAGGED])
@pytest.mark.parametrize("form", ["{}", "{}.sig", "{}.att", "{}.sbom", "ci-{}.sig", "{}.foo.bar"])
def test_an_accessory_stays_and_goes_with_the_manifest_that_its_tag_names(
    form: str, rules: CollectionRules
) -> None:
    """Cosign's signatures have no subject: their tag alone says whose they are."""

    async def work(place: Place) -> None:
        await push_images(place)
        await place.push_manifest("a", BOTH, "1")
        await place.push_blob("a", EMPTY)
        tag, other = (form.format(fallback_tag(one)) for one in (FIRST, SECOND))
        await place.push_manifest("a", artifact("example/first", None), tag)
        await place.push_manifest("a", artifact("example/second", None), other)
        await place.sweep()
        await place.settle(8)
        assert await place.has_manifest("a", tag)
        await place.delete("a", FIRST.digest)
        await place.settle(8)
        assert not await place.has_manifest("a", tag)
        assert not await place.has_manifest("a", artifact("example/first", None).digest)
        assert await place.has_manifest("a", other)
        await place.delete("a", SECOND.digest)
        await place.settle(8)
        assert not await place.has_manifest("a", other)

    at_a_place(work, rules)


def test_what_belongs_to_an_accessory_goes_after_it() -> None:
    """Cosign signs SBOMs, too."""

    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.push_blob("a", EMPTY)
        bill, signature = artifact("example/sbom", None), artifact("example/signature", None)
        await place.push_manifest("a", bill, f"{fallback_tag(FIRST)}.sbom")
        await place.push_manifest("a", signature, f"{fallback_tag(bill)}.sig")
        await place.delete("a", FIRST.digest)
        await place.settle(12)
        assert not await place.has_manifest("a", bill.digest)
        assert not await place.has_manifest("a", signature.digest)
        assert place.files() == set()

    at_a_place(work)


def test_an_accessory_of_a_manifest_that_comes_back_stays() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.push_blob("a", EMPTY)
        tag = f"{fallback_tag(FIRST)}.sig"
        await place.push_manifest("a", artifact("example/signature", None), tag)
        await place.delete("a", FIRST.digest)
        await place.collect()
        await push(place, "a", FIRST, ONE, tag="1")
        await place.settle(8)
        assert await place.has_manifest("a", tag)

    at_a_place(work)


def test_an_accessory_of_what_was_never_here_stays() -> None:
    """COSIGN_REPOSITORY keeps the signatures of one repository in another."""

    async def work(place: Place) -> None:
        await place.push_blob("a", EMPTY)
        tag = f"{fallback_tag(FIRST)}.sig"
        await place.push_manifest("a", artifact("example/signature", None), tag)
        await push(place, "b", FIRST, ONE)
        await place.delete("b", FIRST.digest)
        await place.sweep()
        await place.settle(8)
        assert await place.has_manifest("a", tag)

    at_a_place(work, UNTAGGED)


def test_a_tag_on_the_very_manifest_that_it_names_is_no_accessory() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag=f"{fallback_tag(FIRST)}.imgpkg")
        await place.sweep()
        await place.settle(8)
        assert await place.has_manifest("a", f"{fallback_tag(FIRST)}.imgpkg")

    at_a_place(work, UNTAGGED)


def test_head_of_a_manifest_confirms_it_as_that_of_a_blob_does() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.delete("a", "1")
        await place.collect()
        for _ in range(4):
            place.clock.forward(ALMOST)
            assert await place.head_manifest("a", FIRST)
            await place.collect()
        assert await place.push_manifest("a", LESS, "index")
        await place.settle()
        assert await place.pull_blob("a", ONE) == ONE.payload

    at_a_place(work, UNTAGGED)


def test_a_manifest_that_is_pushed_again_begins_its_grace_anew() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.delete("a", "1")
        await place.collect()
        place.clock.forward(ALMOST)
        assert await place.push_manifest("a", FIRST)
        await place.collect()
        place.clock.forward(ALMOST)
        await place.collect()
        assert await place.push_manifest("a", LESS, "index")

    at_a_place(work, UNTAGGED)


def test_a_child_that_was_confirmed_has_its_blobs_too() -> None:
    """The blobs begin their grace with the manifest; confirming it must not be undone by that."""

    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.delete("a", "1")
        await place.collect()
        place.clock.forward(ALMOST)
        assert await place.head_manifest("a", FIRST)
        place.clock.forward(ALMOST)
        await place.collect()
        assert await place.pull_blob("a", ONE) == ONE.payload
        assert await place.push_manifest("a", LESS, "index")

    at_a_place(work, UNTAGGED)
