"""Listing tags, and its pages."""

import json

from tests.wire.harness.contents import IMAGE, IMAGE_2
from tests.wire.harness.exchange import Reply, Transport
from tests.wire.harness.paging import next_target, pages
from tests.wire.harness.rules import Check, Rule, Step, delete, get, head, play, request, rule
from tests.wire.harness.steps import base, full_base, push_manifest

LISTING = "Listing Tags (end-8a)"
PAGING = "Listing Tags, n and last (end-8b)"
LIST = "/v2/<name>/tags/list"

# Byte order: digits, upper case, underscore, lower case; not a dictionary's order.
TAGS = ["0.9", "10", "9", "B", "_x", "a", "a-1", "a.1", "a_1", "b"]


def with_tags() -> list[Step]:
    shuffled = TAGS[1::2] + TAGS[::2]
    pushes = [
        request(
            "PUT",
            f"/v2/<name>/manifests/{IMAGE.digest}",
            IMAGE.payload,
            [("tag", tag) for tag in shuffled],
            content_type=IMAGE.media_type,
        ).answers(201)
    ]
    return [*base(), *pushes]


def lists(*tags: str) -> Check:
    def check(reply: Reply) -> None:
        document = json.loads(reply.body)
        assert set(document) == {"name", "tags"}
        assert document["tags"] == list(tags)

    return check


def whole(target: str, *tags: str, **query: str) -> Step:
    return get(target, query).answers(200, absent=("Link",), check=lists(*tags))


def refused(value: str) -> Step:
    return get(f"{LIST}?n={value}").answers(400, code="PAGINATION_NUMBER_INVALID")


RULES = [
    rule(
        LISTING,
        "the answer has the repository's name and its tags in byte order",
        with_tags(),
        get(LIST).answers(
            200,
            present={"Content-Type": "application/json"},
            absent=("Link",),
            check=lists(*TAGS),
            says=('"name":"<name>"',),
        ),
    ),
    rule(
        LISTING,
        "HEAD answers the status and type of GET without a body",
        with_tags(),
        head(LIST).answers(200, present={"Content-Type": "application/json"}),
    ),
    rule(
        LISTING,
        "an unknown repository is 404 NAME_UNKNOWN",
        get(LIST).answers(404, code="NAME_UNKNOWN"),
        get(LIST, {"n": "0"}).answers(404, code="NAME_UNKNOWN"),
        base("<name>/below"),
        get(LIST).answers(404, code="NAME_UNKNOWN"),
    ),
    rule(
        LISTING,
        "a repository whose last tag was deleted is still there with an empty list",
        base(),
        push_manifest(IMAGE, "v1"),
        delete("/v2/<name>/manifests/v1").answers(202),
        whole(LIST),
        push_manifest(IMAGE, "v1"),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        whole(LIST),
    ),
    rule(
        LISTING,
        "a tag is listed once however often it moves",
        full_base(),
        push_manifest(IMAGE, "v1"),
        push_manifest(IMAGE_2, "v1"),
        push_manifest(IMAGE, "v1"),
        whole(LIST, "v1"),
    ),
    rule(
        PAGING,
        "n gives that many, and a relative Link to the rest that keeps n",
        with_tags(),
        get(LIST, {"n": "4"}).answers(
            200,
            present={"Link": '</v2/<name>/tags/list?n=4&last=B>; rel="next"'},
            check=lists(*TAGS[:4]),
        ),
    ),
    rule(
        PAGING,
        "n that is just enough, or more than there are, gives all without a Link",
        with_tags(),
        whole(LIST, *TAGS, n="10"),
        whole(LIST, *TAGS, n="11"),
        whole(LIST, *TAGS, n=""),
        whole(LIST, *TAGS, n="1000"),
    ),
    rule(
        PAGING,
        "n far above the largest page is cut to it, not refused",
        with_tags(),
        whole(LIST, *TAGS, n="1001"),
        whole(LIST, *TAGS, n="99999999999999999999999999"),
    ),
    rule(
        PAGING,
        "n=0 gives an empty list and no Link",
        with_tags(),
        whole(LIST, n="0"),
    ),
    rule(
        PAGING,
        "n that is negative or no number is 400 PAGINATION_NUMBER_INVALID",
        with_tags(),
        *[
            refused(value)
            for value in ("-1", "x", "1.5", "1e3", "%20", "NaN", "0x10", "1_0", "%D9%A1")
        ],
        head(f"{LIST}?n=-1").answers(400),
    ),
    rule(
        PAGING,
        "last gives what stands behind it, be it there or not",
        with_tags(),
        whole(LIST, "a.1", "a_1", "b", last="a-1"),
        whole(LIST, "a_1", "b", last="a.5"),
        whole(LIST, *TAGS, last="."),
        whole(LIST, *TAGS, last=""),
        whole(LIST, last="b"),
        whole(LIST, last="zzz"),
        get(LIST, {"last": "a", "n": "1"}).answers(
            200,
            present={"Link": '</v2/<name>/tags/list?n=1&last=a-1>; rel="next"'},
            check=lists("a-1"),
        ),
        whole(LIST, "b", last="a_1", n="1"),
        whole(LIST, last="b", n="1"),
    ),
    rule(
        PAGING,
        "last may be anything: it is compared, never looked up",
        with_tags(),
        whole(f"{LIST}?last=%00", *TAGS),
        whole(f"{LIST}?last=%F0%9F%90%B3"),
        whole(f"{LIST}?last={'z' * 3000}"),
        whole(f"{LIST}?last=%27%20OR%201%3D1--", *TAGS),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)


def test_pages_together_are_the_whole_list(transport: Transport, names: dict[str, str]) -> None:
    play(rule("", "push", with_tags()), transport, names)
    for n in (1, 3, 7):
        read = pages(transport, f"/v2/{names['name']}/tags/list?n={n}")
        assert [tag for page in read for tag in page["tags"]] == TAGS
        assert all(len(page["tags"]) == n for page in read[:-1])


def test_a_tag_that_is_deleted_between_two_pages_does_not_disturb_them(
    transport: Transport, names: dict[str, str]
) -> None:
    play(rule("", "push", with_tags()), transport, names)
    path = f"/v2/{names['name']}/tags/list?n=4"
    first = transport.send(get(path).plain())
    play(rule("", "delete", delete("/v2/<name>/manifests/B").answers(202)), transport, names)
    rest = pages(transport, next_target(first))
    found = first.json()["tags"] + [tag for page in rest for tag in page["tags"]]
    assert found == TAGS
