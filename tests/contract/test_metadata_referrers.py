import json
from functools import partial

import pytest

from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import Metadata, NewManifest, Referrer, Transaction
from tests.contract.paging import all_pages
from tests.contract.pushing import APP, CALLER, OTHER, about, push, some_image, some_index

pytestmark = pytest.mark.anyio

SUBJECT = some_image("subject")
SIGNATURES = [
    some_image(f"s{number}", artifactType="a/signature", subject=about(SUBJECT))
    for number in range(5)
]
REPORTS = [
    some_image(f"r{number}", artifactType="a/report", subject=about(SUBJECT)) for number in range(3)
]


def digests(*manifests: NewManifest) -> list[Digest]:
    return sorted(manifest.digest for manifest in manifests)


async def found(
    metadata: Metadata, artifact_type: str | None = None, limit: int = 100
) -> list[Digest]:
    rows = await metadata.referrers(APP, SUBJECT.digest, artifact_type, "", limit)
    return [row.digest for row in rows]


async def test_a_subject_that_was_never_seen_has_no_referrers(metadata: Metadata) -> None:
    assert await found(metadata) == []
    await push(metadata, APP, some_image("x"))
    assert await found(metadata) == []


async def test_a_referrer_is_described_as_it_was_pushed(metadata: Metadata) -> None:
    annotations = {"org.example": "é\U0001f600", "": ""}
    text = json.dumps(annotations)
    image = some_image(subject=about(SUBJECT), annotations=annotations)
    index = some_index(subject=about(SUBJECT))
    await push(metadata, APP, image, index)
    config = "application/vnd.oci.image.config.v1+json"
    expected = [
        Referrer(image.digest, types.OCI_MANIFEST, len(image.payload), config, text),
        Referrer(index.digest, types.OCI_INDEX, len(index.payload), None, ""),
    ]
    rows = await metadata.referrers(APP, SUBJECT.digest, None, "", 9)
    assert rows == sorted(expected, key=lambda row: row.digest)


async def test_referrers_are_listed_whether_the_subject_is_there_or_not(metadata: Metadata) -> None:
    await push(metadata, APP, *SIGNATURES)
    assert await found(metadata) == digests(*SIGNATURES)
    await push(metadata, APP, SUBJECT)
    assert await found(metadata) == digests(*SIGNATURES)
    await delete(metadata, SUBJECT)
    assert await found(metadata) == digests(*SIGNATURES)


async def test_only_referrers_of_this_subject_in_this_repository_are_listed(
    metadata: Metadata,
) -> None:
    await push(metadata, APP, SIGNATURES[0], some_image(subject=about(some_image("else"))))
    await push(metadata, OTHER, SIGNATURES[1])
    assert await found(metadata) == digests(SIGNATURES[0])


async def test_referrers_can_be_filtered_by_artifact_type(metadata: Metadata) -> None:
    await push(metadata, APP, *SIGNATURES, *REPORTS, some_index(subject=about(SUBJECT)))
    assert await found(metadata, "a/signature") == digests(*SIGNATURES)
    assert await found(metadata, "a/report") == digests(*REPORTS)
    assert await found(metadata, "a/other") == []
    assert len(await found(metadata)) == len(SIGNATURES) + len(REPORTS) + 1


@pytest.mark.parametrize("artifact_type", [None, "a/signature"])
@pytest.mark.parametrize("limit", [1, 2, 5, 100])
async def test_referrers_come_in_pages_by_digest(
    metadata: Metadata, artifact_type: str | None, limit: int
) -> None:
    await push(metadata, APP, *REPORTS, *SIGNATURES)
    fetch = partial(metadata.referrers, APP, SUBJECT.digest, artifact_type)
    rows = await all_pages(fetch, "", lambda row: str(row.digest), limit)
    listed = [row.digest for row in rows]
    assert listed == digests(*SIGNATURES, *(REPORTS if artifact_type is None else []))
    assert await found(metadata, artifact_type, limit=0) == []


async def test_a_deleted_referrer_is_listed_no_more(metadata: Metadata) -> None:
    await push(metadata, APP, *SIGNATURES)
    await delete(metadata, SIGNATURES[2])
    assert await found(metadata) == digests(*SIGNATURES[:2], *SIGNATURES[3:])


async def test_a_referrer_can_be_a_subject_itself(metadata: Metadata) -> None:
    attestation = some_image(subject=about(SIGNATURES[0]))
    await push(metadata, APP, SIGNATURES[0], attestation)
    rows = await metadata.referrers(APP, SIGNATURES[0].digest, None, "", 9)
    assert [row.digest for row in rows] == [attestation.digest]


async def delete(metadata: Metadata, manifest: NewManifest) -> None:
    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, 1)
        await transaction.delete_manifest(repository, manifest.digest, CALLER, 1)

    await metadata.change(change)


async def test_large_referrers_come_in_short_pages(metadata: Metadata) -> None:
    annotations = {"large": "x" * 700_000}
    large = [
        some_image(f"l{number}", subject=about(SUBJECT), annotations=annotations)
        for number in range(6)
    ]
    await push(metadata, APP, *large)
    assert 1 <= len(await found(metadata, limit=100)) <= 2
    pages = partial(metadata.referrers, APP, SUBJECT.digest, None)
    rows = await all_pages(pages, "", lambda row: row.digest, 100)
    assert [row.digest for row in rows] == digests(*large)


LIST = Tag("list")


async def listed(metadata: Metadata, after: str = "", limit: int = 100) -> list[Referrer]:
    found, _ = await metadata.listed_referrers(APP, LIST, after, limit)
    return found


async def test_what_an_index_lists_is_described_as_it_was_pushed(metadata: Metadata) -> None:
    described = some_image("described", artifactType="a/t", annotations={"a": "é"})
    plain = some_index(described)
    await push(metadata, APP, described, plain)
    assert await listed(metadata) == []
    await push(metadata, APP, some_index(described, plain), tag=LIST)
    expected = [
        Referrer(
            described.digest, types.OCI_MANIFEST, len(described.payload), "a/t", '{"a": "\\u00e9"}'
        ),
        Referrer(plain.digest, types.OCI_INDEX, len(plain.payload), None, ""),
    ]
    assert await listed(metadata) == sorted(expected, key=lambda row: row.digest)


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_what_is_absent_or_has_a_subject_is_passed_over(
    metadata: Metadata, limit: int
) -> None:
    there = [some_image(f"there {number}") for number in range(4)]
    absent = [some_image(f"absent {number}") for number in range(4)]
    await push(metadata, APP, *there, *SIGNATURES)
    await push(metadata, OTHER, *absent)
    await push(metadata, APP, some_index(*there, *absent, *SIGNATURES), tag=LIST)
    found: list[Digest] = []
    place: str | None = ""
    while place is not None:
        page, place = await metadata.listed_referrers(APP, LIST, place, limit)
        found += [row.digest for row in page]
    assert found == digests(*there)
