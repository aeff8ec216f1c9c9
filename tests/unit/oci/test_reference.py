import pytest
from hypothesis import given

from entrepot.errors import InvalidDigest, InvalidTag
from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag, parse_reference
from tests.unit.oci.strategies import anything, digests, tags


@given(tags)
def test_a_tag_is_read_as_it_is_written(text: str) -> None:
    assert Tag.parse(text) == text
    assert isinstance(parse_reference(text), Tag)


@given(digests)
def test_a_reference_with_a_colon_is_a_digest(text: str) -> None:
    reference = parse_reference(text)
    assert isinstance(reference, Digest)
    assert reference == text


@pytest.mark.parametrize("text", ["latest", "_", "0", "A.b-C_d", "sha256-" + "a" * 64, "a" * 128])
def test_every_tag_of_the_grammar_is_accepted(text: str) -> None:
    assert Tag.parse(text) == text


@pytest.mark.parametrize(
    "text",
    ["", ".a", "-a", "a b", "a\n", "\na", "a/b", "é", "a+b", "a\x00", "a" * 129, "x" * 4_000_000],
    ids=lambda value: repr(value[:20]),
)
def test_a_tag_that_breaks_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(InvalidTag):
        Tag.parse(text)


@given(anything)
def test_any_text_is_a_reference_or_is_refused_with_a_detail_that_utf_8_can_carry(
    text: str,
) -> None:
    refusal = InvalidDigest if ":" in text else InvalidTag
    try:
        assert parse_reference(text) == text
    except refusal as refused:
        f"{refused.message}{refused.detail}".encode()
