import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import InvalidDigest
from entrepot.oci.digest import HEX_LENGTH, Digest, parse_algorithm
from tests.unit.oci.strategies import anything, digests

HEX = "a" * 64


@given(digests)
def test_a_digest_is_read_as_it_is_written(text: str) -> None:
    digest = Digest.parse(text)
    assert digest == text
    assert f"{digest.algorithm}:{digest.hex}" == text
    assert len(digest.hex) == HEX_LENGTH[digest.algorithm]


@given(anything | st.builds(lambda rest: f"sha256:{rest}", anything))
def test_any_other_text_is_refused_with_a_detail_that_utf_8_can_carry(text: str) -> None:
    with pytest.raises(InvalidDigest) as refused:
        Digest.parse(text)
    f"{refused.value.message}{refused.value.detail}".encode()


@given(st.binary(), st.sampled_from(sorted(HEX_LENGTH)))
def test_the_digest_of_bytes_is_that_of_hashlib_and_is_accepted(
    content: bytes, algorithm: str
) -> None:
    digest = Digest.of(content, algorithm)
    assert digest.hex == hashlib.new(algorithm, content).hexdigest()
    assert Digest.parse(digest) == digest


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is written ALGORITHM:HEX"),
        (HEX, "is written ALGORITHM:HEX"),
        (f"sha256:{HEX}\n", "is written ALGORITHM:HEX"),
        (f" sha256:{HEX}", "is written ALGORITHM:HEX"),
        (f"SHA256:{HEX}", "is written ALGORITHM:HEX"),
        (f"sha256:{HEX}:{HEX}", "is written ALGORITHM:HEX"),
        (f"sha256:{HEX[1:]}", "has 64 hexadecimal digits, not 63"),
        (f"sha256:{HEX}a", "has 64 hexadecimal digits, not 65"),
        (f"sha512:{HEX}", "has 128 hexadecimal digits, not 64"),
        (f"sha256:{'A' * 64}", "in lower case"),
        (f"sha256:{'g' * 64}", "digits 0-9 and a-f"),
        (f"sha384:{'a' * 96}", "not supported; supported are sha256 and sha512"),
        (f"blake3:{HEX}", "not supported; supported are sha256 and sha512"),
        (f"multihash+base58:{HEX}", "not supported; supported are sha256 and sha512"),
        ("sha256:" + "\N{ARABIC-INDIC DIGIT ZERO}" * 64, "is written ALGORITHM:HEX"),
        ("sha256:" + "a" * 4_000_000, "has 64 hexadecimal digits, not 4000000"),
        ("a-" * 2_000_000, "is written ALGORITHM:HEX"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_refused_digest_is_told_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidDigest, match=reason) as refused:
        Digest.parse(text)
    assert len(str(refused.value.detail)) < 4_000


@pytest.mark.parametrize("name", ["sha256", "sha512"])
def test_the_supported_algorithms_are_accepted(name: str) -> None:
    assert parse_algorithm(name) == name


@given(anything.filter(lambda text: text not in HEX_LENGTH))
def test_any_other_algorithm_is_refused_naming_the_supported_ones(text: str) -> None:
    with pytest.raises(InvalidDigest, match="supported are sha256 and sha512") as refused:
        parse_algorithm(text)
    f"{refused.value.message}{refused.value.detail}".encode()
