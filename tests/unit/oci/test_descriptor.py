import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import InvalidDigest, InvalidManifest
from entrepot.oci.descriptor import MAX_SIZE, MAX_TYPE_LENGTH, parse_descriptor, parse_type
from entrepot.oci.digest import HEX_LENGTH, Digest
from tests.unit.oci.strategies import (
    anything,
    digests,
    json_values,
    media_types,
    some_descriptor,
)


@given(media_types, digests, st.integers(0, MAX_SIZE), st.none() | st.lists(anything, max_size=3))
def test_a_descriptor_is_read_as_it_is_written(
    media_type: str, digest: str, size: int, urls: list[str] | None
) -> None:
    value = {"mediaType": media_type, "digest": digest, "size": size, "urls": urls}
    read = parse_descriptor(value, "config")
    assert (read.media_type, read.digest, read.size) == (media_type, digest, size)
    assert read.urls == tuple(urls or ())


@given(st.binary(max_size=100), st.sampled_from(sorted(HEX_LENGTH)))
def test_embedded_data_that_agrees_is_accepted(content: bytes, algorithm: str) -> None:
    value = some_descriptor(content)
    value["digest"] = Digest.of(content, algorithm)
    value["data"] = base64.b64encode(content).decode()
    assert parse_descriptor(value, "layers[0]").size == len(content)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("e3x=", "does not have the digest"),
        ("e30", "not base64"),
        ("e30=\n", "not base64"),
        ("e3 0=", "not base64"),
        ("e30=e30=", "not base64"),
        ("é", "not base64"),
        ("\ud800", "not base64"),
        ("", "has 0 bytes, its size says 2"),
        ("e30gIA==", "has 4 bytes, its size says 2"),
        (7, "not base64"),
        (["e30="], "not base64"),
        ({}, "not base64"),
        (True, "not base64"),
    ],
    ids=repr,
)
def test_embedded_data_that_contradicts_its_descriptor_is_refused(data: Any, message: str) -> None:
    with pytest.raises(InvalidManifest, match=rf"config\.data.*{message}"):
        parse_descriptor({**some_descriptor(), "data": data}, "config")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("mediaType", [7, [], {}, True, "x" * (MAX_TYPE_LENGTH + 1)]),
        ("size", [None, -1, MAX_SIZE + 1, 10**400, 2.0, float("nan"), True, "2", [], {}]),
        ("digest", [None, 7, [], {}]),
        ("urls", ["https://x", {}, 7, [7], [None], False]),
        ("artifactType", [7, [], {}, True, "x" * (MAX_TYPE_LENGTH + 1)]),
        ("annotations", ["x", 7, [], {"a": 1}, {"a": []}, {"a": "b", "c": {}}]),
        ("platform", ["linux", 7, [], {"os": 7}, {"architecture": []}, {"os": False}]),
    ],
)
def test_a_field_of_another_kind_is_refused_by_name(field: str, wrong: list[Any]) -> None:
    for value in wrong:
        with pytest.raises(InvalidManifest, match=rf"layers\[2\]\.{field} "):
            parse_descriptor({**some_descriptor(), field: value}, "layers[2]")


@pytest.mark.parametrize("text", ["", "sha256:x", "md5:" + "a" * 32, "sha256:\ud800"])
def test_a_malformed_digest_is_refused_as_a_digest(text: str) -> None:
    with pytest.raises(InvalidDigest):
        parse_descriptor({**some_descriptor(), "digest": text}, "config")


@pytest.mark.parametrize(
    ("platform", "read"),
    [
        (None, None),
        ({}, ("", "")),
        ({"os": "linux", "architecture": "arm64", "variant": "v8"}, ("linux", "arm64")),
        ({"os": None, "architecture": "arm"}, ("", "arm")),
        ({"os": "unknown", "architecture": "unknown"}, ("unknown", "unknown")),
    ],
)
def test_a_platform_is_read_as_system_and_architecture(
    platform: Any, read: tuple[str, str] | None
) -> None:
    assert parse_descriptor({**some_descriptor(), "platform": platform}, "x").platform == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (None, None),
        ("", None),
        ("a/b", "a/b"),
        ("thing", "thing"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
    ],
)
def test_a_type_of_content_is_any_text_and_an_empty_one_is_none(
    value: str | None, read: str | None
) -> None:
    assert parse_type(value, "manifest.artifactType") == read
    described = parse_descriptor({**some_descriptor(), "mediaType": value}, "x")
    assert described.media_type == (value or "")


@pytest.mark.parametrize("field", ["MediaType", "SIZE", "Digest", "dige\u017ft", "URLs"])
def test_a_field_in_other_letters_is_refused(field: str) -> None:
    with pytest.raises(InvalidManifest, match="which is written"):
        parse_descriptor({**some_descriptor(), field: None}, "config")


KEYS = ("mediaType", "digest", "size", "data", "urls", "artifactType", "platform")


@given(json_values | st.dictionaries(st.sampled_from(KEYS), json_values))
def test_any_value_is_a_descriptor_or_is_refused(value: Any) -> None:
    with pytest.raises((InvalidManifest, InvalidDigest)):
        parse_descriptor(value, "config")


@given(st.sampled_from(KEYS), json_values)
def test_a_descriptor_with_any_one_field_is_read_or_refused(field: str, value: Any) -> None:
    try:
        read = parse_descriptor({**some_descriptor(), field: value}, "config")
    except (InvalidManifest, InvalidDigest) as refused:
        refused.message.encode()
    else:
        assert read.size >= 0
