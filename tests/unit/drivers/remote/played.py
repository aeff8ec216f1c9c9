"""Other registries, played: each with the habits that its documentation tells (docs/upstreams.md).

None of them can be reached from a test, so this is a small server with what matters to a client:
the token dance, redirects to a store, lists, referrers and limits. It checks what it is sent.
"""

import json
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName

NAME = RepositoryName("team/app")
TAGS = ["1.0", "1.1", "2.0", "Latest", "edge", "latest"]
BY_AGE = ["2.0", "1.0", "latest", "edge", "Latest", "1.1"]
LAYER = bytes(range(256)) * 4_000
LAYER_DIGEST = Digest.of(LAYER)
CONFIG = b"{}"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": types.OCI_MANIFEST,
        "config": {"mediaType": types.OCI_EMPTY, "digest": Digest.of(CONFIG), "size": 2},
        "layers": [{"mediaType": "a/b", "digest": LAYER_DIGEST, "size": len(LAYER)}],
    }
).encode()
MANIFEST_DIGEST = Digest.of(MANIFEST)
SIGNATURE = "application/vnd.example.signature"
REFERRER = {
    "mediaType": types.OCI_MANIFEST,
    "digest": Digest.of(b"a signature"),
    "size": 11,
    "artifactType": SIGNATURE,
}
OTHER_REFERRER = {**REFERRER, "artifactType": "application/vnd.example.sbom"}
REFERRERS = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": types.OCI_INDEX,
        "manifests": [REFERRER, OTHER_REFERRER],
    }
).encode()
USER, PASSWORD, IDENTITY = "robot$ci", "pass:word", "an-identity-token"


@dataclass(frozen=True)
class Habits:
    """How a registry behaves.

    Attributes:
        scheme: of its challenge: bearer, basic, or none at all.
        realm: path of its token server.
        service: what it calls itself.
        token_field: of the token server's answer that has the token.
        expires_in: None where it is not told.
        takes_identity: whether a refresh token is exchanged with POST.
        asks_user: whether there is nothing for nobody.
        redirect: the status with which blobs are elsewhere; 0 where they are not.
        elsewhere: whether redirects lead to another host.
        referrers: whether it has the API.
        filters: whether that looks at artifactType.
        pages: `last`, `opaque` (tokens of its own) or `none`.
        page_key: the parameter that has such a token.
        by_age: whether the oldest tag is the first one.
        most_entries: of a page; a request for more is refused.
        catalogue: the status of its list of repositories.
        headers: of every answer about manifests.
        echo_scope: whether the challenge names the scope.
    """

    scheme: str = "bearer"
    realm: str = "/token"
    service: str = "registry.test"
    token_field: str = "token"
    expires_in: int | None = 300
    takes_identity: bool = False
    asks_user: bool = False
    redirect: int = 307
    elsewhere: bool = True
    referrers: bool = True
    filters: bool = False
    pages: str = "last"
    page_key: str = "next_page"
    by_age: bool = False
    most_entries: int = 100_000
    catalogue: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    echo_scope: bool = True


class Played:
    """A running registry, with its token server and its store.

    Attributes:
        url: of the registry.
        asked: requests, by method and kind.
        store_headers: of the last request to the store.
        revoked: no token that was given before is good.
        broken: raised statuses, each once, before anything is answered.
    """

    def __init__(self, habits: Habits) -> None:
        self.habits = habits
        self.url = ""
        self.store = ""
        self.asked: Counter[str] = Counter()
        self.given: dict[str, tuple[str, ...]] = {}
        self.store_headers: dict[str, str] = {}
        self.agents: set[str] = set()

    def revoke(self) -> None:
        """Take no token that was given so far."""
        self.given.clear()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as the registry and its token server."""
        self.agents.add(request.headers["User-Agent"])
        if self.habits.scheme == "bearer" and request.path == self.habits.realm:
            return await self._token(request)
        self.asked[f"{request.method} {request.path.split('/')[-2]}"] += 1
        path = request.path
        scope = f"repository:{NAME}:pull" if str(NAME) in path else ""
        scope = "registry:catalog:*" if path == "/v2/_catalog" else scope
        if not self._is_allowed(request, scope):
            return self._challenge(scope)
        if path == "/v2/":
            return web.json_response({})
        if path == "/v2/_catalog":
            return self._catalogue()
        if path == f"/v2/{NAME}/tags/list":
            return self._tags(request)
        if path.startswith(f"/v2/{NAME}/referrers/") and self.habits.referrers:
            return self._referrers(request)
        if path.startswith(f"/v2/{NAME}/manifests/"):
            return self._manifest(request)
        if path == f"/v2/{NAME}/blobs/{LAYER_DIGEST}":
            return self._blob(request)
        return web.Response(status=404, text="404 page not found")

    async def answer_as_store(self, request: web.Request) -> web.StreamResponse:
        """Answer as the store that blobs are redirected to."""
        self.store_headers = dict(request.headers)
        if request.rel_url.raw_query_string != "X-Amz-Signature=a%2Fb%2Bc&part=1":
            return web.Response(status=403)  # the address was written anew on the way
        return serve(request)

    def _is_allowed(self, request: web.Request, scope: str) -> bool:
        sent = request.headers.get("Authorization", "")
        if self.habits.scheme == "none":
            return not sent
        if self.habits.scheme == "basic":
            return sent == basic(USER, PASSWORD)
        token = sent.removeprefix("Bearer ")
        return token in self.given and (not scope or scope in self.given[token])

    def _challenge(self, scope: str) -> web.Response:
        if self.habits.scheme == "basic":
            challenge = f'Basic realm="{self.url}/",service="{self.habits.service}"'
        else:
            challenge = f'Bearer realm="{self.url}{self.habits.realm}"'
            challenge += f',service="{self.habits.service}"'
            challenge += f',scope="{scope}"' if scope and self.habits.echo_scope else ""
        errors = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
        return web.json_response(errors, status=401, headers={"WWW-Authenticate": challenge})

    async def _token(self, request: web.Request) -> web.Response:
        self.asked[f"{request.method} token"] += 1
        who = request.headers.get("Authorization", "")
        asked: Any = request.query
        if request.method == "POST":
            asked = await request.post()
            if not self.habits.takes_identity:
                return web.Response(status=405)
            good = asked["grant_type"] == "refresh_token" and asked["refresh_token"] == IDENTITY
            good = good and bool(asked["client_id"])
            if not good:
                return web.json_response({"error": "invalid_grant"}, status=400)
            scopes = tuple(asked.get("scope", "").split())
        else:
            scopes = tuple(asked.getall("scope", []))
            if who != basic(USER, PASSWORD) and (who or self.habits.asks_user):
                return web.Response(status=401)
        if asked["service"] != self.habits.service:
            return web.Response(status=400)
        token = f"token-{len(self.given)}-{self.asked.total()}"
        self.given[token] = scopes
        answer: dict[str, Any] = {self.habits.token_field: token}
        if self.habits.expires_in is not None:
            answer["expires_in"] = self.habits.expires_in
        return web.json_response(answer)

    def _catalogue(self) -> web.Response:
        if self.habits.catalogue != 200:
            return web.Response(status=self.habits.catalogue)
        return web.json_response({"repositories": [str(NAME)]})

    def _tags(self, request: web.Request) -> web.Response:
        number = int(request.query.get("n", "100"))
        if number > self.habits.most_entries:
            return web.Response(status=405)
        if self.habits.pages == "none":
            return web.json_response({"name": NAME, "tags": TAGS[::-1]})
        if self.habits.pages == "last":
            ordered = BY_AGE if self.habits.by_age else sorted(TAGS)
            last = request.query.get("last", "")
            rest = ordered[ordered.index(last) + 1 :] if last else ordered
        else:  # in an order of its own, after a token that only it can read
            ordered = sorted(TAGS, key=str.lower)
            try:
                place = b64decode(request.query.get(self.habits.page_key, "")).decode() or "0"
            except ValueError:
                return web.Response(status=405)
            rest = ordered[int(place) :]
        page, more = rest[:number], len(rest) > number
        following = f"last={page[-1]}" if page else ""
        if self.habits.pages == "opaque":
            end = str(ordered.index(page[-1]) + 1).encode() if page else b""
            following = f"{self.habits.page_key}={b64encode(end).decode()}"
        link = f'<{request.path}?n={number}&{following}>; rel="next"'
        return web.json_response(
            {"name": NAME, "tags": page}, headers={"Link": link} if more else {}
        )

    def _referrers(self, request: web.Request) -> web.Response:
        entries = json.loads(REFERRERS)["manifests"]
        wanted = request.query.get("artifactType", "")
        headers = {}
        if wanted and self.habits.filters:
            entries = [entry for entry in entries if entry["artifactType"] == wanted]
            headers["OCI-Filters-Applied"] = "artifactType"
        if "page" not in request.query:
            headers["Link"] = f'<{request.path_qs}{"&" if wanted else "?"}page=2>; rel="next"'
            entries = entries[:1]
        else:
            entries = entries[1:]
        index = {"schemaVersion": 2, "mediaType": types.OCI_INDEX, "manifests": entries}
        return web.Response(
            body=json.dumps(index).encode(), content_type=types.OCI_INDEX, headers=headers
        )

    def _manifest(self, request: web.Request) -> web.Response:
        reference = request.path.rpartition("/")[2]
        payload, media_type = MANIFEST, types.OCI_MANIFEST
        if reference == f"sha256-{MANIFEST_DIGEST.hex}":
            payload, media_type = REFERRERS, types.OCI_INDEX
        elif reference not in {*TAGS, MANIFEST_DIGEST}:
            errors = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
            return web.json_response(errors, status=404)
        if media_type not in request.headers["Accept"]:
            return web.Response(status=404)
        headers = {"Docker-Content-Digest": Digest.of(payload), **self.habits.headers}
        return web.Response(body=payload, content_type=media_type, headers=headers)

    def _blob(self, request: web.Request) -> web.StreamResponse:
        if not self.habits.redirect:
            return serve(request)
        signed = "/layer?X-Amz-Signature=a%2Fb%2Bc&part=1"
        location = f"{self.store}{signed}" if self.habits.elsewhere else f"/store{signed}"
        return web.Response(status=self.habits.redirect, headers={"Location": location})


def basic(user: str, password: str) -> str:
    """Write the header of a user."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def serve(request: web.Request) -> web.Response:
    """Answer with the layer, or a part of it."""
    rest = request.headers.get("Range", "")
    if not rest:
        return web.Response(body=LAYER)
    start = int(rest.removeprefix("bytes=").removesuffix("-"))
    if start >= len(LAYER):
        return web.Response(status=416)
    headers = {"Content-Range": f"bytes {start}-{len(LAYER) - 1}/{len(LAYER)}"}
    return web.Response(status=206, body=LAYER[start:], headers=headers)


@asynccontextmanager
async def playing(habits: Habits) -> AsyncIterator[Played]:
    """Run a registry, and its store on another port."""
    played = Played(habits)
    registry, store = web.Application(), web.Application()
    registry.router.add_route("*", "/store/layer", played.answer_as_store)
    registry.router.add_route("*", "/{path:.*}", played.answer)
    store.router.add_route("*", "/layer", played.answer_as_store)
    async with listening(registry) as played.url, listening(store) as played.store:
        yield played


@asynccontextmanager
async def listening(application: web.Application) -> AsyncIterator[str]:
    """Run an application on a port of the loopback; gives its address."""
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
