"""What Docker Registry served is read; what Entrepot takes is what both releases take, and safe."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import InvalidDigest, InvalidManifest
from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Manifest, Role, parse_manifest
from entrepot.oci.stored_manifest import parse_stored_manifest
from tests.unit.oci import odd_manifests as odd
from tests.unit.oci.odd_manifests import ODD, Odd
from tests.unit.oci.strategies import json_values

BY_NAME = {one.name: one for one in ODD}
SERVED = [one for one in ODD if one.name not in odd.REFUSED_BY_BOTH]
UNREADABLE = odd.REFUSED_BY_BOTH - odd.TAKEN_HERE - odd.WITHOUT_DIGEST
LAYER, OTHER, CONFIG = (Digest.of(content) for content in (odd.LAYER, odd.OTHER, odd.CONFIG))


def named(one: Odd) -> str:
    return one.name


def needs(manifest: Manifest) -> set[str]:
    return {edge.descriptor.digest for edge in manifest.edges if edge.role is not Role.SUBJECT}


@pytest.mark.parametrize("one", SERVED, ids=named)
def test_what_was_served_is_read_with_all_that_it_refers_to(one: Odd) -> None:
    manifest = parse_stored_manifest(one.payload, "")
    assert manifest.media_type in types.IMAGES | types.INDEXES
    if manifest.media_type in types.INDEXES:
        wanted = {Digest.of(odd.PLAIN)} if b"sha256" in one.payload else set()
    else:
        text = one.payload.decode("utf-8", "replace")
        wanted = {digest for digest in (CONFIG, LAYER, OTHER) if digest in text}
    assert needs(manifest) == wanted
    assert all(edge.descriptor.size >= 0 for edge in manifest.edges)
    f"{manifest}".encode()  # what is kept of it can be written


@pytest.mark.parametrize("name", sorted(UNREADABLE))
def test_what_neither_release_can_read_is_not_read_here(name: str) -> None:
    with pytest.raises(InvalidManifest):
        parse_stored_manifest(BY_NAME[name].payload, "")


@pytest.mark.parametrize("name", sorted(odd.WITHOUT_DIGEST))
def test_what_names_no_digest_is_read_without_it(name: str) -> None:
    manifest = parse_stored_manifest(BY_NAME[name].payload, "")
    assert needs(manifest) < {CONFIG, LAYER}
    assert manifest.oddity


@pytest.mark.parametrize("one", ODD, ids=named)
def test_what_both_releases_take_is_taken_unless_clients_could_not_read_it_back(one: Odd) -> None:
    refused = (odd.REFUSED_BY_BOTH | odd.REFUSED_BY_3 | odd.REFUSED_HERE.keys()) - odd.TAKEN_HERE
    says = odd.REFUSED_HERE.get(one.name, "")
    if one.name not in refused or "the manifest says" in says:  # that is seen when it is stored
        assert parse_manifest(one.payload, one.media_type).oddity == ""
        return
    with pytest.raises((InvalidManifest, InvalidDigest)) as refusal:
        parse_manifest(one.payload, one.media_type)
    assert says in refusal.value.message


@pytest.mark.parametrize("one", SERVED, ids=named)
def test_what_would_be_refused_now_says_why(one: Odd) -> None:
    says = odd.REFUSED_HERE.get(one.name, "the manifest says")
    oddity = parse_stored_manifest(one.payload, "").oddity
    if one.name in odd.REFUSED_BY_3:
        assert oddity
    else:
        assert oddity == "" if "the manifest says" in says else says in oddity


def test_of_fields_that_stand_twice_every_reading_is_kept_from_collection() -> None:
    manifest = parse_stored_manifest(BY_NAME["key-twice-layers-both-full"].payload, "")
    assert needs(manifest) == {CONFIG, LAYER, OTHER}


def test_annotations_are_read_as_go_reads_them() -> None:
    payload = odd.image(
        annotations={"a": None, "b": "\ud800", "layers": "kept"}, schemaVersion=2
    ).replace(b'"layers": [', b'"LAYERS": [')
    manifest = parse_stored_manifest(payload, "")
    assert manifest.annotations == {"a": "", "b": "\ufffd", "layers": "kept"}


fields = st.sampled_from(
    ["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "annotations"]
)


@given(st.dictionaries(fields, json_values | st.just(2)))
def test_any_document_is_read_or_refused(document: dict[str, Any]) -> None:
    try:
        f"{parse_stored_manifest(odd.image(**document), '')}".encode()
    except (InvalidManifest, InvalidDigest) as refusal:
        refusal.message.encode()
