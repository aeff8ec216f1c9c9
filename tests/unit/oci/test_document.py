import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import InvalidManifest
from entrepot.oci.document import MOST_VALUES, decode_document
from tests.cpu_time import within_cpu_seconds
from tests.unit.oci.strategies import anything, json_values

MIB = 2**20
JUNK = {
    "4 MiB of zeros": bytes(4 * MIB),
    "4 MiB of digits": b"9" * (4 * MIB),
    "many opening brackets": b"[" * MOST_VALUES,
    "many opening objects": b'{"a":' * MOST_VALUES,
    "deep and whole": b'{"a":' + b"[" * 99_999 + b"]" * 99_999 + b"}",
    "a number of 5,000 digits": b'{"a":' + b"9" * 5_000 + b"}",
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "minus Infinity": b'{"a":-Infinity}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "Latin-1": b'{"a":"\xe9"}',
    "a surrogate written in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "text behind the object": b"{}{}",
    "an unfinished object": b'{"a":1',
    "a comma too many": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "a control character": b'{"a":"\x00"}',
    "nothing": b"",
}


@pytest.mark.parametrize("payload", JUNK.values(), ids=JUNK.keys())
def test_what_is_not_json_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidManifest, match="this is not JSON"):
        decode_document(payload)


def filled(value: bytes) -> bytes:
    """Give as many of a value as 4 MiB have room for."""
    return b'{"a":[' + b",".join([value] * (4 * MIB // (len(value) + 1) - 4)) + b"]}"


MANY = [b"[]", b"{}", b"0", b"1e-300", b"null", b'""', b'{"":0}', b"[[]]"]


@pytest.mark.parametrize("value", MANY, ids=bytes.decode)
def test_too_many_values_are_seen_before_they_are_read(value: bytes) -> None:
    payload = filled(value)
    # One of them took up to 1.2 s, and all others waited for most of it.
    with within_cpu_seconds(3):
        for _ in range(20):
            with pytest.raises(InvalidManifest, match="at most 100000 values"):
                decode_document(payload)


def test_an_index_of_nearly_ten_thousand_images_is_read() -> None:
    descriptor = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "size": 1000,
        "digest": f"sha256:{'0' * 64}",
        "platform": {"architecture": "amd64", "os": "linux"},
        "annotations": {"org.opencontainers.image.ref.name": "a", "org.example": "b"},
    }
    payload = json.dumps({"manifests": [descriptor] * 9_900}).encode()
    assert len(payload) < 4 * MIB
    assert len(decode_document(payload)["manifests"]) == 9_900


@pytest.mark.parametrize("payload", [b"[]", b'"{}"', b"7", b"null", b"true", b"[{}]"])
def test_another_json_value_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidManifest, match="this is another JSON value"):
        decode_document(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a":1,"a":1}',
        b'{"layers":[],"config":{},"layers":[{}]}',
        b'{"a":{"b":[{"c":1,"c":2}]}}',
        rb'{"a":1,"\u0061":2}',
        b'{"a":[{"c":1,"c":2}],"a":1}',
    ],
)
def test_a_key_that_stands_twice_in_an_object_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidManifest, match="a key stands twice"):
        decode_document(payload)


@pytest.mark.parametrize(
    "payload",
    [
        rb'{"a":"\ud800"}',
        rb'{"a":"\uD83D"}',
        rb'{"a":"\udc00\ud800"}',
        rb'{"\udfff":1}',
        rb'{"a":[{"b":"x\uDABCy"}]}',
    ],
)
def test_a_lone_surrogate_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidManifest, match="no Unicode text"):
        decode_document(payload)


@pytest.mark.parametrize(
    ("payload", "document"),
    [
        (rb'{"a":"\ud83d\ude00"}', {"a": "\U0001f600"}),
        ('{"a":"\U0001f600"}'.encode(), {"a": "\U0001f600"}),
        (rb'{"a":"\\ud800"}', {"a": "\\ud800"}),
        (b' {"a" : 1e400 }\n', {"a": float("inf")}),
        (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
    ],
)
def test_unusual_but_unambiguous_json_is_read(payload: bytes, document: dict[str, Any]) -> None:
    assert decode_document(payload) == document


@given(st.dictionaries(anything, json_values), st.booleans())
def test_any_object_is_read_as_it_is_written_or_refused(
    document: dict[str, Any], escape: bool
) -> None:
    payload = json.dumps(document, ensure_ascii=escape).encode("utf-8", "surrogatepass")
    try:
        read = decode_document(payload)
    except InvalidManifest:
        return
    json.dumps(read, ensure_ascii=False).encode("utf-8")
    assert read == document


@given(st.binary())
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        assert isinstance(decode_document(payload), dict)
    except InvalidManifest as refused:
        refused.message.encode()
