import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci import media_type as types
from tests.unit.oci.strategies import anything, media_types


@given(media_types)
def test_every_media_type_of_rfc_6838_is_one(text: str) -> None:
    assert types.is_media_type(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "a",
        "a/",
        "/b",
        "a/b/c",
        "a/b;c=d",
        "a /b",
        "a/b ",
        "a/b\n",
        "é/b",
        "*/*",
        "-a/b",
        "a" * 128 + "/b",
        "a/" + "b" * 128,
        "a/" + "b" * 4_000_000,
    ],
    ids=lambda value: repr(value[:20]),
)
def test_other_text_is_no_media_type(text: str) -> None:
    assert not types.is_media_type(text)


@given(media_types, st.sampled_from(["", ";", "; charset=utf-8", " ; a=b; c=d", ";\t"]))
def test_parameters_case_and_space_do_not_change_a_content_type(kind: str, rest: str) -> None:
    assert types.without_parameters(f" {kind.upper()}{rest}") == kind.lower()


@given(anything)
def test_taking_the_parameters_away_twice_changes_nothing(text: str) -> None:
    once = types.without_parameters(text)
    assert types.without_parameters(once) == once


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("application/vnd.oci.image.layer.nondistributable.v1.tar", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", True),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", True),
        ("application/vnd.oci.image.layer.v1.tar+gzip", False),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", False),
        ("", False),
    ],
)
def test_only_foreign_and_non_distributable_layers_may_be_absent(text: str, absent: bool) -> None:
    assert types.is_non_distributable(text) is absent
