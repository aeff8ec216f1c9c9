"""Referrers that a client listed under the subject's fallback tag, beside those that say so."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.oci.accessory import fallback_tag
from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import NewManifest
from entrepot.services.listing import Listing
from tests.contract.pushing import APP, about, push, some_image, some_index
from tests.unit.oci.strategies import digests
from tests.unit.services.registry import CAROL, Registry, with_registry

SUBJECT = some_image(config="subject")
TAG = fallback_tag(SUBJECT.digest)
SIGNATURE = "application/vnd.example.signature"


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


def test_a_list_is_made_of_rows_and_reads_no_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(registry: Registry) -> None:
        # Each is below what may be pushed; read one after the other they took seconds.
        listed = [
            some_image(config=str(number), annotations={"large": "x" * 500_000})
            for number in range(8)
        ]
        await push(registry.metadata, APP, *listed)
        await push(registry.metadata, APP, some_index(*listed), tag=TAG)
        with monkeypatch.context() as patched:
            patched.setattr(json, "loads", None)
            assert await referrers(registry) == sorted(manifest.digest for manifest in listed)

    with_registry(work)


def test_a_tag_that_is_no_index_lists_nothing() -> None:
    async def work(registry: Registry) -> None:
        await push(registry.metadata, APP, some_image(config="good"), tag=TAG)
        assert await referrers(registry) == []

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
