"""Listing repositories."""

from tests.wire.harness.contents import IMAGE
from tests.wire.harness.exchange import Request, Transport
from tests.wire.harness.paging import pages
from tests.wire.harness.rules import Rule, Step, delete, get, head, play, rule
from tests.wire.harness.steps import base, push_manifest

CATALOGUE = "Docker Registry HTTP API V2, Listing Repositories"
LIST = "/v2/_catalog"


def refused(value: str) -> Step:
    return get(f"{LIST}?n={value}").answers(400, code="PAGINATION_NUMBER_INVALID")


RULES = [
    rule(
        CATALOGUE,
        "the answer is JSON with the list of repositories",
        base(),
        push_manifest(IMAGE, "v1"),
        get(LIST, {"n": "1"}).answers(
            200, present={"Content-Type": "application/json"}, says=('{"repositories":[',)
        ),
        head(LIST).answers(200, present={"Content-Type": "application/json"}),
    ),
    rule(
        CATALOGUE,
        "last gives what stands behind it, with or without slashes",
        base("<name>/a"),
        push_manifest(IMAGE, "v1", "<name>/a"),
        base("<name>/b/c"),
        push_manifest(IMAGE, "v1", "<name>/b/c"),
        get(LIST, {"last": "<name>", "n": "2"}).answers(200, says=('["<name>/a","<name>/b/c"]',)),
        get(LIST, {"last": "<name>/a", "n": "1"}).answers(200, says=('["<name>/b/c"]',)),
        get(LIST, {"last": "<name>/a/not/there", "n": "1"}).answers(200, says=('["<name>/b/c"]',)),
    ),
    rule(
        CATALOGUE,
        "a repository that has only blobs is not listed",
        base("<name>/a"),
        base("<name>/b"),
        push_manifest(IMAGE, "v1", "<name>/b"),
        get(LIST, {"last": "<name>", "n": "1"}).answers(200, says=('["<name>/b"]',)),
    ),
    rule(
        CATALOGUE,
        "a repository whose last manifest was deleted is not listed any more",
        base("<name>/a"),
        push_manifest(IMAGE, "v1", "<name>/a"),
        base("<name>/b"),
        push_manifest(IMAGE, "v1", "<name>/b"),
        delete(f"/v2/<name>/a/manifests/{IMAGE.digest}").answers(202),
        get(LIST, {"last": "<name>", "n": "1"}).answers(200, says=('["<name>/b"]',)),
    ),
    rule(
        CATALOGUE,
        "n gives that many, and a relative Link to the rest that keeps n",
        base("<name>/a"),
        push_manifest(IMAGE, "v1", "<name>/a"),
        base("<name>/b"),
        push_manifest(IMAGE, "v1", "<name>/b"),
        get(LIST, {"last": "<name>", "n": "1"}).answers(
            200,
            says=('["<name>/a"]',),
            present={"Link": '</v2/_catalog?n=1&last=<encoded>%2Fa>; rel="next"'},
        ),
    ),
    rule(
        CATALOGUE,
        "n=0 gives an empty list and no Link",
        base(),
        push_manifest(IMAGE, "v1"),
        get(LIST, {"n": "0"}).answers(200, absent=("Link",), says=('"repositories":[]',)),
    ),
    rule(
        CATALOGUE,
        "n far above the largest page is cut to it, not refused",
        get(LIST, {"n": "1001"}).answers(200),
        get(LIST, {"n": "99999999999999999999999999"}).answers(200),
    ),
    rule(
        CATALOGUE,
        "n that is negative or no number is 400 PAGINATION_NUMBER_INVALID",
        *[refused(value) for value in ("-1", "x", "1.5", "%20", "NaN")],
    ),
    rule(
        CATALOGUE,
        "the end of the list has no Link",
        get(LIST, {"last": "zzzz"}).answers(200, absent=("Link",), says=('"repositories":[]',)),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names | {"encoded": names["name"].replace("/", "%2F")})


def test_pages_together_are_the_whole_catalogue_in_byte_order(
    transport: Transport, names: dict[str, str]
) -> None:
    mine = [f"{names['name']}/{part}" for part in ("0", "a", "a-b", "a/b", "a.b", "a0", "b")]
    for name in mine:
        play(rule("", "push", base(name), push_manifest(IMAGE, "v1", name)), transport, names)
    whole = transport.send(Request("GET", f"{LIST}?n=1000")).json()["repositories"]
    assert whole == sorted(whole, key=str.encode)
    assert [name for name in whole if name in mine] == sorted(mine, key=str.encode)
    read = pages(transport, f"{LIST}?n=2&last={names['name']}")
    listed = [name for page in read for name in page["repositories"]]
    assert listed == [name for name in whole if name > names["name"]]
