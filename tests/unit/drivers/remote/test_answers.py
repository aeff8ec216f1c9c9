"""What headers of an answer say."""

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from entrepot.drivers.remote import answers
from entrepot.errors import (
    EntrepotError,
    UnknownUpstreamContent,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.ports.upstream import RateLimit

DATE = "Tue, 01 Dec 2026 04:00:00 GMT"


def headers(**values: str) -> CIMultiDict[str]:
    return CIMultiDict({name.replace("_", "-"): value for name, value in values.items()})


@pytest.mark.parametrize(
    ("limit", "remaining", "read"),
    [
        ("100;w=21600", "76;w=21600", RateLimit(100, 76, 21600)),
        ("100", "0", RateLimit(100, 0, 0)),
        ("100", "3;w=60", RateLimit(100, 3, 60)),
        ("", "76", None),
        ("100;w=21600", "", None),
        ("many", "76", None),
        ("1" * 400, "76", None),
    ],
)
def test_the_limit_is_read_as_docker_hub_sends_it(
    limit: str, remaining: str, read: RateLimit | None
) -> None:
    told = headers(ratelimit_limit=limit, ratelimit_remaining=remaining)
    assert answers.rate_limit(told) == read


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (headers(), None),
        (headers(retry_after="30"), 30),
        (headers(retry_after="99999999999"), answers.LONGEST_WAIT),
        (headers(retry_after="Tue, 01 Dec 2026 04:02:00 GMT", date=DATE), 120),
        (headers(retry_after="Tue, 01 Dec 2026 03:00:00 GMT", date=DATE), 0),
        (headers(retry_after="soon"), None),
        (headers(retry_after="-1"), None),
    ],
)
def test_retry_after_is_seconds_or_a_date(told: CIMultiDict[str], seconds: int | None) -> None:
    assert answers.retry_after(told) == seconds


def test_a_date_is_compared_with_our_clock_where_the_answer_has_none() -> None:
    seconds = answers.retry_after(headers(retry_after=formatdate(time.time() + 600, usegmt=True)))
    assert seconds is not None
    assert 0 < seconds <= 601


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, UpstreamDenied),
        (403, UpstreamDenied),
        (404, UnknownUpstreamContent),
        (408, UpstreamOutage),
        (429, UpstreamBusy),
        (500, UpstreamOutage),
        (503, UpstreamOutage),
        (418, UpstreamFault),
        (302, UpstreamFault),
    ],
)
def test_each_status_is_one_error(status: int, kind: type[EntrepotError]) -> None:
    body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"token=secret"}]}'
    error = answers.error_of(status, headers(retry_after="7"), body, "hub.test", "the manifest a:1")
    assert type(error) is kind
    assert "hub.test" in str(error)
    assert "the manifest a:1" in str(error)
    assert "secret" not in str(error)
    if isinstance(error, UpstreamBusy):
        assert error.retry_after == 7


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("bytes 5-9/10", (5, 9, 10)),
        ("bytes 0-0/*", (0, 0, None)),
        ("bytes 5-4/10", None),
        ("bytes 5-10/10", None),
        ("bytes */10", None),
        ("", None),
    ],
)
def test_a_range_must_fit_its_size(text: str, read: tuple[int, int, int | None] | None) -> None:
    told = headers(content_range=text)
    if read is not None:
        assert answers.content_range(told, "hub.test") == read
        return
    with pytest.raises(UpstreamFault):
        answers.content_range(told, "hub.test")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ('</v2/_catalog?last=b&n=2>; rel="next"', "/v2/_catalog?last=b&n=2"),
        ("<https://x.test/v2/_catalog?n=2>; rel=next", "https://x.test/v2/_catalog?n=2"),
        ('</v2/_catalog>; rel="prev"', ""),
        ("/v2/_catalog", ""),
        ("", ""),
    ],
)
def test_the_next_page_is_what_link_says(text: str, target: str) -> None:
    assert answers.next_page(headers(link=text)) == target


@given(st.text(max_size=300))
def test_no_header_breaks_the_readers(text: str) -> None:
    names = ["Retry-After", "Date", "RateLimit-Limit", "RateLimit-Remaining", "Content-Length"]
    names += ["Docker-Content-Digest", "Content-Type", "Link"]
    told = CIMultiDict(dict.fromkeys(names, text))
    answers.retry_after(told)
    answers.rate_limit(told)
    answers.content_length(told)
    answers.content_digest(told)
    assert len(answers.content_type(told)) <= 255
    answers.next_page(told)
