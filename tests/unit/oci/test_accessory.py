"""Tags that name a manifest by its digest, as clients write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.accessory import digest_start, fallback_tag, named_digest
from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from tests.unit.oci.strategies import digests

HEX = "0123456789abcdef" * 4
WRITTEN = [
    f"sha256-{HEX}",
    f"sha512-{HEX}",
    f"sha256-{HEX}.sig",
    f"sha256-{HEX}.att",
    f"sha256-{HEX}.sbom",
    f"sha256-{HEX}.image-locations.imgpkg",
    f"sha512-{HEX}.sig",
    f"ci-sha256-{HEX}.sig",
    f"sha256-sha256-{HEX}.att",
    f"a.b_sha256-{HEX}.sbom",
]
ORDINARY = [
    "latest",
    "v1.2.3.sig",
    "sha256",
    f"sha256-{HEX[1:]}",
    f"sha256-{HEX}0",
    f"sha256-{HEX.upper()}",
    f"SHA256-{HEX}",
    f"sha256_{HEX}",
    f"sha1-{HEX}",
    f"sha256-{HEX}-nightly",
    f"ci-sha256-{HEX}",
    f"ci-sha256-{HEX}.tar",
    f"sha256-{HEX}0.sig",
    HEX,
]


@pytest.mark.parametrize("tag", WRITTEN)
def test_what_clients_write_names_a_digest(tag: str) -> None:
    algorithm = "sha512" if tag.startswith("sha512") else "sha256"
    assert named_digest(Tag.parse(tag)) == f"{algorithm}:{HEX}"


@pytest.mark.parametrize("tag", ORDINARY)
def test_other_tags_name_none(tag: str) -> None:
    assert named_digest(Tag.parse(tag)) is None


@given(digests, st.sampled_from(["", ".sig", ".att", ".sbom"]))
def test_a_fallback_tag_names_its_subject(text: str, suffix: str) -> None:
    digest = Digest(text)
    tag = fallback_tag(digest) + suffix
    assert Tag.parse(tag) == tag
    assert named_digest(tag) == digest_start(digest)
    assert digest.startswith(digest_start(digest))
