"""Referrers that a client listed under the subject's fallback tag, beside those that say so."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import InvalidManifest
from entrepot.oci import media_type as types
from entrepot.oci.accessory import fallback_tag
from entrepot.oci.digest import Digest
from entrepot.oci.document import decode_document
from entrepot.oci.manifest import Manifest
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import NewManifest
from entrepot.services.listing import Listing
from tests.contract.pushing import APP, about, push, some_image, some_index
from tests.unit.oci.strategies import digests, json_values
from tests.unit.services.registry import CAROL, Registry, with_registry

SUBJECT = some_image(config="subject")
TAG = fallback_tag(SUBJECT.digest)
SIGNATURE = "application/vnd.example.signature"


def adopted(payload: bytes, media_type: str) -> NewManifest:
    """Make a manifest that an older registry has taken as it was."""
    return NewManifest(Digest.of(payload), payload, Manifest(media_type, (), None, {}), 1)


def listing_of(*listed: object) -> NewManifest:
    document = {"schemaVersion": 2, "manifests": listed}
    return adopted(json.dumps(document).encode(), types.OCI_INDEX)


def entry(manifest: NewManifest) -> dict[str, Any]:
    return {
        "mediaType": manifest.manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.payload),
    }


def is_json(payload: bytes) -> bool:
    """Tell whether there is neither NaN nor a lone surrogate in it."""
    try:
        decode_document(payload)
    except InvalidManifest:
        return False
    return True


async def referrers(
    registry: Registry, artifact_type: str | None = None, after: str = ""
) -> list[str]:
    found = Listing(registry.metadata, registry.access).referrers(
        CAROL, APP, SUBJECT.digest, artifact_type, after
    )
    return [referrer.digest async for referrer in found]


@given(digests)
def test_a_fallback_tag_is_a_tag(digest: str) -> None:
    tag = fallback_tag(Digest(digest))
    assert Tag.parse(tag) == tag
    assert tag == digest.replace(":", "-")[: len("sha256-") + 64]


def test_what_is_listed_and_there_is_a_referrer() -> None:
    async def work(registry: Registry) -> None:
        silent = some_image(config="says nothing", artifactType=SIGNATURE)
        elsewhere = some_image(config="another's", subject=about(some_image(config="other")))
        absent = some_image(config="never pushed")
        both = some_image(config="both", subject=about(SUBJECT))
        own = some_image(config="own", subject=about(SUBJECT))
        await push(registry.metadata, APP, silent, elsewhere, both, own)
        listed = some_index(silent, elsewhere, absent, both)
        await push(registry.metadata, APP, listed, tag=TAG)
        expected = sorted([silent.digest, both.digest, own.digest])
        assert await referrers(registry) == expected
        assert await referrers(registry, SIGNATURE) == [silent.digest]
        assert await referrers(registry, after=expected[0]) == expected[1:]

    with_registry(work)


REFUSED = [
    adopted(b"no JSON", types.OCI_MANIFEST),
    adopted(b"[]", types.OCI_MANIFEST),
    adopted(b"{}", types.OCI_MANIFEST),
    adopted(b'{"schemaVersion": 1, "fsLayers": []}', "application/json"),
    adopted(b'{"schemaVersion": 2, "config": 1, "layers": []}', types.OCI_MANIFEST),
    adopted(
        b'{"schemaVersion": 2, "config": {"mediaType": "a/b", "size": 1, "digest": "md5:0"},'
        b' "layers": []}',
        types.OCI_MANIFEST,
    ),
    adopted(b'{"schemaVersion": 2, "manifests": []}', "no media type"),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda manifest: manifest.payload.decode())
def test_an_adopted_manifest_that_cannot_be_read_is_passed_over(refused: NewManifest) -> None:
    async def work(registry: Registry) -> None:
        good = some_image(config="good")
        await push(registry.metadata, APP, good, refused)
        listed = listing_of(entry(refused), entry(good))
        await push(registry.metadata, APP, listed, tag=TAG)
        assert await referrers(registry) == [good.digest]

    with_registry(work)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"no JSON",
        b"[]",
        b"{}",
        b'{"manifests": null}',
        b'{"manifests": 1}',
        b'{"manifests": {"digest": 1}}',
        b'{"manifests": [null, 1, "text", [], {}, {"digest": 1}, {"digest": "md5:0"}]}',
        b'{"manifests": [], "manifests": []}',
        b"\xff",
        b"[" * 100_000,
    ],
    ids=lambda payload: repr(payload[:40]),
)
def test_an_adopted_list_that_cannot_be_read_lists_nothing(payload: bytes) -> None:
    async def work(registry: Registry) -> None:
        own = some_image(config="own", subject=about(SUBJECT))
        await push(registry.metadata, APP, own)
        await push(registry.metadata, APP, adopted(payload, types.OCI_INDEX), tag=TAG)
        assert await referrers(registry) == [own.digest]

    with_registry(work)


def test_a_tag_that_is_no_index_lists_nothing() -> None:
    async def work(registry: Registry) -> None:
        good = some_image(config="good")
        await push(registry.metadata, APP, good)
        document = json.dumps({"manifests": [entry(good)]}).encode()
        await push(registry.metadata, APP, adopted(document, types.OCI_MANIFEST), tag=TAG)
        assert await referrers(registry) == []

    with_registry(work)


@settings(max_examples=25)  # each is a registry of its own
@given(
    st.lists(st.one_of(json_values, st.dictionaries(st.just("digest"), json_values)), max_size=5)
)
def test_whatever_a_list_has_beside_it_a_good_entry_counts(strange: list[Any]) -> None:
    async def work(registry: Registry) -> None:
        good = some_image(config="good")
        await push(registry.metadata, APP, good)
        listed = listing_of(*strange, entry(good))
        await push(registry.metadata, APP, listed, tag=TAG)
        assert await referrers(registry) == ([good.digest] if is_json(listed.payload) else [])

    with_registry(work)


@settings(max_examples=20)
@given(st.lists(st.sampled_from(["own", "listed", "both", "filtered"]), max_size=8))
def test_both_kinds_are_one_list_by_digest_each_once(kinds: list[str]) -> None:
    async def work(registry: Registry) -> None:
        pushed: dict[str, list[NewManifest]] = {}
        for number, kind in enumerate(kinds):
            fields: dict[str, Any] = {"artifactType": SIGNATURE if kind != "filtered" else "a/b"}
            if kind in ("own", "both"):
                fields["subject"] = about(SUBJECT)
            pushed.setdefault(kind, []).append(some_image(config=str(number), **fields))
        everything = [manifest for group in pushed.values() for manifest in group]
        await push(registry.metadata, APP, *everything)
        listed = [
            manifest for kind in ("listed", "both", "filtered") for manifest in pushed.get(kind, [])
        ]
        await push(registry.metadata, APP, some_index(*listed), tag=TAG)
        expected = sorted(manifest.digest for manifest in everything)
        assert await referrers(registry) == expected
        filtered = {manifest.digest for manifest in pushed.get("filtered", [])}
        wanted = [digest for digest in expected if digest not in filtered]
        assert await referrers(registry, SIGNATURE) == wanted
        for number, digest in enumerate(expected):
            assert await referrers(registry, after=digest) == expected[number + 1 :]

    with_registry(work)
