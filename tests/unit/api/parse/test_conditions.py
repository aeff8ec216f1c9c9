"""If-None-Match and If-Range."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from entrepot.api.parse.ranges import matches_any, may_send_range
from entrepot.oci.digest import Digest
from tests.unit.oci.strategies import anything, digests

DIGEST = Digest.of(b"content")
OTHER = Digest.of(b"other")

tags = st.builds(
    lambda weak, digest: f'{weak}"{digest}"', st.sampled_from(["", "W/"]), digests
) | digests.map(str)


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        ("*", True),
        (" * ", True),
        (f'"{DIGEST}"', True),
        (f'W/"{DIGEST}"', True),
        (DIGEST, True),
        (f'"{OTHER}", "{DIGEST}"', True),
        (f'"{OTHER}","{DIGEST}"', True),
        (f'"a, {DIGEST}, b"', False),
        (f'"{DIGEST}x"', False),
        (f"{DIGEST}x", False),
        (f'"{DIGEST.upper()}"', False),
        (f'"{OTHER}"', False),
        ('"*"', False),
        ('""', False),
        ("", False),
    ],
)
def test_which_tags_name_a_digest(header: str, matches: bool) -> None:
    assert matches_any(header, DIGEST) is matches


@given(st.lists(tags, max_size=5), digests, st.sampled_from([",", ", ", " ,"]))
def test_a_list_matches_exactly_when_one_of_its_tags_does(
    listed: list[str], digest: str, separator: str
) -> None:
    assert not matches_any(separator.join(listed), digest) or any(digest in tag for tag in listed)
    assert matches_any(separator.join([*listed, f'"{digest}"']), digest)
    assert matches_any(separator.join([f'W/"{digest}"', *listed]), digest)


@given(anything)
def test_text_that_lacks_the_digest_does_not_match(text: str) -> None:
    assume(str(DIGEST) not in text)
    assert matches_any(text, DIGEST) is (text.strip() == "*")
    assert not may_send_range(text, DIGEST)


@pytest.mark.parametrize(
    ("header", "holds"),
    [
        (f'"{DIGEST}"', True),
        (f' "{DIGEST}" ', True),
        (DIGEST, True),
        (f'W/"{DIGEST}"', False),
        (f'"{OTHER}"', False),
        (f'"{OTHER}", "{DIGEST}"', False),
        ("*", False),
        ("Wed, 21 Oct 2015 07:28:00 GMT", False),
    ],
)
def test_a_range_is_sent_for_one_strong_tag_only(header: str, holds: bool) -> None:
    assert may_send_range(header, DIGEST) is holds
