"""What settings of the configuration change on the wire."""

import asyncio
from typing import Any

import pytest

from tests.wire.conftest import MakeRegistry
from tests.wire.harness.contents import (
    ABSENT,
    ABSENT_IMAGE,
    IMAGE,
    IMAGE_2,
    LAYER,
    OCI_INDEX,
    image,
    manifest,
    padded,
)
from tests.wire.harness.exchange import Request
from tests.wire.harness.in_process import LoopThread, make_scope
from tests.wire.harness.rules import Rule, delete, first_code, get, head, play, request, rule
from tests.wire.harness.steps import UPLOADS, full_base, push_blob, push_manifest, put_manifest

MIB = 1024 * 1024
DISABLED: dict[str, object] = {"storage": {"delete": {"enabled": False}}}
READ_ONLY: dict[str, object] = {"storage": {"maintenance": {"readonly": {"enabled": True}}}}
AMD64 = {"os": "linux", "architecture": "amd64"}
ARM64 = {"os": "linux", "architecture": "arm64"}
URL = "https://cdn.example.com/layer"
FOREIGN = image(layers=[ABSENT.described(urls=[URL])])
SPARSE = manifest(
    OCI_INDEX, manifests=[IMAGE.described(platform=AMD64), IMAGE_2.described(platform=ARM64)]
)


def indexes(platforms: str, *platformlist: dict[str, str]) -> dict[str, object]:
    settings = {"platforms": platforms, "platformlist": list(platformlist)}
    return {"validation": {"manifests": {"indexes": settings}}}


def urls(**patterns: list[str]) -> dict[str, object]:
    return {"validation": {"manifests": {"urls": patterns}}}


CASES: list[tuple[dict[str, object], Rule]] = [
    (
        DISABLED,
        rule(
            "storage.delete.enabled: false",
            "DELETE of tags, manifests and blobs is 405 UNSUPPORTED, and nothing is gone",
            full_base(),
            push_manifest(IMAGE, "v1"),
            delete("/v2/<name>/manifests/v1").answers(405, code="UNSUPPORTED"),
            delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(405, code="UNSUPPORTED"),
            delete(f"/v2/<name>/manifests/{IMAGE_2.digest}").answers(405, code="UNSUPPORTED"),
            delete(f"/v2/<name>/blobs/{LAYER.digest}").answers(405, code="UNSUPPORTED"),
            get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
        ),
    ),
    (
        DISABLED,
        rule(
            "storage.delete.enabled: false",
            "an upload can be cancelled all the same",
            request("POST", UPLOADS).answers(202),
            delete("<location>").answers(204),
        ),
    ),
    (
        indexes("none"),
        rule(
            "validation.manifests.indexes.platforms: none",
            "an index may lack all of its images",
            full_base(),
            put_manifest(SPARSE, "v1").answers(201),
            get("/v2/<name>/manifests/v1").answers(200, body=SPARSE.payload),
        ),
    ),
    (
        indexes("list", AMD64),
        rule(
            "validation.manifests.indexes.platforms: list",
            "images of the listed platforms must be there, others may lack",
            full_base(),
            put_manifest(SPARSE, "v1").answers(
                400, code="MANIFEST_BLOB_UNKNOWN", says=(IMAGE.digest,)
            ),
            push_manifest(IMAGE),
            put_manifest(SPARSE, "v1").answers(201),
        ),
    ),
    (
        indexes("all"),
        rule(
            "validation.manifests.indexes.platforms: all",
            "every image must be there",
            full_base(),
            push_manifest(IMAGE),
            put_manifest(SPARSE, "v1").answers(
                400, code="MANIFEST_BLOB_UNKNOWN", says=(IMAGE_2.digest,)
            ),
        ),
    ),
    (
        urls(allow=["^https://cdn\\.example\\.com/"]),
        rule(
            "validation.manifests.urls.allow",
            "a layer with an allowed URL may be absent, one with another URL is refused",
            full_base(),
            put_manifest(FOREIGN, "v1").answers(201),
            put_manifest(
                image(layers=[ABSENT.described(urls=["https://other.example.com/x"])]), "v2"
            ).answers(400, code="MANIFEST_INVALID"),
            put_manifest(image(layers=[ABSENT.described(urls=["ftp://cdn/x"])]), "v2").answers(
                400, code="MANIFEST_INVALID"
            ),
        ),
    ),
    (
        urls(allow=["^https://"], deny=["^https://cdn\\.example\\.com/"]),
        rule(
            "validation.manifests.urls.deny",
            "a denied URL is refused, even when it is allowed",
            full_base(),
            put_manifest(FOREIGN, "v1").answers(400, code="MANIFEST_INVALID"),
        ),
    ),
    (
        urls(allow=[]),
        rule(
            "validation.manifests.urls.allow",
            "an empty list allows no URL, whether the layer is there or not",
            full_base(),
            put_manifest(FOREIGN, "v1").answers(400, code="MANIFEST_INVALID"),
            put_manifest(image(layers=[LAYER.described(urls=[URL])]), "v1").answers(
                400, code="MANIFEST_INVALID"
            ),
        ),
    ),
    (
        {"validation": {"disabled": True}},
        rule(
            "validation.disabled",
            "URLs are not looked at",
            full_base(),
            put_manifest(FOREIGN, "v1").answers(201),
        ),
    ),
    (
        {"server": {"limits": {"manifest": "5MiB"}}},
        rule(
            "server.limits.manifest",
            "a larger limit takes larger manifests, and no more than that",
            full_base(),
            put_manifest(padded(4 * MIB + 1), "v1").answers(201),
            put_manifest(padded(5 * MIB), "v1").answers(201),
            put_manifest(padded(5 * MIB + 1), "v1").answers(413),
        ),
    ),
    (
        {"tags": {"maxtags": 2}},
        rule(
            "tags.maxtags",
            "a page of tags has that many at most",
            full_base(),
            *[push_manifest(IMAGE, tag) for tag in "abc"],
            get("/v2/<name>/tags/list", {"n": "100"}).answers(
                200,
                says=('"tags":["a","b"]',),
                present={"Link": '</v2/<name>/tags/list?n=2&last=b>; rel="next"'},
            ),
            get("/v2/<name>/tags/list").answers(200, says=('"tags":["a","b"]',)),
        ),
    ),
    (
        {"catalog": {"maxentries": 1}},
        rule(
            "catalog.maxentries",
            "a page of the catalogue has that many at most",
            full_base("<name>/a"),
            push_manifest(IMAGE, "v1", "<name>/a"),
            full_base("<name>/b"),
            push_manifest(IMAGE, "v1", "<name>/b"),
            get("/v2/_catalog", {"n": "100"}).answers(200, says=('["<name>/a"]',)),
            get("/v2/_catalog").answers(200, says=('["<name>/a"]',)),
        ),
    ),
    (
        {"http": {"headers": {"X-Extra": ["yes"], "X-Content-Type-Options": ["nosniff"]}}},
        rule(
            "http.headers",
            "configured headers are on every answer, once",
            get("/v2/").answers(200, present={"X-Extra": "yes"}),
            get("/v2/<name>/tags/list").answers(404, present={"X-Extra": "yes"}),
            head(f"/v2/<name>/manifests/{ABSENT_IMAGE.digest}").answers(
                404, present={"X-Extra": "yes"}
            ),
        ),
    ),
]


@pytest.mark.parametrize(("settings", "row"), CASES, ids=lambda value: str(value)[:90])
def test_a_setting_does_what_it_says(
    make_registry: MakeRegistry, settings: dict[str, object], row: Rule
) -> None:
    play(row, make_registry(settings), {"name": "team/app", "other": "team/other"})


def test_a_read_only_registry_serves_and_refuses_to_change(make_registry: MakeRegistry) -> None:
    names = {"name": "team/app", "other": "team/other"}
    filling = rule("", "push", full_base(), push_manifest(IMAGE, "v1"))
    play(filling, make_registry({}), names)
    row = rule(
        "storage.maintenance.readonly",
        "what changes something is 405 UNSUPPORTED with the methods that are left",
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
        get(f"/v2/<name>/blobs/{LAYER.digest}").answers(200, body=LAYER.payload),
        get("/v2/<name>/tags/list").answers(200),
        put_manifest(IMAGE, "v2").answers(
            405, code="UNSUPPORTED", present={"Allow": "GET, HEAD, OPTIONS"}
        ),
        request("POST", UPLOADS).answers(405, code="UNSUPPORTED"),
        delete("/v2/<name>/manifests/v1").answers(405, code="UNSUPPORTED"),
        delete(f"/v2/<name>/blobs/{LAYER.digest}").answers(405, code="UNSUPPORTED"),
    )
    play(row, make_registry(READ_ONLY), names)


def test_deleting_that_is_off_is_told_by_head_of_allow(make_registry: MakeRegistry) -> None:
    registry = make_registry(DISABLED)
    play(rule("", "push", push_blob(LAYER)), registry, {"name": "team/app"})
    reply = registry.send(Request("DELETE", f"/v2/team/app/blobs/{LAYER.digest}"))
    assert reply.status == 405
    assert "DELETE" not in (reply.header("Allow") or "DELETE")


def test_uploads_above_the_limit_are_told_to_come_again(
    make_registry: MakeRegistry, loop: LoopThread
) -> None:
    registry = make_registry({"server": {"limits": {"uploads": 1}}})
    target = f"/v2/team/app/blobs/uploads/?digest={LAYER.digest}"
    push = Request("POST", target, (), LAYER.payload)
    stalled = Stalled(push)
    running = loop.start(registry.application(make_scope(push), stalled.receive, stalled.send))
    loop.run(stalled.begun.wait())
    refused = registry.send(push)
    assert refused.status == 429, refused.told()
    assert first_code(refused) == "TOOMANYREQUESTS"
    assert refused.header("Retry-After") == "1"
    loop.run(stalled.let_go())
    running.result(10)
    assert stalled.status == 201
    assert registry.send(push).status == 201


class Stalled:
    """A client whose body comes late."""

    def __init__(self, request: Request) -> None:
        self.begun = asyncio.Event()
        self._go_on = asyncio.Event()
        self.status = 0
        self._body = request.body

    async def receive(self) -> dict[str, object]:
        self.begun.set()
        await self._go_on.wait()
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def let_go(self) -> None:
        self._go_on.set()

    async def send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)
